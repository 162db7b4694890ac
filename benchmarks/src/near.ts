/** What a hit in the near cache costs, over an async function on `lru-cache`, and what others take for the same. */
import { createCache, memoryStore } from '@tiercel/cache-core'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { Loader } from 'layered-loader'
import { LRUCache } from 'lru-cache'
import { compare } from './lib/figure.js'
import { publish } from './lib/publish.js'
import { measureRounds } from './lib/rounds.js'
import { closedLoop, cpuMs, type Operation, type Sample } from './lib/sample.js'
import { SLICE_MS } from './lib/settings.js'
import { KEYS, product } from './lib/values.js'

/** Looking at the clock costs a good part of what is measured here. */
const BURST = 256

const load = (): never => {
  throw new Error('a benchmark of hits has missed')
}
const cache = createCache({ store: memoryStore(), near: { ttl: '1h' }, ttl: '1h' })
const lru = new LRUCache<string, object>({ max: 2 * KEYS })
const values = new Map(Array.from({ length: KEYS }, (_, id) => [`product-${id}`, product(id)]))
const loader = new Loader<object>({
  inMemoryCache: { cacheType: 'lru-object', ttlInMsecs: 3_600_000, maxItems: 2 * KEYS },
  dataSources: [{ name: 'values', get: async (key: string) => values.get(key), getMany: async () => [] }],
})
const bento = new BentoCache({
  default: 'memory',
  ttl: '1h',
  stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: 2 * KEYS })) },
})

// The first read opens the bus; nothing is kept near before it stands.
await cache.get('anything')
await new Promise((resolve) => setTimeout(resolve, 50))
for (const [key, value] of values) {
  await cache.getOrSet(key, () => value)
  lru.set(key, value)
  await loader.get(key)
  await bento.getOrSet({ key, factory: () => value })
}
const keys = [...values.keys()]
const key = (index: number): string => keys[index % KEYS] as string

async function getFromLru(key: string): Promise<object> {
  return lru.get(key) ?? load()
}

const hits: Readonly<Record<string, Operation>> = {
  base: (index) => getFromLru(key(index)),
  near: (index) => cache.getOrSet(key(index), load),
  'layered-loader': (index) => loader.get(key(index)),
  bentocache: (index) => bento.getOrSet({ key: key(index), factory: load }),
}

/** The same as `closedLoop`, of what needs no promise. */
async function syncLoop(operation: (index: number) => unknown): Promise<Sample> {
  let operations = 0
  const cpuBefore = cpuMs()
  const begun = performance.now()
  while (performance.now() < begun + SLICE_MS) {
    for (let left = BURST; left > 0; left--) if (operation(operations++) === undefined) load()
    await undefined
  }
  return { operations, wallMs: performance.now() - begun, cpuMs: cpuMs() - cpuBefore }
}

const samples = await measureRounds([
  ...Object.entries(hits).map(([name, operation]) => ({
    name,
    measure: () => closedLoop(operation, { callers: 1, burst: BURST }),
  })),
  { name: 'peek', measure: () => syncLoop((index) => cache.peek(key(index))) },
])
const base = samples.get('base')
const comparison = { over: 'async function over lru-cache', reading: 'speed', measure: 'CPU' } as const
publish([
  compare({ ...comparison, subject: 'near hit by getOrSet, 1 KiB object', bar: 0.8 }, samples.get('near'), base),
  compare({ ...comparison, subject: 'near hit by peek', bar: 2 }, samples.get('peek'), base),
  compare({ ...comparison, subject: 'layered-loader get, in memory' }, samples.get('layered-loader'), base),
  compare({ ...comparison, subject: 'bentocache getOrSet, in memory' }, samples.get('bentocache'), base),
])
await cache.close()
await bento.disconnectAll()
