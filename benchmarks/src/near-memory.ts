/** What an entry of the near cache takes of memory beside its key and value, and what `lru-cache` takes. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createCache, memoryStore } from '@tiercel/cache-core'
import { LRUCache } from 'lru-cache'
import type { Figure } from './lib/figure.js'
import { publish } from './lib/publish.js'
import { spreadOf } from './lib/statistics.js'

const ENTRIES = 50_000
const ROUNDS = 3

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const keyOf = (index: number): string => `product-${index}`
const valueText = (index: number): string => `the value of product ${index}, which is a text of some length`

/** Bytes that a holder takes for each entry, while it is held. */
async function bytesOf(fill: () => Promise<unknown>): Promise<number> {
  const used = (): number => {
    for (let turn = 0; turn < 3; turn++) collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = used()
  const holder = await fill()
  const bytes = (used() - before) / ENTRIES
  // Still held, whatever the compiler thinks.
  if (holder === undefined) throw new Error('nothing was held')
  return bytes
}

const plain = async (): Promise<unknown> => {
  const held: string[] = []
  // A copy of each, as a cache holds them that has read them from elsewhere.
  for (let index = 0; index < ENTRIES; index++) {
    held.push(Buffer.from(keyOf(index)).toString(), Buffer.from(valueText(index)).toString())
  }
  return held
}
const lru = async (): Promise<unknown> => {
  const held = new LRUCache<string, string>({ max: 2 * ENTRIES, ttl: 3_600_000, ttlAutopurge: false })
  for (let index = 0; index < ENTRIES; index++) {
    held.set(Buffer.from(keyOf(index)).toString(), Buffer.from(valueText(index)).toString())
  }
  return held
}
const near = async (): Promise<unknown> => {
  // What is behind it keeps next to nothing.
  const cache = createCache({ store: memoryStore({ maxEntries: 100 }), near: { ttl: '1h' }, ttl: '1h' })
  await cache.get('anything')
  await new Promise((resolve) => setTimeout(resolve, 50))
  for (let index = 0; index < ENTRIES; index++) {
    const key = keyOf(index)
    await cache.getOrSet(key, () => valueText(index))
    if (cache.peek(key) === undefined) await new Promise((resolve) => setImmediate(resolve))
    if (cache.peek(key) === undefined) throw new Error(`${key} is not near`)
  }
  return cache
}

const rounds: { readonly near: number; readonly lru: number }[] = []
for (let round = 0; round < ROUNDS; round++) {
  const beside = await bytesOf(plain)
  rounds.push({ near: (await bytesOf(near)) - beside, lru: (await bytesOf(lru)) - beside })
}
const figure = (subject: string, bytes: readonly number[], bar?: number): Figure => ({
  subject,
  over: 'its key and value alone',
  reading: 'cost',
  measure: 'bytes',
  ratio: spreadOf(bytes),
  beside: '',
  bar,
  aside: '',
})
publish([
  figure(
    'bytes of an entry in the near cache, beside key and value',
    rounds.map((round) => round.near),
    200,
  ),
  figure(
    'bytes of an entry in lru-cache with a ttl, beside key and value',
    rounds.map((round) => round.lru),
  ),
])
