import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createCache } from '@tiercel/cache-core'
import { httpCache } from '@tiercel/cache-core/node'
import { redisStore } from '@tiercel/cache-redis'
import { startServer } from '@tiercel/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from '../../packages/cache-core/test/frameworks/support/client.js'

/** Long: a request that waits for two deadlines is told from one that waits for one, on a busy machine, too. */
const READ_MS = 1_500

const redis = await startServer('redis')

describe.skipIf(redis === undefined || redis.external)('an application whose Redis freezes', () => {
  const cache = createCache({
    store: redisStore({ url: redis?.url ?? '', prefix: `frozen-${randomUUID()}` }),
    storeTimeout: { read: READ_MS, write: READ_MS },
  })
  const cached = httpCache(cache, { ttl: '10m', host: 'shop.example', tags: ['all'] })
  const aging = httpCache(cache, { ttl: 1, staleWhileRevalidate: '10m', staleIfError: '10m', host: 'shop.example' })
  const server = createServer((req, res) => {
    const through = req.url?.startsWith('/aging') ? aging : cached
    through(req, res, () => {
      if (req.url?.includes('private')) res.setHeader('Cache-Control', 'private')
      res.end('a page')
    })
  })
  let port = 0
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterAll(async () => {
    server.close()
    await cache.close()
    await redis?.stop()
  })

  it('waits one read deadline for it in each request, and then not at all', async () => {
    const known = ['/known', '/aging', '/private'].flatMap((path) => [path, `${path}?page=2`])
    for (const path of known) {
      await ask(port, path)
      await expect.poll(async () => (await ask(port, path)).cacheStatus()).toMatch(/^hit|private/)
    }
    await redis?.freeze()
    try {
      const asked = [...known, '/new', '/aging/new', '/new/private', '/known', '/new', '/aging']
      const stalls = monitorEventLoopDelay()
      stalls.enable()
      /** How long the slowest of all waits, but for what the machine adds. */
      const slowest = async (): Promise<number> => {
        const asking = [...asked.map((path) => ask(port, path)), ask(port, '/known', { method: 'HEAD' })]
        const begun = performance.now()
        stalls.reset()
        const replies = await Promise.all(asking)
        expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200))
        return performance.now() - begun - 2 * (stalls.max / 1_000_000)
      }
      expect(await slowest()).toBeLessThan(2 * READ_MS)
      // The breaker is open.
      expect(await slowest()).toBeLessThan(READ_MS)
    } finally {
      await redis?.thaw()
    }
    await expect.poll(async () => (await ask(port, '/known')).cacheStatus()).toMatch(/^hit/)
  })
})
