import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { versionPackages } from '../version-packages.mjs'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tiercel-versions-'))
  for (const folder of ['.changeset', 'packages/core', 'packages/adapter', 'packages/app'])
    mkdirSync(join(root, folder), { recursive: true })
  write('pnpm-workspace.yaml', 'packages:\n  - packages/*\n')
  write('package.json', JSON.stringify({ name: 'root', private: true }))
  write('packages/core/package.json', manifest('core', {}))
  write('packages/adapter/package.json', manifest('adapter', { peerDependencies: { core: 'workspace:^' } }))
  write('packages/app/package.json', manifest('app', { private: true, dependencies: { adapter: 'workspace:*' } }))
  write(
    '.changeset/config.json',
    JSON.stringify({ changelog: false, fixed: [['core', 'adapter']], privatePackages: { version: false, tag: false } }),
  )
})
afterEach(() => rmSync(root, { recursive: true }))

it.each([
  ['0.0.0', 'minor', '0.1.0'],
  ['0.1.0', 'patch', '0.1.1'],
  ['0.1.1', 'minor', '0.2.0'],
  ['0.2.0', 'major', '1.0.0'],
  ['1.0.0', 'minor', '1.1.0'],
])('%s and a %s change of core: every published package is %s', async (version, bump, next) => {
  write('packages/core/package.json', manifest('core', { version }))
  write('packages/adapter/package.json', manifest('adapter', { version, peerDependencies: { core: 'workspace:^' } }))
  write('.changeset/change.md', `---\n'core': ${bump}\n---\n\nA change.\n`)

  expect(await versionPackages(root)).toEqual(
    expect.arrayContaining([
      { name: 'core', newVersion: next },
      { name: 'adapter', newVersion: next },
    ]),
  )
  expect(read('packages/core/package.json')).toMatchObject({ version: next })
  expect(read('packages/adapter/package.json')).toMatchObject({
    version: next,
    peerDependencies: { core: 'workspace:^' },
  })
  expect(read('packages/app/package.json')).toMatchObject({ version: '0.0.0' })
})

it('without a changeset nothing changes', async () => {
  expect(await versionPackages(root)).toEqual([])
  expect(read('packages/core/package.json')).toMatchObject({ version: '0.0.0' })
})

function manifest(name: string, fields: object): string {
  return JSON.stringify({ name, version: '0.0.0', ...fields })
}

function write(path: string, text: string): void {
  writeFileSync(join(root, path), text)
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}
