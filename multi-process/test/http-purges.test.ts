import { randomUUID } from 'node:crypto'
import { type Cache, createCache, type Store } from '@tiercel/cache-core'
import { createHttpCache, type HttpCache } from '@tiercel/cache-core/http'
import { memcachedStore } from '@tiercel/cache-memcached'
import { redisStore } from '@tiercel/cache-redis'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { ask } from '../../packages/cache-core/test/http/support/asking.js'

const redis = await startServer('redis')
const memcached = await startServer('memcached')
afterAll(() => Promise.all([redis?.stop(), memcached?.stop()]))

const engines: readonly (readonly [string, boolean, (prefix: string) => Store])[] = [
  ['Redis', redis !== undefined, (prefix) => redisStore({ url: redis?.url ?? '', prefix })],
  ['Memcached', memcached !== undefined, (prefix) => memcachedStore({ url: memcached?.url ?? '', prefix })],
]

describe.each(engines)('purges on %s', (_, runs, open) => {
  const caches: Cache[] = []
  afterAll(() => Promise.all(caches.map((cache) => cache.close())))

  /** Two caches that have nothing in common but the server, and see each other's purges at once. */
  function newEngines(): readonly HttpCache[] {
    const prefix = `purges-${randomUUID()}`
    return Array.from({ length: 2 }, () => {
      const cache = createCache({ store: open(prefix), storeTimeout: '5s', tagHold: 0 })
      caches.push(cache)
      return createHttpCache(cache, { ttl: '1m', prefixDepth: 2, tags: () => ['a tag, with a comma'] })
    })
  }

  it.runIf(runs).each<[string, (engine: HttpCache, soft: boolean) => Promise<string>]>([
    ['of a URL', (engine, soft) => engine.purge('http://example.com/shop/shoes/1', { soft })],
    ['of a tag', (engine, soft) => engine.purgeTags(['a tag, with a comma'], { soft })],
    ['of a prefix', (engine, soft) => engine.purgePrefix('/shop/shoes/', { soft })],
    ['of all', (engine, soft) => engine.purgeAll({ soft })],
  ])('%s are seen by the other process, hard and soft', async (_what, purge) => {
    const [here, there] = newEngines() as [HttpCache, HttpCache]
    for (const soft of [false, true, false]) {
      // What is stored behind an answer, the next one may have to wait for.
      await ask(here, '/shop/shoes/1')
      await expect.poll(async () => (await ask(there, '/shop/shoes/1')).cacheStatus).toMatch(/^hit/)
      expect(await purge(here, soft)).toBe('delivered')
      expect((await ask(there, '/shop/shoes/1')).cacheStatus).toMatch(/^fwd=.*stored$/)
    }
  })
})
