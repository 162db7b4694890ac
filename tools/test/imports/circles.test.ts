import { describe, expect, it } from 'vitest'
import { findViolations } from '../../check-imports.mjs'
import { Planted } from '../planted.js'

const repository = new Planted()

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
