// `npm run version-packages`: turns the changesets into versions and changelogs, as `changeset version` does, without
// one of its rules: it gives a package a major version when a peer dependency leaves its range. Below 1.0.0 every minor
// version does that, so the first release of core would make everything 1.0.0. The published packages share one
// version, which the highest changeset decides, so peers need not count.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import applyReleasePlan from '@changesets/apply-release-plan'
import assembleReleasePlan from '@changesets/assemble-release-plan'
import { read as readConfig } from '@changesets/config'
import readChangesets from '@changesets/read'
import { ROOT, workspacePackages } from './workspace.mjs'

/** @typedef {import('./workspace.mjs').Manifest & { version: string }} Versioned */

/** @param {string} [root] */
export async function versionPackages(root = ROOT) {
  const [top, ...others] = workspacePackages(root).map(({ folder, manifest }) => ({
    dir: join(root, folder),
    packageJson: /** @type {Versioned} */ (manifest),
  }))
  if (top === undefined) throw new Error(`There is no package in ${root}.`)
  const packages = { tool: /** @type {const} */ ('pnpm'), root: top, packages: others }
  const withoutPeers = {
    ...packages,
    packages: others.map(({ dir, packageJson }) => ({ dir, packageJson: { ...packageJson, peerDependencies: {} } })),
  }

  const config = await readConfig(root, packages)
  const plan = assembleReleasePlan(await readChangesets(root), withoutPeers, config, undefined)
  await applyReleasePlan(plan, packages, config)
  return plan.releases.filter(({ type }) => type !== 'none').map(({ name, newVersion }) => ({ name, newVersion }))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const releases = await versionPackages()
  for (const { name, newVersion } of releases) console.log(`${name} ${newVersion}`)
  if (releases.length === 0) console.log('There is no changeset: nothing to release.')
}
