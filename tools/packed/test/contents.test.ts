import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, inject, it } from 'vitest'

interface Manifest {
  readonly version: string
  readonly exports: object
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Core is the largest, with 586 kB (2026-11-27, maps and sources included). Half as much again is an accident. */
const MAX_TARBALL_BYTES = 900_000

describe.each(inject('packed'))('$name', ({ name, tarball, folder }) => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(relative(folder, entry.parentPath), entry.name))
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

  it('holds code, types, maps, sources, a README and the licence, and nothing else', () => {
    expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'package.json', 'dist/index.js']))
    // Every README goes along, whatever `files` says: the map of src/http does.
    const expected =
      /^(README\.md|LICENSE|package\.json|bin\/.+\.js|dist\/.+\.(js|d\.ts)(\.map)?|src\/.+\.ts|src\/http\/README\.md)$/
    // `testing` is for the tests of applications; ours stay here.
    const tests = /test(?!ing\/)/
    expect(files.filter((file) => !expected.test(file) || tests.test(file))).toEqual([])
    expect(statSync(tarball).size).toBeLessThan(MAX_TARBALL_BYTES)
  })

  it('leads from the code and the types of every source back to it', () => {
    const sources = files.filter((file) => /^src\/.+(?<!\.d)\.ts$/.test(file))
    expect(sources).not.toHaveLength(0)
    for (const source of sources) {
      const compiled = source.replace(/^src(.+)\.ts$/, 'dist$1')
      for (const file of [`${compiled}.js`, `${compiled}.d.ts`]) {
        expect(files).toContain(file)
        expect(mappedSources(folder, `${file}.map`)).toEqual([source])
      }
    }
  })

  it('exports only what it holds, under no condition of the workspace', () => {
    const targets = leaves(manifest.exports)
    expect(targets).not.toHaveLength(0)
    expect(targets.filter((target) => !existsSync(join(folder, target)))).toEqual([])
    expect(targets.filter((target) => target.startsWith('./src/'))).toEqual([])
    expect(JSON.stringify(manifest.exports)).not.toContain('@tiercel/source')
  })

  it('asks for versions that npm understands, and for core as a peer of its own version', () => {
    const { dependencies = {}, peerDependencies = {}, version } = manifest
    const ranges = Object.values({ ...dependencies, ...peerDependencies })
    expect(ranges.filter((range) => !/^[\d^]/.test(range))).toEqual([])
    expect(Object.keys(dependencies).filter((dependency) => dependency.startsWith('@tiercel/'))).toEqual([])
    if (name !== '@tiercel/cache-core') expect(peerDependencies).toEqual({ '@tiercel/cache-core': `^${version}` })
  })

  it('tells npm and its users what it is', () => {
    expect(manifest).toMatchObject({
      name,
      description: expect.stringMatching(/.{30}/),
      keywords: expect.arrayContaining(['cache', 'tiercel']),
      license: 'MIT',
      type: 'module',
      types: './dist/index.d.ts',
      sideEffects: false,
      engines: { node: '>=20.19' },
      publishConfig: { access: 'public' },
      repository: { type: 'git', directory: expect.stringContaining(name.replace('@tiercel/', '')) },
    })
  })
})

/** Where a source map leads to, from the package's folder. */
function mappedSources(folder: string, map: string): readonly string[] {
  const { sources } = JSON.parse(readFileSync(join(folder, map), 'utf8')) as { sources: readonly string[] }
  return sources.map((source) => relative(folder, join(folder, dirname(map), source)))
}

/** Every path in an `exports` object. */
function leaves(exports: object): readonly string[] {
  return Object.values(exports).flatMap((value) => (typeof value === 'string' ? [value] : leaves(value as object)))
}
