import { AsyncLocalStorage } from 'node:async_hooks'
import express5, { type RequestHandler } from 'express'
import session from 'express-session'
import express4 from 'express4'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import { httpCache as cachedExpress } from '../../src/frameworks/express.js'
import { httpCache as cachedFastify } from '../../src/frameworks/fastify.js'
import { httpCache as cachedFetch } from '../../src/frameworks/fetch.js'
import { httpCache as cachedHono } from '../../src/frameworks/hono.js'
import { httpCache as cachedKoa } from '../../src/frameworks/koa.js'
import type { Cache } from '../../src/index.js'
import { MemoryStore } from '../../src/store/memory/memory-store.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { newCache } from './support/apps.js'
import { ask } from './support/client.js'
import { listen } from './support/running-app.js'

const WINDOWS = { ttl: '1s', staleWhileRevalidate: '1h' } as const

function onClock(): { readonly clock: FakeClock; readonly cache: Cache } {
  const clock = new FakeClock()
  return { clock, cache: newCache({ clock, store: new MemoryStore({ clock, maxEntries: 100 }) }) }
}

describe.each([
  ['Express 4', express4 as unknown as typeof express5],
  ['Express 5', express5],
])('%s: a run behind an answer', (_, express) => {
  it('finds its way through mounts, routers and parameters, as a client’s request does', async () => {
    const { cache, clock } = onClock()
    const seen: unknown[] = []
    const router = express.Router({ mergeParams: true })
    router.get('/items/:id', cachedExpress(cache, WINDOWS), (req, res) => {
      const { baseUrl, originalUrl, url, path, params, query, ip, protocol, hostname } = req
      seen.push({ baseUrl, originalUrl, url, path, params, query, ip, protocol, hostname, routed: req.route.path })
      res.json(seen.length)
    })
    const inner = express()
    inner.use('/shops/:shop', router)
    const app = express()
    app.set('trust proxy', true)
    app.use('/v1', inner)
    const port = await listen(app)
    const headers = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'shop.example', 'X-Forwarded-For': '10.0.0.1' }
    const get = () => ask(port, '/v1/shops/red/items/7?page=2', { headers })
    await get()
    await clock.advance(2_000)
    expect((await get()).text()).toBe('1')
    await expect.poll(async () => (await get()).text()).toBe('2')
    expect(seen[1]).toEqual(seen[0])
    expect(seen[0]).toMatchObject({ params: { shop: 'red', id: '7' }, protocol: 'https', hostname: 'shop.example' })
  })

  it('passes sessions as one without a cookie, and no cookie is stored', async () => {
    const { cache, clock } = onClock()
    let runs = 0
    const app = express()
    app.use(session({ secret: 's', resave: false, saveUninitialized: true }))
    app.use(cachedExpress(cache, { ...WINDOWS, cookies: [] }), (_req, res) => void res.send(`run ${++runs}`))
    const port = await listen(app)
    const first = await ask(port, '/')
    const headers = { Cookie: (first.header('set-cookie') as string).split(';', 1)[0] as string }
    await clock.advance(2_000)
    const stale = await ask(port, '/', { headers })
    expect([stale.text(), stale.header('set-cookie')]).toEqual(['run 1', undefined])
    await expect.poll(async () => (await ask(port, '/', { headers })).text()).toBe('run 2')
    expect((await ask(port, '/', { headers })).header('set-cookie')).toBeUndefined()
  })

  it('that a layer refuses for good is left to the next client', async () => {
    const { cache, clock } = onClock()
    let runs = 0
    let refused = 0
    const guard: RequestHandler = (req, res, next) => {
      if (req.headers.authorization === 'Bearer right') return next()
      refused++
      res.status(401).end()
    }
    const app = express()
    app.use(guard, cachedExpress(cache, { ...WINDOWS, headers: [] }), (_req, res) => void res.send(`run ${++runs}`))
    const port = await listen(app)
    const get = () => ask(port, '/', { headers: { Authorization: 'Bearer right' } })
    await get()
    await clock.advance(2_000)
    expect((await get()).text()).toBe('run 1')
    await expect.poll(() => refused).toBe(1)
    await expect.poll(async () => (await get()).text()).toBe('run 2')
    expect((await get()).cacheStatus()).toBe('hit; ttl=1')
    // The next time nobody tries.
    await clock.advance(2_000)
    expect((await get()).text()).toBe('run 3')
    expect(refused).toBe(1)
  })

  it('that a rate limit refuses leaves what is stale, until a lease is over', async () => {
    const { cache, clock } = onClock()
    let runs = 0
    let requests = 0
    const app = express()
    app.use((_req, res, next) => (++requests === 3 ? void res.status(429).end() : next()))
    app.use(cachedExpress(cache, WINDOWS), (_req, res) => void res.send(`run ${++runs}`))
    const port = await listen(app)
    await ask(port, '/')
    await clock.advance(2_000)
    expect((await ask(port, '/')).text()).toBe('run 1')
    await expect.poll(() => requests).toBe(3)
    for (let i = 0; i < 3; i++) expect((await ask(port, '/')).text()).toBe('run 1')
    expect(runs).toBe(1)
    await clock.advance(5_000)
    expect((await ask(port, '/')).text()).toBe('run 1')
    await expect.poll(async () => (await ask(port, '/')).text()).toBe('run 2')
  })

  it('of which a layer makes another request is refused', async () => {
    const { cache, clock } = onClock()
    const seen: unknown[] = []
    const app = express()
    app.use((req, _res, next) => {
      req.headers['x-tenant'] = req.headers.cookie ?? 'nobody'
      next()
    })
    app.use(cachedExpress(cache, { ...WINDOWS, cookies: [], headers: ['x-tenant'] }), (req, res) => {
      seen.push(req.headers['x-tenant'])
      res.send(`for ${req.headers['x-tenant']}`)
    })
    const port = await listen(app)
    const get = () => ask(port, '/', { headers: { Cookie: 'red' } })
    await get()
    await clock.advance(2_000)
    expect((await get()).text()).toBe('for red')
    await expect.poll(() => cache.stats().loadErrors).toBe(1)
    expect(seen).toEqual(['red'])
  })

  it('is outside of the async context of the client', async () => {
    const { cache, clock } = onClock()
    const als = new AsyncLocalStorage<string>()
    const users: unknown[] = []
    const app = express()
    app.use((req, _res, next) => als.run(req.headers.cookie ?? 'nobody', next))
    app.use(cachedExpress(cache, { ...WINDOWS, cookies: [] }), (_req, res) => {
      users.push(als.getStore())
      res.send('body')
    })
    const port = await listen(app)
    await ask(port, '/', { headers: { Cookie: 'ann' } })
    await clock.advance(2_000)
    await ask(port, '/', { headers: { Cookie: 'ben' } })
    await expect.poll(() => users).toEqual(['ann', 'nobody'])
  })

  it('of a client that lets go of nothing ends: its response and its request are closed', async () => {
    const { cache, clock } = onClock()
    const ended: string[] = []
    const app = express()
    app.use((req, res, next) => {
      res.on('finish', () => ended.push('finish'))
      res.on('close', () => ended.push('close'))
      req.on('end', () => ended.push('end'))
      next()
    })
    app.use(cachedExpress(cache, WINDOWS), (_req, res) => void res.send('x'.repeat(300_000)))
    const port = await listen(app)
    await ask(port, '/')
    await clock.advance(2_000)
    await ask(port, '/')
    await expect.poll(() => ended.filter((event) => event === 'close').length).toBe(3)
    expect(ended.filter((event) => event === 'finish')).toHaveLength(3)
  })
})

describe('without a server', () => {
  it('Fastify: a request that was injected', async () => {
    const { cache, clock } = onClock()
    const app = fastify()
    await app.register(cachedFastify, { cache, ...WINDOWS })
    let runs = 0
    app.get('/items/:id', async (request) => `run ${++runs} of ${(request.params as { id: string }).id}`)
    const get = async (): Promise<string> => (await app.inject('/items/7')).body
    await get()
    await clock.advance(2_000)
    expect(await get()).toBe('run 1 of 7')
    await expect.poll(get).toBe('run 2 of 7')
    await app.close()
  })

  it('Express and Koa: through the application itself', async () => {
    for (const framework of ['Express', 'Koa'] as const) {
      const { cache, clock } = onClock()
      let runs = 0
      const app = express5()
      app.use(cachedExpress(cache, WINDOWS), (_req, res) => void res.send(`run ${++runs}`))
      const koa = new Koa()
      koa.use(cachedKoa(cache, WINDOWS)).use((ctx) => {
        ctx.body = `run ${++runs}`
      })
      const port = await listen((req, res) => {
        // As an adapter for functions without servers gives it.
        Object.defineProperty(req.socket, 'server', { value: undefined })
        return framework === 'Express' ? app(req, res) : koa.callback()(req, res)
      })
      await ask(port, '/')
      await clock.advance(2_000)
      expect((await ask(port, '/')).text()).toBe('run 1')
      await expect.poll(async () => (await ask(port, '/')).text()).toBe('run 2')
    }
  })
})

describe('Hono', () => {
  function shop(cache: Cache) {
    const seen: unknown[] = []
    const items = new Hono<{ Variables: { shop: string } }>()
    items.use(cachedHono(cache, { ...WINDOWS, headers: [] }))
    items.get('/items/:id', (c) => {
      seen.push([c.req.param('id'), c.req.path, c.req.url, c.get('shop'), c.req.header('x-forwarded-for')])
      return c.text(`run ${seen.length}`)
    })
    const app = new Hono<{ Variables: { shop: string } }>()
    app.use(async (c, next) => {
      if (c.req.header('authorization') === 'Bearer wrong') throw new HTTPException(401)
      c.set('shop', 'red')
      await next()
    })
    app.route('/v1', items)
    return { app, seen }
  }

  it('the layers of the URL run again, with a context of their own', async () => {
    const { cache, clock } = onClock()
    const { app, seen } = shop(cache)
    const get = async (headers = {}): Promise<string> => (await app.request('/v1/items/7?a=b', { headers })).text()
    await get()
    await clock.advance(2_000)
    expect(await get({ 'X-Forwarded-For': '10.0.0.1' })).toBe('run 1')
    await expect.poll(get).toBe('run 2')
    expect(seen[1]).toEqual(seen[0])
    expect(seen[0]).toEqual(['7', '/v1/items/7', 'http://localhost/v1/items/7?a=b', 'red', undefined])
  })

  it('what nobody answers leaves what is stale', async () => {
    const { cache, clock } = onClock()
    const app = new Hono()
    let runs = 0
    app.use(cachedHono(cache, WINDOWS))
    app.get('/', (c) => (++runs === 1 ? c.text('run 1') : c.notFound()))
    const get = async (): Promise<string> => (await app.request('/')).text()
    await get()
    await clock.advance(2_000)
    expect(await get()).toBe('run 1')
    await expect.poll(() => cache.stats().loadErrors).toBe(1)
    expect(await get()).toBe('run 1')
    expect(runs).toBe(2)
  })
})

describe('fetch', () => {
  it('the host is told to wait for the run, and gives it what it gave the client', async () => {
    const { cache, clock } = onClock()
    const works: Promise<unknown>[] = []
    const context = { waitUntil: (work: Promise<unknown>) => void works.push(work), params: { id: '7' } }
    const seen: unknown[] = []
    const handler = cachedFetch(
      cache,
      WINDOWS,
    )((request: Request, { params }: typeof context) => {
      seen.push([request.url, request.method, params])
      return new Response(`run ${seen.length}`)
    })
    const get = async (): Promise<string> => (await handler(new Request('https://shop.example/a'), context)).text()
    await get()
    await clock.advance(2_000)
    const abort = new AbortController()
    const request = new Request('https://shop.example/a', { signal: abort.signal })
    expect(await (await handler(request, context)).text()).toBe('run 1')
    abort.abort()
    await works.at(-1)
    expect(seen).toEqual(Array(2).fill(['https://shop.example/a', 'GET', { id: '7' }]))
    expect(await get()).toBe('run 2')
  })

  it('of several around a handler the innermost has the run', async () => {
    const { cache, clock } = onClock()
    let runs = 0
    const inner = cachedFetch(cache, WINDOWS)(() => new Response(`run ${++runs}`))
    const handler = cachedFetch(cache, { ttl: '1m' })(inner)
    const get = async (): Promise<string> => (await handler(new Request('https://shop.example/a'))).text()
    await get()
    await clock.advance(2_000)
    expect(await get()).toBe('run 1')
    await expect.poll(get).toBe('run 2')
  })
})
