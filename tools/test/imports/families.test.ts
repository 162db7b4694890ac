import { describe, expect, it } from 'vitest'
import { findViolations } from '../../check-imports.mjs'
import { CORE, Planted } from '../planted.js'

const repository = new Planted()

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
        expect(repository.ruleBrokenBy(`${folder}/src/index.ts`, `import '${name}'`)).toMatch(
          /^a store, and what proves stores/,
        )
      },
    )

    it('may not reach another package by a path', () => {
      expect(repository.ruleBrokenBy(`${folder}/src/index.ts`, `import '../../cache-core/src/base/clock.js'`)).toMatch(
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
        expect(repository.ruleBrokenBy(`${folder}/src/index.ts`, `import '${name}'`)).toBeUndefined()
      },
    )

    it.each([
      '@tiercel/cache-core/store',
      '@tiercel/cache-core/store-kit',
      '@tiercel/cache-core/dist/http/index.js',
      '@tiercel/cache-conformance',
    ])('may not import %s', (name) => {
      expect(repository.ruleBrokenBy(`${folder}/src/index.ts`, `import '${name}'`)).toMatch(/the front doors/)
    })
  },
)

describe('an observer', () => {
  const folder = 'packages/cache-opentelemetry'
  const diagnostics = 'export interface DiagnosticEvents {}\nexport type Event = string\nexport function report() {}'

  it('may import the types of diagnostics', () => {
    repository.write(`${CORE}/base/diagnostics.ts`, diagnostics)
    expect(
      repository.ruleBrokenBy(
        `${folder}/src/index.ts`,
        `import type { DiagnosticEvents, Event } from '@tiercel/cache-core'`,
      ),
    ).toBeUndefined()
  })

  it.each([
    `import type { Cache } from '@tiercel/cache-core'`,
    `import { DiagnosticEvents } from '@tiercel/cache-core'`,
    `import type * as core from '@tiercel/cache-core'`,
    `import type { DiagnosticEvents } from '@tiercel/cache-core/store'`,
  ])('may not write %s', (text) => {
    repository.write(`${CORE}/base/diagnostics.ts`, diagnostics)
    expect(repository.ruleBrokenBy(`${folder}/src/index.ts`, text)).toMatch(
      /^an observer imports of Tiercel only the types/,
    )
  })
})

describe('a package of no family', () => {
  it('may import nothing of Tiercel until the table says what it is', () => {
    expect(repository.ruleBrokenBy('packages/cache-novel/src/index.ts', `import '@tiercel/cache-core'`)).toMatch(
      /tools\/imports\/families.mjs/,
    )
  })
})
