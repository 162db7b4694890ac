import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findViolations } from '../check-imports.mjs'
import { CORE, Planted } from './planted.js'

const repository = new Planted()

describe('a layer of core', () => {
  it('may import its own files and those below it', () => {
    repository.write(
      `${CORE}/data/cache.ts`,
      `import { a } from './loader.js'\nimport { b } from '../entry/frame.js'\nimport { c } from '../base/clock.js'\n`,
    )
    expect(findViolations(repository.root)).toEqual([])
  })

  it('may not import one above it: the violation names file, line, import and rule', () => {
    repository.write(`${CORE}/store/store.ts`, `// A comment.\nimport { Cache } from '../data/cache.js'\n`)
    expect(findViolations(repository.root)).toEqual([
      {
        file: `${CORE}/store/store.ts`,
        line: 2,
        what: "imports '../data/cache.js'",
        rule: 'the layer store imports only what stands below it (base, store)',
      },
    ])
  })

  it.each([
    ['base', '../store/store.js'],
    ['store', '../entry/frame.js'],
    ['entry', '../protocol/slot.js'],
    ['protocol', '../data/options.js'],
    ['protocol', '../http/index.js'],
    ['data', '../frameworks/node.js'],
    ['http', '../frameworks/node.js'],
  ])('%s may not import %s, types included', (layer, specifier) => {
    expect(repository.ruleBrokenBy(`${CORE}/${layer}/file.ts`, `import type { X } from '${specifier}'`)).toMatch(
      new RegExp(`^the layer ${layer} imports only what stands below it`),
    )
  })

  it.each([
    ['a type', `import type { Cache } from '../data/cache.js'`],
    ['a re-export', `export { createCache } from '../data/cache.js'`],
    ['a re-export of everything', `export * from '../data/cache.js'`],
    ['a dynamic import', `export const later = () => import('../data/cache.js')`],
    ['a type written as an import', `export type Later = import('../data/cache.js').Cache`],
  ])('may not import one above it as %s', (_, text) => {
    expect(repository.ruleBrokenBy(`${CORE}/entry/frame.ts`, text)).toMatch(/^the layer entry imports only/)
  })

  it('may not import the front door of the package', () => {
    expect(repository.ruleBrokenBy(`${CORE}/protocol/slot.ts`, `import { createCache } from '../index.js'`)).toMatch(
      /^the layer protocol imports only/,
    )
  })

  it('is not blamed for what a comment or a string says', () => {
    repository.write(
      `${CORE}/base/clock.ts`,
      `// import '../data/cache.js'\nexport const text = "import '../data/cache.js'"`,
    )
    expect(findViolations(repository.root)).toEqual([])
  })

  it('may not name core by its package name', () => {
    expect(repository.ruleBrokenBy(`${CORE}/data/cache.ts`, `import '@tiercel/cache-core/store'`)).toMatch(
      /^core stands/,
    )
  })
})

describe('data and http', () => {
  it('do not import each other: http imports no value of data', () => {
    expect(
      repository.ruleBrokenBy(`${CORE}/http/engine/fill.ts`, `import { createCache } from '../../data/cache.js'`),
    ).toMatch(/^data and http do not import each other/)
  })

  it.each([
    `import type { Cache } from '../../data/cache.js'`,
    `import { type Cache, type CacheOptions } from '../../data/cache.js'`,
    `export type Engine = import('../../data/cache.js').Engine`,
  ])('leave to http the types of data: %s', (text) => {
    expect(repository.ruleBrokenBy(`${CORE}/http/engine/fill.ts`, text)).toBeUndefined()
  })

  it('do not import each other: data imports nothing of http, not even a type', () => {
    expect(repository.ruleBrokenBy(`${CORE}/data/cache.ts`, `import type { Age } from '../http/rules/age.js'`)).toMatch(
      /^data and http do not import each other/,
    )
  })
})

describe('the rooms of a layer', () => {
  it.each([
    ['http/message/headers.ts', '../rules/vary.js'],
    ['http/message/headers.ts', '../engine/serve.js'],
    ['http/rules/vary.ts', '../engine/serve.js'],
    ['http/engine/serve.ts', '../index.js'],
    ['store/store.ts', './kit/batches.js'],
    ['store/kit/batches.ts', '../guard/guarded-store.js'],
    ['store/kit/batches.ts', '../memory/memory-store.js'],
    ['store/guard/guarded-store.ts', '../memory/memory-store.js'],
    ['store/memory/memory-store.ts', '../guard/guarded-store.js'],
    ['store/memory/memory-store.ts', '../index.js'],
  ])('stand one above the other: %s may not import %s', (file, specifier) => {
    expect(repository.ruleBrokenBy(`${CORE}/${file}`, `import type { X } from '${specifier}'`)).toMatch(
      /^the room \S+ imports of its layer only/,
    )
  })

  it.each([
    ['http/engine/serve.ts', '../rules/vary.js'],
    ['http/rules/vary.ts', '../message/headers.js'],
    ['http/index.ts', './engine/http-cache.js'],
    ['store/guard/guarded-store.ts', '../kit/batches.js'],
    ['store/memory/memory-store.ts', '../store.js'],
    ['store/kit/index.ts', '../guard/guarded-store.js'],
  ])('know those below, and an index knows all: %s may import %s', (file, specifier) => {
    expect(repository.ruleBrokenBy(`${CORE}/${file}`, `export { X } from '${specifier}'`)).toBeUndefined()
  })
})

describe('the front door of core', () => {
  it('may import every layer', () => {
    repository.write(`${CORE}/index.ts`, `export * from './store/index.js'\nexport * from './data/cache.js'`)
    expect(findViolations(repository.root)).toEqual([])
  })
})

describe('the layer http', () => {
  it.each(['node:fs', 'fs', 'node:http', 'node:fs/promises', 'fastify'])('may not import %s', (module) => {
    expect(repository.ruleBrokenBy(`${CORE}/http/engine/serve.ts`, `import type { x } from '${module}'`)).toMatch(
      /does no I\/O/,
    )
  })

  it('may hash', () => {
    expect(
      repository.ruleBrokenBy(`${CORE}/http/engine/serve.ts`, `import { hash } from 'node:crypto'`),
    ).toBeUndefined()
  })
})

describe('the door to a slot', () => {
  const held = `import type { GuardedStore as Guarded } from '../store/guard/guarded-store.js'`

  it.each(['protocol/marks.ts', 'data/cache.ts', 'protocol/deep/file.ts'])('%s may not hold the store', (file) => {
    repository.write(`${CORE}/protocol/slots.ts`, held)
    expect(repository.ruleBrokenBy(`${CORE}/${file}`, held)).toMatch(/^protocol\/slots.ts is the one door/)
  })

  it('is not gone round by importing everything', () => {
    repository.write(`${CORE}/protocol/slots.ts`, held)
    expect(repository.ruleBrokenBy(`${CORE}/data/cache.ts`, `import * as all from '../store/index.js'`)).toMatch(
      /one door/,
    )
  })

  it('is open to what does not name it, and to the files that keep it', () => {
    repository.write(`${CORE}/protocol/slots.ts`, held)
    repository.write(`${CORE}/protocol/lease.ts`, held)
    repository.write(`${CORE}/store/index.ts`, `export { GuardedStore } from './guard/guarded-store.js'`)
    repository.write(`${CORE}/protocol/marks.ts`, `import type { Store } from '../store/store.js'`)
    expect(findViolations(repository.root)).toEqual([])
  })
})

it('the command prints file, line, what stands there and the rule, and fails', () => {
  repository.write(`${CORE}/base/clock.ts`, `\nimport '../data/cache.js'\n`)
  const script = fileURLToPath(new URL('../check-imports.mjs', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [script], { cwd: repository.root, encoding: 'utf8' })
  expect(stderr).toBe(
    `${CORE}/base/clock.ts:2 imports '../data/cache.js': the layer base imports only what stands below it (base).\n`,
  )
  expect(status).toBe(1)
})
