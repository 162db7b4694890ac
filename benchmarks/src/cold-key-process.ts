/** One of the processes of `cold-key.ts`: `<url of Redis>`. For each key that it is told, many callers ask at once. */
import { createCache } from '@tiercel/cache-core'
import { redisStore } from '@tiercel/cache-redis'
import { Redis } from 'ioredis'
import { CALLERS, LOAD_MS, type Order } from './lib/cold-key.js'

const url = process.argv[2] as string
const redis = new Redis(url)
// A busy machine is no dead store.
const cache = createCache({ store: redisStore({ url }), storeTimeout: '2s' })
const running = new Map<string, Promise<string>>()
let calls = 0

async function factory(): Promise<string> {
  calls++
  await new Promise((resolve) => setTimeout(resolve, LOAD_MS))
  return 'loaded'
}

/** What most write: read, else load, and share the load among the callers of this process. */
function singleFlight(key: string): Promise<string> {
  let load = running.get(key)
  if (load === undefined) {
    load = readThrough(key).finally(() => running.delete(key))
    running.set(key, load)
  }
  return load
}

async function readThrough(key: string): Promise<string> {
  const stored = await redis.get(key)
  if (stored !== null) return stored
  const value = await factory()
  await redis.set(key, value)
  return value
}

const WAYS: Readonly<Record<Order['way'], (key: string) => Promise<string>>> = {
  getOrSet: (key) => cache.getOrSet(key, factory),
  singleFlight,
  readThrough,
}

process.on('message', ({ way, key }: Order) => {
  calls = 0
  void Promise.all(Array.from({ length: CALLERS }, () => WAYS[way](key))).then(() => process.send?.({ calls }))
})
process.on('disconnect', () => process.exit())
await redis.ping()
await cache.get('a key, so that the connection stands')
process.send?.({ calls: 0 })
