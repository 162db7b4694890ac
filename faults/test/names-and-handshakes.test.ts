import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import { type Cache, createCache } from '@tiercel/cache-core'
import type { Store } from '@tiercel/cache-core/store'
import { memcachedStore } from '@tiercel/cache-memcached'
import { redisStore } from '@tiercel/cache-redis'
import { makeCertificates, type Server, startServer, startTlsFront } from '@tiercel/servers'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { FaultProxy } from '../src/wire/fault-proxy.js'

const NAME = 'cache.test'
const certificates = makeCertificates()
const started = await Promise.all([startServer('redis'), startServer('memcached')])
const [redis, memcached] = started.map((server) => (server?.external ? undefined : server))
afterAll(async () => {
  await Promise.all(started.map((server) => server?.stop()))
  certificates?.remove()
})
afterEach(() => vi.restoreAllMocks())

const engines = [
  [
    'redis',
    redis,
    (host: string, tls?: object): Store =>
      redisStore({ url: `${tls ? 'rediss' : 'redis'}://${host}`, ...(tls && { config: { tls } }) }),
  ],
  [
    'memcached',
    memcached,
    (host: string, tls?: object): Store => memcachedStore({ servers: [host], ...(tls && { tls }) }),
  ],
] as const

const portOf = (server: Server): number => Number(server.url.split(':').at(-1))

/** So many calls, each of another key; what they are answered does not depend on the store. */
async function askMany(cache: Cache): Promise<void> {
  const keys = Array.from({ length: 30 }, (_, index) => `key ${index}`)
  for (const key of keys) expect(await cache.getOrSet(key, () => key)).toBe(key)
}

async function untilHit(cache: Cache): Promise<void> {
  const isHit = async (): Promise<boolean> => {
    const before = cache.stats().hits
    await cache.getOrSet('hit', () => 1)
    return cache.stats().hits > before
  }
  await expect.poll(isHit, { interval: 20, timeout: 30_000 }).toBe(true)
}

describe.each(engines)('%s', (_, server, open) => {
  it.skipIf(server === undefined)(
    'behind a name that is not resolved for a while, with an error or without a word',
    async () => {
      const first = await FaultProxy.to('127.0.0.1', portOf(server as Server))
      let answer: 'address' | 'error' | 'nothing' = 'address'
      const { lookup } = dns
      vi.spyOn(dns, 'lookup').mockImplementation(((
        name: string,
        options: dns.LookupAllOptions,
        callback: (error: Error | null, ...found: unknown[]) => void,
      ) => {
        if (name !== NAME) return lookup(name, options, callback as never)
        if (answer === 'error') setImmediate(callback, new Error('getaddrinfo EAI_AGAIN'))
        if (answer === 'address')
          setImmediate(callback, null, ...(options.all ? [[{ address: '127.0.0.1', family: 4 }]] : ['127.0.0.1', 4]))
      }) as never)
      const cache = createCache({ store: open(`${NAME}:${first.port}`) })
      await untilHit(cache)
      for (const trouble of ['error', 'nothing'] as const) {
        answer = trouble
        first.reset()
        await askMany(cache)
        answer = 'address'
        await untilHit(cache)
      }
      await cache.close()
      first.close()
    },
  )

  it.skipIf(server === undefined || certificates === undefined)(
    'whose TLS handshake hangs when it connects, and connects anew',
    async () => {
      const front = await startTlsFront(portOf(server as Server), certificates as NonNullable<typeof certificates>)
      const line = await FaultProxy.to('127.0.0.1', front.port)
      const tls = {
        ca: readFileSync((certificates as NonNullable<typeof certificates>).files.ca),
        checkServerIdentity: () => undefined,
      }
      line.set({ silent: 'all' })
      const cache = createCache({ store: open(line.address, tls) })
      await askMany(cache)
      line.mend()
      await untilHit(cache)
      line.set({ silent: 'all' })
      line.reset()
      await askMany(cache)
      line.mend()
      await untilHit(cache)
      await cache.close()
      line.close()
      await front.stop()
    },
  )
})
