import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findViolations } from '../check-imports.mjs'
import { Repository } from './repository.js'

const repository = new Repository()
const CORE = 'packages/cache-core/src'

/** The rule that a single file in an otherwise empty repository breaks. */
function ruleBrokenBy(file: string, text: string): string | undefined {
  repository.write(file, text)
  return findViolations(repository.root)[0]?.rule
}

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
    expect(ruleBrokenBy(`${CORE}/${layer}/file.ts`, `import type { X } from '${specifier}'`)).toMatch(
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
    expect(ruleBrokenBy(`${CORE}/entry/frame.ts`, text)).toMatch(/^the layer entry imports only/)
  })

  it('may not import the front door of the package', () => {
    expect(ruleBrokenBy(`${CORE}/protocol/slot.ts`, `import { createCache } from '../index.js'`)).toMatch(
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
    expect(ruleBrokenBy(`${CORE}/data/cache.ts`, `import '@tiercel/cache-core/store'`)).toMatch(/^core stands/)
  })
})

describe('data and http', () => {
  it('do not import each other: http imports no value of data', () => {
    expect(ruleBrokenBy(`${CORE}/http/engine/fill.ts`, `import { createCache } from '../../data/cache.js'`)).toMatch(
      /^data and http do not import each other/,
    )
  })

  it.each([
    `import type { Cache } from '../../data/cache.js'`,
    `import { type Cache, type CacheOptions } from '../../data/cache.js'`,
    `export type Engine = import('../../data/cache.js').Engine`,
  ])('leave to http the types of data: %s', (text) => {
    expect(ruleBrokenBy(`${CORE}/http/engine/fill.ts`, text)).toBeUndefined()
  })

  it('do not import each other: data imports nothing of http, not even a type', () => {
    expect(ruleBrokenBy(`${CORE}/data/cache.ts`, `import type { Age } from '../http/rules/age.js'`)).toMatch(
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
    expect(ruleBrokenBy(`${CORE}/${file}`, `import type { X } from '${specifier}'`)).toMatch(
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
    expect(ruleBrokenBy(`${CORE}/${file}`, `export { X } from '${specifier}'`)).toBeUndefined()
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
    expect(ruleBrokenBy(`${CORE}/http/engine/serve.ts`, `import type { x } from '${module}'`)).toMatch(/does no I\/O/)
  })

  it('may hash', () => {
    expect(ruleBrokenBy(`${CORE}/http/engine/serve.ts`, `import { hash } from 'node:crypto'`)).toBeUndefined()
  })
})

describe.each(['http/rules/vary.ts', 'http/message/etag.ts'])('%s is pure', (file) => {
  it.each([
    '../../protocol/slot.js',
    '../../store/store.js',
    '../../entry/frame.js',
    'node:fs',
    'node:timers/promises',
    'node:events',
    'lru-cache',
  ])('and imports no %s', (specifier) => {
    expect(ruleBrokenBy(`${CORE}/${file}`, `import type { X } from '${specifier}'`)).toMatch(/are pure/)
  })

  it.each(['node:crypto', 'node:buffer', '../../base/errors.js'])('and may import %s', (specifier) => {
    expect(ruleBrokenBy(`${CORE}/${file}`, `import { X } from '${specifier}'`)).toBeUndefined()
  })

  it.each([
    ['has an async function', 'export async function vary() {}'],
    ['has an async function', 'export const vary = async () => 1'],
    ['has an async function', 'export class Vary { async of() {} }'],
    ['has an async function', 'export async function* vary() {}'],
    ['awaits', 'await vary()'],
    ['awaits', 'for await (const each of vary) each()'],
    ['imports later', `export const vary = () => import('./age.js')`],
    ['names Promise', 'export const vary = () => Promise.resolve(1)'],
    ['names Promise', 'export type Vary = Promise<string>'],
    ['names Promise', 'export const vary = () => new Promise(() => undefined)'],
    ['names PromiseLike', 'export type Vary = PromiseLike<string>'],
    ['names setTimeout', 'setTimeout(() => undefined, 1)'],
    ['reads Date.now', 'export const vary = () => Date.now()'],
    ['reads Date', 'export const vary = () => new Date()'],
    ['reads performance', 'export const vary = () => performance.now()'],
    ['reads Math.random', 'export const vary = () => Math.random()'],
    ['reads process', 'export const vary = process.env.VARY'],
    ['reads fetch', `export const vary = fetch('/')`],
  ])('and is blamed when it %s: %s', (what, text) => {
    repository.write(`${CORE}/${file}`, `// First line.\n${text}\n`)
    expect(findViolations(repository.root)).toContainEqual({
      file: `${CORE}/${file}`,
      line: 2,
      what,
      rule: 'http/message and http/rules are pure: they answer at once, from what they are given',
    })
  })

  it.each([
    '// Promise, await, Date.now()',
    `export const text = 'await a Promise'`,
    'export interface Options { readonly process: string; fetch(): void }',
    'export const process_ = (options: Options) => options.process',
    'export const date = new Date(0)',
    'export const parsed = Date.parse("")',
  ])('and is not blamed for a name: %s', (text) => {
    expect(ruleBrokenBy(`${CORE}/${file}`, text)).toBeUndefined()
  })
})

describe('the door to a slot', () => {
  const held = `import type { GuardedStore as Guarded } from '../store/guard/guarded-store.js'`

  it.each(['protocol/marks.ts', 'data/cache.ts', 'protocol/deep/file.ts'])('%s may not hold the store', (file) => {
    repository.write(`${CORE}/protocol/slots.ts`, held)
    expect(ruleBrokenBy(`${CORE}/${file}`, held)).toMatch(/^protocol\/slots.ts is the one door/)
  })

  it('is not gone round by importing everything', () => {
    repository.write(`${CORE}/protocol/slots.ts`, held)
    expect(ruleBrokenBy(`${CORE}/data/cache.ts`, `import * as all from '../store/index.js'`)).toMatch(/one door/)
  })

  it('is open to what does not name it, and to the files that keep it', () => {
    repository.write(`${CORE}/protocol/slots.ts`, held)
    repository.write(`${CORE}/protocol/lease.ts`, held)
    repository.write(`${CORE}/store/index.ts`, `export { GuardedStore } from './guard/guarded-store.js'`)
    repository.write(`${CORE}/protocol/marks.ts`, `import type { Store } from '../store/store.js'`)
    expect(findViolations(repository.root)).toEqual([])
  })
})

describe.each(['packages/cache-redis', 'packages/cache-conformance', 'examples/postgres-store'])(
  '%s, of the family of stores',
  (folder) => {
    it('may import the store contract, its tools and its driver', () => {
      repository.write(
        `${folder}/src/index.ts`,
        `import '@tiercel/cache-core/store'\nimport '@tiercel/cache-core/store-kit'\nimport 'ioredis'\nimport './options.js'`,
      )
      expect(findViolations(repository.root)).toEqual([])
    })

    it.each(['@tiercel/cache-core', '@tiercel/cache-core/http', '@tiercel/cache-memcached'])(
      'may not import %s',
      (name) => {
        expect(ruleBrokenBy(`${folder}/src/index.ts`, `import '${name}'`)).toMatch(/^a store, and what proves stores/)
      },
    )

    it('may not reach another package by a path', () => {
      expect(ruleBrokenBy(`${folder}/src/index.ts`, `import '../../cache-core/src/base/clock.js'`)).toMatch(
        /never by a path$/,
      )
    })
  },
)

describe.each(['packages/facade-keyv', 'packages/command', 'apps/demo', 'examples/express'])(
  '%s, of the family of facades, or an application',
  (folder) => {
    it.each(['@tiercel/cache-core', '@tiercel/cache-core/express', '@tiercel/cache-redis'])(
      'may import the front door %s',
      (name) => {
        expect(ruleBrokenBy(`${folder}/src/index.ts`, `import '${name}'`)).toBeUndefined()
      },
    )

    it.each([
      '@tiercel/cache-core/store',
      '@tiercel/cache-core/store-kit',
      '@tiercel/cache-core/dist/http/index.js',
      '@tiercel/cache-conformance',
    ])('may not import %s', (name) => {
      expect(ruleBrokenBy(`${folder}/src/index.ts`, `import '${name}'`)).toMatch(/the front doors/)
    })
  },
)

describe('an observer', () => {
  const folder = 'packages/cache-opentelemetry'
  const diagnostics = 'export interface DiagnosticEvents {}\nexport type Event = string\nexport function report() {}'

  it('may import the types of diagnostics', () => {
    repository.write(`${CORE}/base/diagnostics.ts`, diagnostics)
    expect(
      ruleBrokenBy(`${folder}/src/index.ts`, `import type { DiagnosticEvents, Event } from '@tiercel/cache-core'`),
    ).toBeUndefined()
  })

  it.each([
    `import type { Cache } from '@tiercel/cache-core'`,
    `import { DiagnosticEvents } from '@tiercel/cache-core'`,
    `import type * as core from '@tiercel/cache-core'`,
    `import type { DiagnosticEvents } from '@tiercel/cache-core/store'`,
  ])('may not write %s', (text) => {
    repository.write(`${CORE}/base/diagnostics.ts`, diagnostics)
    expect(ruleBrokenBy(`${folder}/src/index.ts`, text)).toMatch(/^an observer imports of Tiercel only the types/)
  })
})

describe('a package of no family', () => {
  it('may import nothing of Tiercel until the table says what it is', () => {
    expect(ruleBrokenBy('packages/cache-novel/src/index.ts', `import '@tiercel/cache-core'`)).toMatch(
      /tools\/imports\/families.mjs/,
    )
  })
})

describe('a circle', () => {
  it.each([
    'packages/cache-core',
    'packages/cache-conformance',
    'packages/cache-redis',
    'examples/postgres-store',
    'apps/demo',
    'benchmarks',
    'multi-process',
  ])('in %s is told as the chain of its files, types included', (folder) => {
    repository.write(`${folder}/src/base/a.ts`, `// A comment.\nimport type { B } from './b.js'`)
    repository.write(`${folder}/src/base/b.ts`, `export type { C } from './c.js'`)
    repository.write(`${folder}/src/base/c.ts`, `export type C = import('./a.js').A`)
    expect(findViolations(repository.root)).toEqual([
      {
        file: `${folder}/src/base/a.ts`,
        line: 2,
        what: 'stands in a circle, src/base/a.ts → src/base/b.ts → src/base/c.ts → src/base/a.ts',
        rule: 'no file imports itself over others, types included',
      },
    ])
  })

  it('among tests is one as well', () => {
    repository.write('packages/cache-redis/test/a.test.ts', `import './support/b.js'`)
    repository.write('packages/cache-redis/test/support/b.ts', `import '../a.test.js'`)
    expect(findViolations(repository.root).map(({ what }) => what)).toEqual([
      'stands in a circle, test/a.test.ts → test/support/b.ts → test/a.test.ts',
    ])
  })

  it('is told once, and each other one in its own line', () => {
    repository.write('apps/demo/src/a.ts', `import './b.js'\nimport './c.js'`)
    repository.write('apps/demo/src/b.ts', `import './a.js'`)
    repository.write('apps/demo/src/c.ts', `import './a.js'`)
    expect(findViolations(repository.root).map(({ line, what }) => `${line} ${what}`)).toEqual([
      '1 stands in a circle, src/a.ts → src/b.ts → src/a.ts',
      '2 stands in a circle, src/a.ts → src/c.ts → src/a.ts',
    ])
  })

  it('is not what two files make that import a third', () => {
    repository.write('apps/demo/src/a.ts', `import './b.js'\nimport './c.js'`)
    repository.write('apps/demo/src/b.ts', `import './c.js'`)
    repository.write('apps/demo/src/c.ts', '')
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
