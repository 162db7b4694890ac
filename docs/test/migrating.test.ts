import { describe, expect, it } from 'vitest'
import { pages } from './support/pages.js'

const text = pages().find(({ path }) => path === 'docs/migrating.md')?.text ?? ''
const sections = text
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    library: section.slice(0, section.indexOf('\n')),
    rows: [...section.matchAll(/^\| (?!-)(.*) \|$/gm)].slice(1).map(([, row = '']) => row),
    code: [...section.matchAll(/^```ts run\n(.*?)^```$/gms)].map(([, code]) => code).join('\n'),
  }))

/** The identifiers in code font of a row of a table, `…` left out. */
function names(row: string): string[] {
  return [...row.matchAll(/`([^`]*)`/g)].flatMap(([, code = '']) => code.match(/[A-Za-z]\w*/g) ?? [])
}

describe('the calls of other libraries beside ours', () => {
  it('are those of four', () => {
    expect(sections.map(({ library }) => library)).toEqual(['bentocache', 'cache-manager', 'cachified', 'keyv'])
    for (const { rows } of sections) expect(rows.length).toBeGreaterThan(5)
  })

  // The blocks themselves are run, and what they print is compared, by `blocks.test.ts`.
  it.each(sections.flatMap(({ library, rows, code }) => rows.map((row) => ({ library, row, code }))))(
    '$library: $row is run in its section',
    ({ row, code }) => {
      expect(names(row).length).toBeGreaterThan(0)
      expect(names(row).filter((name) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([])
    },
  )
})
