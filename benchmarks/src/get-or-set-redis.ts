/** `getOrSet` hits on Redis, over what one would write by hand: ioredis `getBuffer`, and `JSON.parse` for an object. */
import { createCache } from '@tiercel/cache-core'
import { redisStore } from '@tiercel/cache-redis'
import { Redis } from 'ioredis'
import { compare } from './lib/figure.js'
import { publish } from './lib/publish.js'
import { measureRounds } from './lib/rounds.js'
import { closedLoop } from './lib/sample.js'
import { serverFor } from './lib/servers.js'
import { bytes, KEYS, product } from './lib/values.js'

const LARGE = bytes(60_000)
const LARGE_KEYS = 100

const server = await serverFor('redis')
const redis = new Redis(server.url)
// A busy machine is no dead store: a read that timed out would be loaded.
const cache = createCache({ store: redisStore({ url: server.url }), ttl: '1h', storeTimeout: '2s' })

const load = (): never => {
  throw new Error('a benchmark of hits has missed')
}
async function getObject(key: string): Promise<unknown> {
  const stored = await redis.getBuffer(key)
  return JSON.parse((stored ?? load()).toString())
}
async function getBytes(key: string): Promise<Buffer> {
  return (await redis.getBuffer(key)) ?? load()
}

const objectKey = (index: number): string => `product-${index % KEYS}`
const largeKey = (index: number): string => `large-${index % LARGE_KEYS}`

for (let id = 0; id < KEYS; id++) {
  await cache.set(objectKey(id), product(id))
  await redis.set(objectKey(id), JSON.stringify(product(id)))
}
for (let id = 0; id < LARGE_KEYS; id++) {
  await cache.set(largeKey(id), LARGE)
  await redis.set(largeKey(id), LARGE)
}

const VALUES = [
  { name: '1 KiB object', over: 'ioredis getBuffer and JSON.parse', key: objectKey, byHand: getObject },
  { name: '60 KB of bytes', over: 'ioredis getBuffer', key: largeKey, byHand: getBytes },
]

const figures = []
for (const { name, over, key, byHand } of VALUES) {
  for (const callers of [1, 64]) {
    const ours = (index: number): Promise<unknown> => cache.getOrSet(key(index), load)
    const samples = await measureRounds([
      { name: 'ours', measure: () => closedLoop(ours, { callers }) },
      { name: 'byHand', measure: () => closedLoop((index) => byHand(key(index)), { callers }) },
    ])
    const subject = `getOrSet hit on Redis, ${name}, ${callers === 1 ? '1 reader' : `${callers} readers`}`
    const comparison = { subject, over, reading: 'speed', measure: 'wall' } as const
    figures.push(compare(comparison, samples.get('ours'), samples.get('byHand')))
  }
}
publish(figures)
await cache.close()
redis.disconnect()
await server.stop()
