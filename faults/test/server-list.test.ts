import { type Cache, createCache } from '@tiercel/cache-core'
import { memcachedStore } from '@tiercel/cache-memcached'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'

const servers = await Promise.all(Array.from({ length: 3 }, () => startServer('memcached')))
const hosts = servers.flatMap((server) =>
  server === undefined || server.external ? [] : [server.url.replace('memcached://', '')],
)
const KEYS = Array.from({ length: 60 }, (_, index) => `key ${index}`)
/** That a busy machine does not miss. */
const PATIENT = '5s'

/** As a process has it that was told of the first so many servers. */
async function processWith<T>(count: number, work: (cache: Cache) => Promise<T>): Promise<T> {
  const store = memcachedStore({ url: `memcached://${hosts.slice(0, count).join(',')}` })
  const cache = createCache({ store, storeTimeout: PATIENT })
  try {
    return await work(cache)
  } finally {
    await cache.close()
  }
}

const load = (value: string) => (cache: Cache) => cache.getOrSetMany(KEYS, (keys) => keys.map(() => value))

describe.skipIf(hosts.length < 3)('a list of Memcached servers', () => {
  afterAll(() => Promise.all(servers.map((server) => server?.stop())))

  it('may get another server: nothing that was deleted since is served, and what is loaded is stored', async () => {
    await processWith(2, load('old'))
    await processWith(3, async (cache) => {
      await cache.deleteMany(KEYS)
      expect(await cache.getMany(KEYS)).toEqual(KEYS.map(() => undefined))
      await load('new')(cache)
    })
    expect(await processWith(3, load('not needed'))).toEqual(KEYS.map(() => 'new'))
  })

  it('that was in use before is cleared before it is used again', async () => {
    await processWith(2, load('old'))
    await processWith(3, (cache) => cache.deleteMany(KEYS))
    await processWith(2, async (cache) => {
      await cache.clear()
      expect(await cache.getMany(KEYS)).toEqual(KEYS.map(() => undefined))
    })
  })
})
