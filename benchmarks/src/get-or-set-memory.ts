/** What `getOrSet` costs on a hit in the memory store, over the least that an async cache in this process can cost. */
import { createCache, memoryStore } from '@tiercel/cache-core'
import { LRUCache } from 'lru-cache'
import { compare } from './lib/figure.js'
import { publish } from './lib/publish.js'
import { measureRounds } from './lib/rounds.js'
import { closedLoop, type Operation } from './lib/sample.js'
import { KEYS, product } from './lib/values.js'

/** Looking at the clock costs a good part of what is measured here. */
const BURST = 256

const cache = createCache({ store: memoryStore(), ttl: '1h' })
const shared = new LRUCache<string, object>({ max: KEYS })
const texts = new LRUCache<string, string>({ max: KEYS })
const keys = Array.from({ length: KEYS }, (_, id) => `product-${id}`)

const load = (): never => {
  throw new Error('a benchmark of hits has missed')
}
async function getShared(key: string): Promise<object> {
  return shared.get(key) ?? load()
}
async function getParsed(key: string): Promise<object> {
  return JSON.parse(texts.get(key) ?? load())
}

for (const [id, key] of keys.entries()) {
  const value = product(id)
  await cache.set(key, value)
  shared.set(key, value)
  texts.set(key, JSON.stringify(value))
}

const key = (index: number): string => keys[index % KEYS] as string
const operations: Readonly<Record<string, Operation>> = {
  getOrSet: (index) => cache.getOrSet(key(index), load),
  shared: (index) => getShared(key(index)),
  parsed: (index) => getParsed(key(index)),
}

const figures = []
for (const callers of [1, 64]) {
  const samples = await measureRounds(
    Object.entries(operations).map(([name, operation]) => ({
      name,
      measure: () => closedLoop(operation, { callers, burst: BURST / callers }),
    })),
  )
  const comparison = {
    subject: `getOrSet hit on memory, 1 KiB object, ${callers === 1 ? '1 reader' : `${callers} readers`}`,
    reading: 'cost',
    measure: 'CPU',
  } as const
  const ours = samples.get('getOrSet')
  figures.push(
    compare({ ...comparison, over: 'lru-cache, one object for all' }, ours, samples.get('shared')),
    compare({ ...comparison, over: 'lru-cache of JSON, parsed per hit' }, ours, samples.get('parsed')),
  )
}
publish(figures)
await cache.close()
