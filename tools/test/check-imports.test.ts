import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findViolations } from '../check-imports.mjs'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tiercel-imports-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

/** The rule that a single file in an otherwise empty repository breaks. */
function ruleBrokenBy(file: string, text: string): string | undefined {
  write(file, text)
  return findViolations(root)[0]?.rule
}

describe('a layer of core', () => {
  it('may import its own files and those below it', () => {
    write(
      'packages/cache-core/src/data/cache.ts',
      `import { a } from './lease.js'\nimport { b } from '../entry/frame.js'\nimport { c } from '../base/clock.js'\n`,
    )
    expect(findViolations(root)).toEqual([])
  })

  it('may not import one above it: the violation names file, line, import and rule', () => {
    write('packages/cache-core/src/store/guard.ts', `// A comment.\nimport { Cache } from '../data/cache.js'\n`)
    expect(findViolations(root)).toEqual([
      {
        file: 'packages/cache-core/src/store/guard.ts',
        line: 2,
        specifier: '../data/cache.js',
        rule: 'the layer store imports only what stands below it (base, store)',
      },
    ])
  })

  it.each([
    ['a type', `import type { Cache } from '../data/cache.js'`],
    ['a re-export', `export { createCache } from '../data/cache.js'`],
    ['a re-export of everything', `export * from '../data/cache.js'`],
    ['a dynamic import', `export const later = () => import('../data/cache.js')`],
    ['a type written as an import', `export type Later = import('../data/cache.js').Cache`],
  ])('may not import one above it as %s', (_, text) => {
    expect(ruleBrokenBy('packages/cache-core/src/entry/frame.ts', text)).toMatch(/^the layer entry imports only/)
  })

  it('may not import the front door of the package', () => {
    expect(ruleBrokenBy('packages/cache-core/src/http/rules.ts', `import { createCache } from '../index.js'`)).toMatch(
      /^the layer http imports only/,
    )
  })

  it('is not blamed for what a comment or a string says', () => {
    write(
      'packages/cache-core/src/base/clock.ts',
      `// import '../data/cache.js'\nexport const text = "import '../data/cache.js'"`,
    )
    expect(findViolations(root)).toEqual([])
  })

  it('may not name core by its package name', () => {
    expect(ruleBrokenBy('packages/cache-core/src/data/cache.ts', `import '@tiercel/cache-core/store'`)).toMatch(
      /^core stands/,
    )
  })
})

describe('the front door of core', () => {
  it('may import every layer', () => {
    write('packages/cache-core/src/index.ts', `export * from './store/index.js'\nexport * from './data/cache.js'`)
    expect(findViolations(root)).toEqual([])
  })
})

describe('the HTTP rules', () => {
  it.each(['node:fs', 'fs', 'node:http', 'node:fs/promises', 'fastify'])('may not import %s', (module) => {
    expect(ruleBrokenBy('packages/cache-core/src/http/vary.ts', `import type { x } from '${module}'`)).toMatch(
      /does no I\/O/,
    )
  })

  it('may hash', () => {
    expect(
      ruleBrokenBy('packages/cache-core/src/http/etag.ts', `import { createHash } from 'node:crypto'`),
    ).toBeUndefined()
  })
})

describe.each(['packages/cache-redis', 'packages/cache-conformance', 'examples/postgres'])('%s', (folder) => {
  it('may import the store contract and its driver', () => {
    write(`${folder}/src/index.ts`, `import '@tiercel/cache-core/store'\nimport 'ioredis'\nimport './options.js'`)
    expect(findViolations(root)).toEqual([])
  })

  it.each(['@tiercel/cache-core', '@tiercel/cache-core/http', '@tiercel/cache-memcached'])(
    'may not import %s',
    (name) => {
      expect(ruleBrokenBy(`${folder}/src/index.ts`, `import '${name}'`)).toMatch(/only @tiercel\/cache-core\/store$/)
    },
  )

  it('may not reach another package by a path', () => {
    expect(ruleBrokenBy(`${folder}/src/index.ts`, `import '../../cache-core/src/base/clock.js'`)).toMatch(
      /never by a path$/,
    )
  })
})
