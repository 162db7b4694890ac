import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, it } from 'vitest'
import { sourceFiles } from '../imports/source-files.mjs'
import { ROOT } from '../workspace.mjs'

const HTTP = join(ROOT, 'packages/cache-core/src/http')

function inOrder(left = '', right = ''): number {
  return left < right ? -1 : Number(left > right)
}

it('the map of src/http has one line for each file, and none for what is not there', () => {
  const map = readFileSync(join(HTTP, 'README.md'), 'utf8')
  const linked = [...map.matchAll(/\]\(([^)]+\.ts)\)/g)].map(([, file]) => file)
  expect(linked.toSorted(inOrder)).toEqual(
    sourceFiles(HTTP)
      .map((file) => relative(HTTP, file))
      .toSorted(inOrder),
  )
})
