import { beforeEach, expect, it } from 'vitest'
import { findOwnVersions } from '../check-versions.mjs'
import { Repository } from './repository.js'

const repository = new Repository()

beforeEach(() => {
  repository.write('pnpm-workspace.yaml', 'packages:\n  - packages/*\n\ncatalog:\n  - ignored\n')
  repository.write('package.json', '{}')
})

function manifest(content: object): void {
  repository.write('packages/one/package.json', JSON.stringify(content))
}

it('accepts the catalog, the workspace and ranges of peers', () => {
  manifest({
    dependencies: { ioredis: 'catalog:', '@tiercel/cache-core': 'workspace:^' },
    peerDependencies: { fastify: '^4.0.0 || ^5.0.0' },
  })
  expect(findOwnVersions(repository.root)).toEqual([])
})

it.each(['dependencies', 'devDependencies', 'optionalDependencies'])('names a version written into %s', (field) => {
  manifest({ [field]: { ioredis: '^6.0.0' } })
  expect(findOwnVersions(repository.root)).toEqual([
    expect.stringContaining(`packages/one/package.json asks for ioredis ^6.0.0 in ${field}`),
  ])
})

it('looks at the root as well', () => {
  manifest({})
  repository.write('package.json', JSON.stringify({ devDependencies: { vitest: '4.1.12' } }))
  expect(findOwnVersions(repository.root)).toHaveLength(1)
})
