/**
 * `getOrSet` hits on Redis, over what one would write by hand, ioredis `get` with `JSON.parse` or `getBuffer`; and what
 * others take for the same.
 */
import { createCache } from '@tiercel/cache-core'
import { redisStore } from '@tiercel/cache-redis'
import { Redis } from 'ioredis'
import { compare, type Figure } from './lib/figure.js'
import { onRedis } from './lib/peers.js'
import { publish } from './lib/publish.js'
import { measureRounds } from './lib/rounds.js'
import { closedLoop, type Operation } from './lib/sample.js'
import { serverFor } from './lib/servers.js'
import { bytes, KEYS, largeProduct, product } from './lib/values.js'

const LARGE = bytes(60_000)
const LARGE_KEYS = 100

const server = await serverFor('redis')
const redis = new Redis(server.url)
// A busy machine is no dead store: a read that timed out would be loaded.
const cache = createCache({ store: redisStore({ url: server.url }), ttl: '1h', storeTimeout: '2s' })
const peers = onRedis(redis, server.url)

const load = (): never => {
  throw new Error('a benchmark of hits has missed')
}
async function getObject(key: string): Promise<unknown> {
  return JSON.parse((await redis.get(key)) ?? load())
}
async function getBytes(key: string): Promise<Buffer> {
  return (await redis.getBuffer(key)) ?? load()
}

const objectKey = (index: number): string => `product-${index % KEYS}`
const largeObjectKey = (index: number): string => `large-product-${index % LARGE_KEYS}`
const bytesKey = (index: number): string => `bytes-${index % LARGE_KEYS}`

async function fill(keys: number, key: (id: number) => string, make: (id: number) => object): Promise<void> {
  for (let id = 0; id < keys; id++) {
    const value = make(id)
    await cache.set(key(id), value)
    await redis.set(key(id), value instanceof Uint8Array ? Buffer.from(value) : JSON.stringify(value))
    if (!(value instanceof Uint8Array)) for (const peer of peers) await peer.getOrLoad(key(id), async () => value)
  }
}
await fill(KEYS, objectKey, product)
await fill(LARGE_KEYS, largeObjectKey, largeProduct)
await fill(LARGE_KEYS, bytesKey, () => LARGE)

const ofObject = { over: 'ioredis get and JSON.parse', byHand: getObject }
const ofBytes = { over: 'ioredis getBuffer', byHand: getBytes }
const READS = [
  { ...ofObject, name: '1 KiB object', key: objectKey, bars: { 1: 0.95, 64: 1.5 }, compared: true },
  { ...ofObject, name: '60 KB object', key: largeObjectKey, bars: { 64: 1.2 }, compared: true },
  { ...ofBytes, name: '60 KB of bytes', key: bytesKey, bars: { 1: 0.9, 64: 0.9 }, compared: false },
]

const figures: Figure[] = []
for (const { name, over, key, byHand, bars, compared } of READS) {
  for (const [text, bar] of Object.entries(bars)) {
    const callers = Number(text)
    const others = compared && callers > 1 ? peers : []
    const operations: Readonly<Record<string, Operation>> = {
      byHand: (index) => byHand(key(index)),
      getOrSet: (index) => cache.getOrSet(key(index), load),
      ...Object.fromEntries(others.map((peer) => [peer.name, (index: number) => peer.getOrLoad(key(index), load)])),
    }
    const samples = await measureRounds(
      Object.entries(operations).map(([contender, operation]) => ({
        name: contender,
        measure: () => closedLoop(operation, { callers }),
      })),
    )
    const readers = callers === 1 ? '1 reader' : `${callers} readers`
    const comparison = { over, reading: 'speed', measure: 'wall' } as const
    const base = samples.get('byHand')
    const subject = `getOrSet hit on Redis, ${name}, ${readers}`
    figures.push(compare({ ...comparison, subject, bar }, samples.get('getOrSet'), base))
    for (const peer of others) {
      const theirs = `${peer.name}, ${name}, ${readers}`
      figures.push(compare({ ...comparison, subject: theirs }, samples.get(peer.name), base))
    }
  }
}
publish(figures)
await cache.close()
await Promise.all(peers.map((peer) => peer.close()))
redis.disconnect()
await server.stop()
