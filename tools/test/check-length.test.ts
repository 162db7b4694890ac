import { expect, it } from 'vitest'
import { findLongFiles } from '../check-length.mjs'
import { Repository } from './repository.js'

const repository = new Repository()

const code = (lines: number): string =>
  Array.from({ length: lines }, (_, index) => `export const a${index} = 1\n`).join('')

it.each(['packages/cache-core/src/a.ts', 'packages/cache-core/test/a.test.ts', 'tools/a.mjs', 'apps/demo/public/a.js'])(
  'a file of 301 lines of code is too long, and the first line too many is named: %s',
  (file) => {
    repository.write(file, `// A comment.\n\n${code(301)}`)
    expect(findLongFiles(repository.root)).toEqual([{ file, line: 303, count: 301 }])
  },
)

it('comments and blank lines do not count, a comment behind code does not hide it', () => {
  repository.write(
    'packages/a/src/a.ts',
    `/**\n * Words.\n */\n\n${code(299)}  // Words.\nexport const b = 1 // Words.\n`,
  )
  expect(findLongFiles(repository.root)).toEqual([])
})

it('what is installed or built is not read', () => {
  repository.write('packages/a/node_modules/b/index.js', code(301))
  repository.write('packages/a/dist/index.js', code(301))
  expect(findLongFiles(repository.root)).toEqual([])
})
