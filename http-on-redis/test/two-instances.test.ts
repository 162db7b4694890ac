import { randomUUID } from 'node:crypto'
import { type Cache, createCache } from '@tiercel/cache-core'
import { redisStore } from '@tiercel/cache-redis'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
// The table of core's own tests: what holds there on memory holds here on a server that several instances share.
import { frameworks, later, sleep } from '../../packages/cache-core/test/frameworks/support/apps.js'

const server = await startServer('redis')
afterAll(() => server?.stop())

describe.skipIf(server === undefined).each(frameworks)('%s on Redis, two instances of an application', (_, start) => {
  /** Two caches that have nothing in common but the server. */
  function newCaches(): readonly [Cache, Cache] {
    const prefix = `http-${randomUUID()}`
    const open = (): Cache => {
      // A deadline that holds on a busy machine.
      const cache = createCache({ store: redisStore({ url: server?.url ?? '', prefix }), storeTimeout: '5s' })
      later(() => cache.close())
      return cache
    }
    return [open(), open()]
  }

  /** The same for both: their ports are two hosts. */
  const HOST = { Host: 'shop.example' }

  it('share what one of them has answered, byte for byte, variant by variant', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_value, index) => index))
    const [a, b] = await Promise.all(
      newCaches().map((cache) =>
        start(
          (req, res) => {
            res.setHeader('Vary', 'Accept-Language')
            res.setHeader('Link', ['</a>', '</b>'])
            res.writeHead(203, 'Second Hand')
            res.end(Buffer.concat([bytes, Buffer.from(req.headers['accept-language'] ?? '-')]))
          },
          { cache },
        ),
      ),
    )
    for (const language of ['de', 'fr']) {
      const miss = await a?.get('/', { ...HOST, 'Accept-Language': language })
      const hit = await b?.get('/', { ...HOST, 'Accept-Language': language })
      expect(hit?.cacheStatus()).toContain('hit')
      expect([hit?.status, hit?.lines('link'), hit?.body]).toEqual([203, miss?.lines('link'), miss?.body])
    }
    expect(b?.runs()).toBe(0)
  })

  it('run the handler once for all who ask at once', async () => {
    const apps = await Promise.all(
      newCaches().map((cache) =>
        start(
          async (_req, res) => {
            await sleep(100)
            res.end('body')
          },
          { cache },
        ),
      ),
    )
    const replies = await Promise.all(
      apps.flatMap((app) => Array.from({ length: 10 }, () => app.get('/', { ...HOST }))),
    )
    expect(new Set(replies.map((reply) => reply.text()))).toEqual(new Set(['body']))
    expect(apps.reduce((runs, app) => runs + app.runs(), 0)).toBe(1)
  })

  it('hear each other’s writes', async () => {
    let version = 1
    const [a, b] = await Promise.all(
      newCaches().map((cache) =>
        start(
          (req, res) => {
            if (req.method === 'PUT') version++
            res.end(String(version))
          },
          { cache },
        ),
      ),
    )
    expect((await a?.get('/i/1', HOST))?.text()).toBe('1')
    await b?.ask('/i/1', { method: 'PUT', headers: HOST })
    expect((await a?.get('/i/1', HOST))?.text()).toBe('2')
  })

  it('keep apart what is not for all', async () => {
    let count = 0
    const [a, b] = await Promise.all(
      newCaches().map((cache) =>
        start(
          (req, res) => {
            count++
            if (req.url === '/cookie') res.setHeader('Set-Cookie', `id=${count}`)
            if (req.url === '/private') res.setHeader('Cache-Control', 'private')
            res.end(`${count} ${req.headers.authorization ?? ''}`)
          },
          { cache },
        ),
      ),
    )
    for (const [target, headers] of [
      ['/cookie', {}],
      ['/private', {}],
      ['/user', { Authorization: 'Basic a' }],
    ] as const) {
      const first = await a?.get(target, { ...HOST, ...headers })
      const second = await b?.get(target, HOST)
      expect(second?.text()).not.toBe(first?.text())
      expect(second?.text()).not.toContain('Basic')
    }
  })
})
