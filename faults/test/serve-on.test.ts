import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Cache, createCache } from '@tiercel/cache-core'
import { httpCache } from '@tiercel/cache-core/node'
import type { Store } from '@tiercel/cache-core/store'
import { memcachedStore } from '@tiercel/cache-memcached'
import { redisStore } from '@tiercel/cache-redis'
import { startServer } from '@tiercel/servers'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'

const TTL_MS = 150
const WINDOWS = { ttl: TTL_MS, staleIfError: '1h' } as const
const CALLERS = 20

/** What everything is loaded from; it counts what it is asked. */
class Source {
  isDown = false
  asked = 0
  mostAtOnce = 0
  #now = 0

  async read(): Promise<string> {
    this.asked++
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#now)
    await delay(5)
    this.#now--
    if (this.isDown) throw new Error('the source is down')
    return 'value'
  }
}

interface Subject {
  ask(): Promise<unknown>
  close(): Promise<void>
}

function valuesOf(cache: Cache, source: Source): Subject {
  return { ask: () => cache.getOrSet('key', () => source.read(), WINDOWS), close: () => cache.close() }
}

async function responsesOf(cache: Cache, source: Source): Promise<Subject> {
  const middleware = httpCache(cache, WINDOWS)
  const server = createServer((req, res) => {
    middleware(req, res, () => {
      source.read().then(
        (value) => res.end(value),
        () => res.writeHead(503).end('down'),
      )
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    ask: async () => {
      const response = await fetch(url)
      return response.status === 200 ? response.text() : response.status
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await cache.close()
    },
  }
}

const engines = [
  ['redis', (url: string): Store => redisStore({ url })],
  ['memcached', (url: string): Store => memcachedStore({ url })],
] as const

describe.each(engines)('staleIfError on %s', async (engine, open) => {
  const started = await startServer(engine)
  const server = started?.external ? undefined : started
  afterAll(() => started?.stop())
  let source = new Source()
  beforeEach(() => {
    source = new Source()
  })

  it.skipIf(server === undefined).each([
    ['values', async (cache: Cache) => valuesOf(cache, source)],
    ['responses', (cache: Cache) => responsesOf(cache, source)],
  ])('serves %s on while neither the store nor the source answers', async (_, of) => {
    const store = open(server?.url ?? '')
    // Otherwise the first value may be one that was loaded without the store.
    await expect.poll(() => store.ping().then(() => 'answers'), { timeout: 10_000 }).toBe('answers')
    const cache = createCache({ store, near: { ttl: '1h' }, jitter: 0 })
    const subject = await of(cache)
    const askAll = (): Promise<unknown[]> => Promise.all(Array.from({ length: CALLERS }, () => subject.ask()))
    const allGet = (value: unknown): unknown[] => Array.from({ length: CALLERS }, () => value)
    // Near, so that it is there when the store is not: the bus has to stand for that.
    const nearHits = async (): Promise<number> => {
      await subject.ask()
      return cache.stats().nearHits
    }
    await expect.poll(nearHits, { interval: 5, timeout: 10_000 }).toBeGreaterThan(0)
    source.isDown = true
    await delay(TTL_MS)

    // The store is there: one has failed, and the others do not try.
    source.asked = 0
    for (let round = 0; round < 5; round++) expect(await askAll()).toEqual(allGet('value'))
    expect(source.asked).toBe(1)

    await server?.freeze()
    try {
      for (let round = 0; round < 5; round++) expect(await askAll()).toEqual(allGet('value'))
      // A round of handlers at the most, and one load at a time.
      expect(source.asked).toBeLessThanOrEqual(1 + CALLERS)
      source.isDown = false
      expect(await askAll()).toEqual(allGet('value'))
    } finally {
      await server?.thaw()
      await subject.close()
    }
  })
})
