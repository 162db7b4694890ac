import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createCache, memoryStore } from '@tiercel/cache-core'
import { describe, expect, it } from 'vitest'
import { pages } from './support/pages.js'

/** As many features as caches were compared by. */
const COMPARED = 64

const text = pages().find(({ path }) => path === 'docs/features.md')?.text ?? ''
const rows = [...text.matchAll(/^\| (?!feature \||-)(.*?) \|(.*)\|$/gm)].map(([, feature = '', answer = '']) => ({
  feature,
  answer: answer.trim(),
}))
/** Names in code font, without their arguments. */
const names = [...text.matchAll(/`([A-Za-z]\w*)(?:\(.*?\))?`/g)].map(([, name = '']) => name)

/** All that the packages are made of. */
function sources(): string {
  const packages = new URL('../../packages/', import.meta.url)
  return readdirSync(packages, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^[\w-]+\/src\/.*\.ts$/.test(path))
    .map((path) => readFileSync(fileURLToPath(new URL(path, packages)), 'utf8'))
    .join('\n')
}

describe('the table of features', () => {
  it('has a row for each, with a name or a reason', () => {
    expect(rows.length).toBeGreaterThanOrEqual(COMPARED)
    expect(rows.filter(({ answer }) => answer === '')).toEqual([])
    expect(new Set(rows.map(({ feature }) => feature)).size).toBe(rows.length)
  })

  it('names what there is', () => {
    const known = new Set(sources().match(/\w+/g))
    expect(names.filter((name) => !known.has(name))).toEqual([])
    expect(names.length).toBeGreaterThan(COMPARED / 2)
  })

  it('names every operation of a cache', async () => {
    const cache = createCache({ store: memoryStore() })
    const operations = Object.getOwnPropertyNames(Object.getPrototypeOf(cache))
    const missing = operations.filter((name) => !text.includes(`\`${name}`) && name !== 'constructor')
    expect(missing).toEqual([])
    await cache.close()
  })
})
