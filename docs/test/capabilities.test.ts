import { memoryStore, type Store } from '@tiercel/cache-core'
import { couchbaseStore } from '@tiercel/cache-couchbase'
import { hazelcastStore } from '@tiercel/cache-hazelcast'
import { memcachedStore } from '@tiercel/cache-memcached'
import { redisStore } from '@tiercel/cache-redis'
import { afterAll, describe, expect, it } from 'vitest'
import { pages } from './support/pages.js'

// In the order of the table's columns. Making a store connects to nothing.
const stores: readonly Store[] = [
  memoryStore(),
  redisStore({ url: 'redis://127.0.0.1:1' }),
  memcachedStore({ url: 'memcached://127.0.0.1:1' }),
  couchbaseStore({ url: 'couchbase://user:password@127.0.0.1:1/bucket' }),
  hazelcastStore({ url: 'hazelcast://127.0.0.1:1/map' }),
]

/** The rows of the page's first table that say whether, or how many milliseconds: a name or several, a cell for each store. */
function rows(): readonly { readonly names: readonly string[]; readonly cells: readonly string[] }[] {
  const text = pages().find(({ path }) => path === 'docs/capabilities.md')?.text ?? ''
  const [, table = ''] = text.split('## ')
  return [...table.matchAll(/^\| (`.*?) \| (.*) \|$/gm)]
    .map(([, head = '', cells = '']) => ({
      names: [...head.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
      cells: cells.split(' | '),
    }))
    .filter(({ names }) => !names.some((name) => name.startsWith('max')))
}

describe('the table of capabilities', () => {
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()))
  })

  it('has every capability but the sizes, which are options', () => {
    const declared = Object.keys(memoryStore().capabilities).filter((name) => !name.startsWith('max'))
    expect(
      rows()
        .flatMap(({ names }) => names)
        .sort(),
    ).toEqual(declared.sort())
  })

  it.each(rows())('says of $names what the stores declare', ({ names, cells }) => {
    for (const name of names) {
      const declared = stores.map(({ capabilities }) => capabilities[name as keyof typeof capabilities])
      const told = cells.map((cell) => (/^\d/.test(cell) ? Number(cell.replace(',', '')) : cell.startsWith('yes')))
      expect(told).toEqual(declared)
    }
  })
})
