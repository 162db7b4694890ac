import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findOwnVersions } from '../check-versions.mjs'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tiercel-versions-'))
  writeFileSync(join(root, 'pnpm-workspace.yaml'), 'packages:\n  - packages/*\n\ncatalog:\n  - ignored\n')
  writeFileSync(join(root, 'package.json'), '{}')
  mkdirSync(join(root, 'packages/one'), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true }))

function manifest(content: object): void {
  writeFileSync(join(root, 'packages/one/package.json'), JSON.stringify(content))
}

it('accepts the catalog, the workspace and ranges of peers', () => {
  manifest({
    dependencies: { ioredis: 'catalog:', '@tiercel/cache-core': 'workspace:^' },
    peerDependencies: { fastify: '^4.0.0 || ^5.0.0' },
  })
  expect(findOwnVersions(root)).toEqual([])
})

it.each(['dependencies', 'devDependencies', 'optionalDependencies'])('names a version written into %s', (field) => {
  manifest({ [field]: { ioredis: '^6.0.0' } })
  expect(findOwnVersions(root)).toEqual([
    expect.stringContaining(`packages/one/package.json asks for ioredis ^6.0.0 in ${field}`),
  ])
})

it('looks at the root as well', () => {
  manifest({})
  writeFileSync(join(root, 'package.json'), JSON.stringify({ devDependencies: { vitest: '4.1.12' } }))
  expect(findOwnVersions(root)).toHaveLength(1)
})
