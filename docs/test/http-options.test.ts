import { describe, expect, it } from 'vitest'
import { parseHttpCacheOptions } from '../../packages/cache-core/src/http/rules/options.js'
import { PROFILES } from '../../packages/cache-core/src/http/rules/profiles.js'
import { pages } from './support/pages.js'

type Values = Readonly<Record<string, unknown>>

/** By the name of the option: durations are read as milliseconds. */
function byOption(values: object): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name.replace(/Ms$/, ''), value]))
}

interface Row {
  readonly name: string
  /** Those behind the name. */
  readonly cells: readonly string[]
}

/** The rows of a section that begin with the name of an option. */
function rowsOf(path: string, heading: string): readonly Row[] {
  const text = pages().find((page) => page.path === path)?.text ?? ''
  const [, after = ''] = text.split(`\n## ${heading}\n`)
  const [section = ''] = after.split('\n## ')
  return [...section.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, name = '', cells = '']) => ({
    name,
    cells: cells.split(' | '),
  }))
}

/** What the cells of a column say, where it is a value and no text: a flag, a number, a word. */
function valuesIn(rows: readonly Row[], column: number): readonly (readonly [name: string, value: string])[] {
  return rows.flatMap(({ name, cells }) => {
    const value = /^`(true|false|\d+|'[a-z]+')`/.exec(cells.at(column) ?? '')?.[1]
    return value === undefined ? [] : [[name, value]]
  })
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

describe('the options of the HTTP cache', () => {
  const defaults = byOption(parseHttpCacheOptions())
  const rows = rowsOf('docs/http.md', 'Options')

  it('are all in the guide, once', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(defaults).sort())
  })

  it('have the defaults there that the code has', () => {
    const told = valuesIn(rows, -1)
    expect(told.length).toBeGreaterThan(20)
    expect(told).toEqual(told.map(([name]) => [name, shown(defaults[name])]))
  })
})

describe('the table of the profiles', () => {
  const rows = rowsOf('docs/http-conformance.md', 'The profiles, policy by policy')

  it('has every policy, once', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(byOption(PROFILES.safe)).sort())
  })

  it.each(['safe', 'rfc9111'] as const)('says of %s what the code has', (profile) => {
    const policies = byOption(PROFILES[profile])
    const told = valuesIn(rows, profile === 'safe' ? 0 : 1)
    expect(told.length).toBeGreaterThan(10)
    expect(told).toEqual(told.map(([name]) => [name, shown(policies[name])]))
  })
})
