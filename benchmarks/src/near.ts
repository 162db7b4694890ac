/** What a hit in the near cache costs, over an async function on `lru-cache`, and what others take for the same. */
import { createCache, memoryStore } from '@tiercel/cache-core'
import { LRUCache } from 'lru-cache'
import { compare } from './lib/figure.js'
import { inMemory } from './lib/peers.js'
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
const peers = inMemory(2 * KEYS)

// The first read opens the bus; nothing is kept near before it stands.
await cache.get('anything')
await new Promise((resolve) => setTimeout(resolve, 50))
for (const [key, value] of values) {
  await cache.getOrSet(key, () => value)
  lru.set(key, value)
  for (const peer of peers) await peer.getOrLoad(key, async () => value)
}
const keys = [...values.keys()]
const key = (index: number): string => keys[index % KEYS] as string

async function getFromLru(key: string): Promise<object> {
  return lru.get(key) ?? load()
}

const hits: Readonly<Record<string, Operation>> = {
  base: (index) => getFromLru(key(index)),
  near: (index) => cache.getOrSet(key(index), load),
  ...Object.fromEntries(peers.map((peer) => [peer.name, (index: number) => peer.getOrLoad(key(index), load)])),
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
  ...peers.map(({ name }) => compare({ ...comparison, subject: `${name}, in memory` }, samples.get(name), base)),
])
await cache.close()
await Promise.all(peers.map((peer) => peer.close()))
