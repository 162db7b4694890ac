// Each dependency has one version, which stands in the catalog in pnpm-workspace.yaml and not in manifests. Peer
// dependencies are ranges by nature and stay free.
import { pathToFileURL } from 'node:url'
import { workspacePackages } from './workspace.mjs'

const FIELDS = /** @type {const} */ (['dependencies', 'devDependencies', 'optionalDependencies'])

/**
 * @param {string} [root]
 * @returns {string[]} a sentence for each dependency that names a version
 */
export function findOwnVersions(root) {
  return workspacePackages(root).flatMap(({ folder, manifest }) =>
    FIELDS.flatMap((field) =>
      Object.entries(manifest[field] ?? {})
        .filter(([, version]) => version !== 'catalog:' && !version.startsWith('workspace:'))
        .map(
          ([name, version]) =>
            `${folder}/package.json asks for ${name} ${version} in ${field}: write "catalog:" and put the version into the catalog of pnpm-workspace.yaml.`,
        ),
    ),
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sentences = findOwnVersions()
  for (const sentence of sentences) console.error(sentence)
  if (sentences.length > 0) process.exitCode = 1
}
