import { type Cache, createCache } from '@tiercel/cache-core'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { RedisStore } from '../src/redis-store.js'
import { startCluster } from './support/cluster.js'
import { openStore, uniquePrefix } from './support/stores.js'

// Else a master that is away takes all keys along: the others refuse theirs, too.
const cluster = await startCluster(['--cluster-require-full-coverage', 'no'])
const nodes = cluster?.nodes ?? ''
const KEYS = Array.from({ length: 300 }, (_, index) => `key ${index}`)

afterAll(() => cluster?.stop())
// Two that are not believed at once would take the quorum along.
afterEach(async () => {
  await cluster?.thaw()
  await cluster?.untilHealthy()
})

function newCache(prefix: string): { cache: Cache; store: RedisStore } {
  const store = openStore({ url: `redis+cluster://${nodes}`, prefix }) as RedisStore
  return { store, cache: createCache({ store, ttl: '10m', tagHold: 100, jitter: 0, storeTimeout: '500ms' }) }
}

async function hits(cache: Cache, keys: readonly string[]): Promise<number> {
  return (await cache.getMany(keys)).filter((value) => value !== undefined).length
}

describe.skipIf(cluster === undefined)('a cluster of three masters, one silent', { timeout: 30_000 }, () => {
  it.each([0, 1, 2])(
    'master %s: it costs its own keys, new ones are stored, and a clear is delivered',
    async (silent) => {
      const prefix = uniquePrefix()
      const { cache, store } = newCache(prefix)
      const { cache: other } = newCache(prefix)
      // Each time anew: on a busy machine a mark may be seeded twice, and what was stored under the first one is void.
      const stored = async (): Promise<number> => {
        await cache.setMany(KEYS.map((key) => [key, 'stored']))
        return hits(other, KEYS)
      }
      await expect.poll(stored).toBe(KEYS.length)
      const server = cluster?.servers[silent]
      const node = server?.url.replace('redis://', '')
      const lives = (key: string): boolean => store.serverOf(`2:v::${key}`) !== node
      await server?.freeze()
      // Until the breaker of the silent one has opened, each question to it takes its time.
      await expect.poll(() => cache.get('nothing').then(() => cache.stats().openBreakers)).toBe(1)
      const share = KEYS.filter(lives)
      expect(share.length).toBeGreaterThan(100)
      expect(await hits(cache, share)).toBeGreaterThanOrEqual(0.9 * share.length)
      const fresh = KEYS.map((key) => `new ${key}`).filter(lives)
      const loaded = async (): Promise<number> => {
        await Promise.all(fresh.map((key) => cache.getOrSet(key, () => 'loaded')))
        return hits(other, fresh)
      }
      await expect.poll(loaded).toBeGreaterThanOrEqual(0.9 * fresh.length)
      expect(await cache.clear()).toBe('delivered')
      await expect.poll(() => hits(other, [...share, ...fresh])).toBe(0)
      await server?.thaw()
    },
  )

  it('names for its versions lie in each third of the slots, whatever braces stand in a namespace', () => {
    const { store } = newCache('own')
    for (const slot of ['2:n::', '2:n:{tag}:', '2:n:a{b}c{d}:']) {
      const parts = Array.from({ length: 40 }, (_, index) => store.partOf(`{${index}}${slot}`))
      expect(new Set(parts)).toEqual(new Set(['third 0', 'third 1', 'third 2']))
    }
    expect(openStore({ url: 'redis://127.0.0.1:1' }).partOf?.('key')).toBeUndefined()
  })
})
