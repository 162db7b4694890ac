import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import middie from '@fastify/middie'
import connect from 'connect'
import { fastify } from 'fastify'
import findMyWay from 'find-my-way'
import polka from 'polka'
import restana from 'restana'
import { describe, expect, it } from 'vitest'
import { httpCache } from '../../src/frameworks/connect.js'
import type { HttpCacheOptions } from '../../src/http/rules/options.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { later, newCache } from './support/apps.js'
import { type Asking, ask, type Reply } from './support/client.js'
import { listen, portOf } from './support/running-app.js'

type Cached = ReturnType<typeof httpCache>
type Handler = (req: IncomingMessage, res: ServerResponse) => void

/** Routers that call `(req, res, next)`, each in its own way, with the cache in front of `/items/*`. */
const ROUTERS: readonly (readonly [string, (cached: Cached, handler: Handler) => Promise<number>])[] = [
  [
    'connect, mounted',
    (cached, handler) => {
      const app = connect()
      app.use('/items', cached)
      app.use('/items', handler)
      return listen(app)
    },
  ],
  [
    'polka',
    async (cached, handler) => {
      const app = polka()
      app.use('items', cached as never)
      app.all('/items/:id', handler)
      await new Promise<void>((resolve) => void app.listen(0, () => resolve()))
      later(() => app.server?.close())
      return portOf(app.server as never)
    },
  ],
  [
    'restana',
    async (cached, handler) => {
      const app = restana()
      app.use('/items', cached as never)
      app.all('/items/:id', handler as never)
      const server = await app.start(0)
      later(() => app.close())
      return portOf(server)
    },
  ],
  [
    'find-my-way',
    (cached, handler) => {
      const router = findMyWay()
      router.all('/items/:id', (req, res) =>
        cached(req as IncomingMessage, res as ServerResponse, () =>
          handler(req as IncomingMessage, res as ServerResponse),
        ),
      )
      return listen(((req, res) => router.lookup(req, res)) as RequestListener)
    },
  ],
  [
    'middie',
    async (cached, handler) => {
      const app = fastify()
      await app.register(middie)
      app.use('/items', cached)
      app.use('/items', handler)
      await app.listen({ port: 0 })
      later(() => app.close())
      return portOf(app.server)
    },
  ],
]

describe.each(ROUTERS)('httpCache of connect in %s', (_name, start) => {
  async function site(
    options: HttpCacheOptions = {},
  ): Promise<{ get: (target: string, asking?: Asking) => Promise<Reply>; runs: () => number }> {
    let runs = 0
    let version = 1
    const cached = httpCache(newCache({ clock: new FakeClock() }), { ttl: '1m', ...options })
    const port = await start(cached, (req, res) => {
      runs++
      if (req.method === 'PUT') version++
      const { query } = req as { query?: object }
      res.end(JSON.stringify({ url: req.url, version, ...(query && { query: { ...query } }) }))
    })
    return { get: (target, asking) => ask(port, target, asking), runs: () => runs }
  }

  it('caches, keeps URLs apart, and invalidates', async () => {
    const { get, runs } = await site()
    const first = await get('/items/1')
    expect([first.cacheStatus(), (await get('/items/1')).cacheStatus()]).toEqual([
      'fwd=uri-miss; stored',
      'hit; ttl=60',
    ])
    expect((await get('/items/2')).text()).not.toBe(first.text())
    await get('/items/1', { method: 'PUT' })
    expect(JSON.parse((await get('/items/1')).text()).version).toBe(2)
    expect(runs()).toBe(4)
  })

  it('the handler sees of the query what is in the key, parsed and not', async () => {
    const { get } = await site({ query: ['id'] })
    const seen = JSON.parse((await get('/items/1?id=7&utm=1')).text())
    expect(seen.url).toMatch(/\?id=7$/)
    if (seen.query !== undefined) expect(seen.query).toEqual({ id: '7' })
    expect((await get('/items/1?utm=2&id=7')).cacheStatus()).toBe('hit; ttl=60')
  })
})

it('a route of Fastify behind middie sees of the query what is in the key, its access log all of it', async () => {
  const app = fastify()
  later(() => app.close())
  const logged: unknown[] = []
  app.addHook('onResponse', async (request) => void logged.push({ ...(request.query as object) }))
  await app.register(middie)
  app.use(httpCache(newCache(), { ttl: '1m', query: ['id'] }) as never)
  app.get('/a', async (request) => ({ query: request.query, url: request.url }))
  const { body } = await app.inject('/a?id=1&utm=0')
  expect(JSON.parse(body)).toEqual({ query: { id: '1' }, url: '/a?id=1' })
  expect((await app.inject('/a?utm=2&id=1')).body).toBe(body)
  expect(logged[0]).toEqual({ id: '1', utm: '0' })
})
