import { type Cache, createCache } from '@tiercel/cache-core'
import { type Server, startServer } from '@tiercel/servers'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { memcachedStore } from '../src/index.js'

const started = process.env.TIERCEL_MEMCACHED_URL
  ? []
  : await Promise.all([1, 2, 3].map(() => startServer('memcached')))
const servers: readonly Server[] = started.filter((server) => server !== undefined)
const url = `memcached://${servers.map((server) => server.url.replace('memcached://', '')).join(',')}`

const KEYS = Array.from({ length: 300 }, (_, index) => `key ${index}`)

let open: Cache[] = []

afterEach(async () => {
  await Promise.all(open.map((cache) => cache.close()))
  open = []
})
afterAll(() => Promise.all(servers.map((server) => server.stop())))

function newCache(prefix: string): { cache: Cache; store: ReturnType<typeof memcachedStore> } {
  const store = memcachedStore({ url, prefix, probeInterval: 50 })
  const cache = createCache({ store, ttl: '10m', tagHold: 100, jitter: 0, storeTimeout: '1s' })
  open.push(cache)
  return { cache, store }
}

async function hits(cache: Cache, keys: readonly string[]): Promise<number> {
  return (await cache.getMany(keys)).filter((value) => value !== undefined).length
}

describe.skipIf(servers.length < 3)('three memcached, one killed', { timeout: 30_000 }, () => {
  it.each([0, 1, 2])('server %s: it costs its own keys, new ones are stored, and a clear reaches all', async (dead) => {
    const prefix = `of-three-${dead}`
    const { cache, store } = newCache(prefix)
    for (const key of KEYS) await cache.set(key, 'stored')
    const server = servers[dead] as Server
    await server.kill()
    try {
      await expect
        .poll(() =>
          store.get('key').then(
            () => true,
            () => false,
          ),
        )
        .toBeDefined()
      const address = server.url.replace('memcached://', '')
      const lives = (key: string): boolean => store.partOf(`2:v::${key}`) !== address
      const share = KEYS.filter(lives)
      expect(share.length).toBeGreaterThan(100)
      expect(await hits(cache, share)).toBeGreaterThanOrEqual(0.9 * share.length)
      const { cache: other } = newCache(prefix)
      expect(await hits(other, share)).toBeGreaterThanOrEqual(0.9 * share.length)

      const fresh = KEYS.map((key) => `new ${key}`).filter(lives)
      await Promise.all(fresh.map((key) => cache.getOrSet(key, () => 'loaded')))
      await expect.poll(() => hits(other, fresh)).toBeGreaterThanOrEqual(0.9 * fresh.length)

      expect(await cache.clear()).toBe('delivered')
      await expect.poll(() => hits(other, [...share, ...fresh])).toBe(0)
    } finally {
      await server.restart()
    }
    // Back, and empty: nothing that was cleared comes back with it.
    await expect.poll(() => cache.set('again', 1)).toBe(true)
    expect(await hits(newCache(prefix).cache, KEYS)).toBe(0)
  })
})
