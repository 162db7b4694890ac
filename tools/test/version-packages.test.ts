import { beforeEach, expect, it } from 'vitest'
import { versionPackages } from '../version-packages.mjs'
import { Repository } from './repository.js'

const repository = new Repository()

beforeEach(() => {
  repository.write('pnpm-workspace.yaml', 'packages:\n  - packages/*\n')
  repository.write('package.json', JSON.stringify({ name: 'root', private: true }))
  repository.write('packages/core/package.json', manifest('core', {}))
  repository.write('packages/adapter/package.json', manifest('adapter', { peerDependencies: { core: 'workspace:^' } }))
  repository.write(
    'packages/app/package.json',
    manifest('app', { private: true, dependencies: { adapter: 'workspace:*' } }),
  )
  repository.write(
    '.changeset/config.json',
    JSON.stringify({ changelog: false, fixed: [['core', 'adapter']], privatePackages: { version: false, tag: false } }),
  )
})

it.each([
  ['0.0.0', 'minor', '0.1.0'],
  ['0.1.0', 'patch', '0.1.1'],
  ['0.1.1', 'minor', '0.2.0'],
  ['0.2.0', 'major', '1.0.0'],
  ['1.0.0', 'minor', '1.1.0'],
])('%s and a %s change of core: every published package is %s', async (version, bump, next) => {
  repository.write('packages/core/package.json', manifest('core', { version }))
  repository.write(
    'packages/adapter/package.json',
    manifest('adapter', { version, peerDependencies: { core: 'workspace:^' } }),
  )
  repository.write('.changeset/change.md', `---\n'core': ${bump}\n---\n\nA change.\n`)

  expect(await versionPackages(repository.root)).toEqual(
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
  expect(await versionPackages(repository.root)).toEqual([])
  expect(read('packages/core/package.json')).toMatchObject({ version: '0.0.0' })
})

function manifest(name: string, fields: object): string {
  return JSON.stringify({ name, version: '0.0.0', ...fields })
}

function read(path: string): unknown {
  return JSON.parse(repository.read(path))
}
