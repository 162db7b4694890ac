import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import fastifyCookie from '@fastify/cookie'
import cookieParser from 'cookie-parser'
import express5, { type Express } from 'express'
import express4 from 'express4'
import fastify from 'fastify'
import Koa from 'koa'
import morgan from 'morgan'
import onHeaders from 'on-headers'
import polka from 'polka'
import { describe, expect, it } from 'vitest'
import { httpCache as fastifyHttpCache } from '../../src/frameworks/fastify.js'
import { httpCache as koaHttpCache } from '../../src/frameworks/koa.js'
import { httpCache } from '../../src/frameworks/node.js'
import type { HttpCacheOptions } from '../../src/http/rules/options.js'
import { gate, later, newCache, sleep } from './support/apps.js'
import { ask, open } from './support/client.js'

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  later(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const cached = (options: HttpCacheOptions) => httpCache(newCache(), { ttl: '1m', ...options })

/** What layers before the cache have parsed is narrowed in every form, and nothing else is touched. */
describe.each([
  ['Express 4', express4 as unknown as typeof express5],
  ['Express 5', express5],
])('%s: what was parsed before the cache', (version, express) => {
  /** @param field Whose value stands behind the body. */
  const start = async (
    set: (app: Express) => unknown,
    field?: string,
  ): Promise<(url: string, cookie?: string) => Promise<string>> => {
    const app = express()
    set(app)
    const port = await listen(createServer(app))
    return async (url, cookie) => {
      const reply = await ask(port, url, { headers: cookie === undefined ? {} : { cookie } })
      return field === undefined ? reply.text() : `${reply.text()}, ${reply.header(field)}`
    }
  }

  it('cookies of cookie-parser, signed ones too', async () => {
    const get = await start((app) => {
      app.use(cookieParser('secret'))
      app.use(cached({ cookies: ['lang'] }))
      app.get('/', (req, res) => res.json([req.cookies, req.signedCookies, req.headers.cookie ?? null]))
    })
    // Signed with 'secret' by the package `cookie-signature`.
    const signed = `id=${encodeURIComponent('s:1.yzCs54/8AIzUBdeblhE4JKoN+Jq6TxgxLyzvZPGcuCc')}`
    expect(await get('/', `lang=de; session=1; ${signed}`)).toBe('[{"lang":"de"},{},"lang=de"]')
    expect(await get('/', 'lang=de; session=2')).toBe('[{"lang":"de"},{},"lang=de"]')
    expect(await get('/', 'session=3')).toBe('[{},{},null]')
  })

  it('parameters that the route does not name', async () => {
    const get = await start((app) => {
      app.set('query parser', 'extended')
      app.use(cached({ query: ['ids', 'filter'] }))
      app.get('/', (req, res) => res.json([req.query, req.url, req.originalUrl]))
    })
    expect(await get('/?ids[]=1&ids[]=2&filter[x]=3&utm=4')).toBe(
      '[{"ids":["1","2"],"filter":{"x":"3"}},"/?ids[]=1&ids[]=2&filter[x]=3","/?ids[]=1&ids[]=2&filter[x]=3"]',
    )
    expect(await get('/?utm=4')).toBe('[{},"/","/"]')
  })

  it('nothing where the whole query counts, or without narrowing', async () => {
    const parser = (text: string | null) => ({ size: (text ?? '').length, list: ['a'] })
    for (const options of [{ query: true }, { query: ['x'], narrow: false }] as HttpCacheOptions[]) {
      const get = await start((app) => {
        app.set('query parser', parser)
        app.use(cached(options))
        app.get('/', (req, res) => res.json(req.query))
      })
      expect(await get('/?x=1&y=2')).toBe('{"size":7,"list":["a"]}')
    }
  })

  it('of a parser that folds names, what the route names', async () => {
    const get = await start((app) => {
      app.set('query parser', (text: string | null) =>
        Object.fromEntries([...new URLSearchParams(text ?? '')].map(([name, value]) => [camel(name), Number(value)])),
      )
      app.use(cached({ query: ['page_size'] }))
      app.get('/', (req, res) => res.json(req.query))
    })
    expect(await get('/?Page_Size=5&utm_source=6')).toBe('{"pageSize":5}')
  })

  it('the query of a URL that a layer has rewritten', async () => {
    const get = await start((app) => {
      app.use((req, _res, next) => {
        const item = /^\/i\/(\d+)/.exec(req.url)?.[1]
        if (item !== undefined) {
          req.url = `/items?id=${item}`
          // Express 4 has parsed the query before.
          if (version === 'Express 4') req.query = { id: item }
        }
        next()
      })
      app.use(cached({}))
      app.get('/items', (req, res) => res.send(`item ${req.query.id} at ${req.originalUrl}`))
    })
    expect(await get('/i/42')).toBe('item 42 at /i/42')
    expect(await get('/i/42')).toBe('item 42 at /i/42')
    expect(await get('/i/43?x=1')).toBe('item 43 at /i/43?x=1')
  })

  it('comes back for the logs outside, on a miss as on a hit', async () => {
    const lines: string[] = []
    const get = await start((app) => {
      app.set('trust proxy', false)
      morgan.token('cookie', (req) => String(req.headers.cookie))
      morgan.token('parsed', (req) => Object.values((req as { cookies?: object }).cookies ?? {}).join())
      const stream = { write: (line: string) => void lines.push(line.trim()) }
      app.use(morgan(':method :url :status :cookie :parsed', { stream }))
      app.use(cookieParser())
      app.use(cached({ cookies: ['lang'], query: ['id'] }))
      app.get('/', (req, res) => res.send(`${req.originalUrl} ${req.headers.cookie}`))
    })
    for (const _ of [1, 2]) expect(await get('/?id=1&utm=2', 'lang=de; session=1')).toBe('/?id=1 lang=de')
    // The URL, the field, and what cookie-parser has made of it.
    const line = 'GET /?id=1&utm=2 200 lang=de; session=1 de,1'
    await expect.poll(() => lines).toEqual([line, line])
  })

  it('is there for what layers outside do when the head is written', async () => {
    const get = await start((app) => {
      app.use((req, res, next) => {
        onHeaders(res, () => res.setHeader('X-Asked', `${req.url} ${req.headers.cookie}`))
        next()
      })
      app.use(cached({ cookies: ['lang'], query: ['id'] }))
      app.get('/', async (req, res) => {
        res.write(`${req.headers.cookie} `)
        await sleep(5)
        res.end(req.headers.cookie)
      })
    }, 'x-asked')
    for (const _ of [1, 2]) {
      expect(await get('/?id=1&utm=2', 'lang=de; session=1')).toBe('lang=de lang=de, /?id=1&utm=2 lang=de; session=1')
    }
  })

  it('stays hidden from a handler that answers for others when its client has gone', async () => {
    const { opened, open: answer } = gate()
    const { opened: began, open: begin } = gate()
    const app = express()
    app.use(cookieParser())
    app.use(cached({ cookies: ['lang'] }))
    app.get('/', async (req, res) => {
      begin()
      await opened
      res.send(`${req.headers.cookie} ${req.cookies.session}`)
    })
    const port = await listen(createServer(app))
    const leaving = new AbortController()
    const gone = open(port, '/', { headers: { cookie: 'lang=de; session=1' }, signal: leaving.signal })
    await began
    const other = ask(port, '/', { headers: { cookie: 'lang=de' } })
    leaving.abort()
    await expect(gone).rejects.toThrow()
    setTimeout(answer, 20)
    expect((await other).text()).toBe('lang=de undefined')
  })
})

describe('polka: what was parsed before the cache', () => {
  it('parameters that the route does not name', async () => {
    const app = polka()
    app.use(cached({ query: ['id'] }))
    app.get('/', (req, res) => {
      const { search } = req as { search?: string }
      res.end(JSON.stringify([req.query, search, req.url, req.originalUrl]))
    })
    const port = await listen(createServer(app.handler.bind(app) as never))
    const seen = '[{"id":"1"},"?id=1","/?id=1","/?id=1"]'
    expect((await ask(port, '/?id=1&utm=2')).text()).toBe(seen)
    expect((await ask(port, '/?id=1&utm=3')).text()).toBe(seen)
  })
})

describe('Koa: what was parsed before the cache', () => {
  it('is hidden from handlers and their streams, and there for the layers outside after next()', async () => {
    const seen: unknown[] = []
    const app = new Koa()
    app.use(async (ctx, next) => {
      // Koa keeps what it has once read of the URL.
      seen.push(ctx.URL.search, ctx.query.utm)
      await next()
      if (ctx.path !== '/stream') seen.push(ctx.URL.search, ctx.query.utm, ctx.get('cookie'), ctx.originalUrl)
    })
    app.use(koaHttpCache(newCache(), { ttl: '1m', query: ['id'], cookies: ['lang'] }))
    app.use(async (ctx) => {
      const look = () => `${ctx.URL.search} ${ctx.originalUrl} ${ctx.get('cookie')}`
      if (ctx.path !== '/stream') ctx.body = look()
      else {
        ctx.body = Readable.from(
          (async function* () {
            yield 'streamed '
            await sleep(5)
            yield look()
          })(),
        )
      }
    })
    const answer = app.callback()
    const port = await listen(createServer((req, res) => void answer(req, res)))
    const headers = { cookie: 'lang=de; session=1' }
    for (const _ of [1, 2]) {
      expect((await ask(port, '/p?id=1&utm=2', { headers })).text()).toBe('?id=1 /p?id=1 lang=de')
      expect((await ask(port, '/stream?id=1&utm=2', { headers })).text()).toBe('streamed ?id=1 /stream?id=1 lang=de')
    }
    const whole = ['?id=1&utm=2', '2']
    const round = [...whole, ...whole, 'lang=de; session=1', '/p?id=1&utm=2', ...whole]
    expect(seen).toEqual([...round, ...round])
  })
})

describe('Fastify: what was parsed before the cache', () => {
  it('cookies of @fastify/cookie, and the fields and URL of the log afterwards', async () => {
    const seen: unknown[] = []
    const app = fastify()
    later(() => app.close())
    await app.register(fastifyCookie)
    app.addHook('onResponse', async (request) => {
      seen.push([request.url, request.originalUrl, request.cookies, request.headers.cookie, request.query])
    })
    await app.register(fastifyHttpCache, { cache: newCache(), ttl: '1m', cookies: ['lang'], query: ['id'] })
    app.get('/', async (request) => [request.cookies, request.headers.cookie, request.query, request.originalUrl])
    const get = () => app.inject({ url: '/?id=1&utm=2', headers: { cookie: 'lang=de; session=1' } })
    for (const _ of [1, 2]) expect((await get()).body).toBe('[{"lang":"de"},"lang=de",{"id":"1"},"/?id=1"]')
    const asSent = ['/?id=1&utm=2', '/?id=1&utm=2', { lang: 'de', session: '1' }, 'lang=de; session=1']
    expect(seen).toEqual([
      [...asSent, { id: '1', utm: '2' }],
      [...asSent, { id: '1', utm: '2' }],
    ])
  })

  it('the parameters of a parser that folds case', async () => {
    const querystringParser = (text: string) => Object.fromEntries(new URLSearchParams(text.toLowerCase()))
    for (const query of [true, ['page'], ['Page']]) {
      const app = fastify({ routerOptions: { querystringParser } })
      later(() => app.close())
      await app.register(fastifyHttpCache, { cache: newCache(), ttl: '1m', query })
      app.get('/l', async (request) => (request.query as { page?: string }).page)
      expect((await app.inject('/l?Page=2')).body).toBe('2')
      expect((await app.inject('/l?Page=3')).body).toBe('3')
    }
  })

  it('fields that a hook has put over the client’s', async () => {
    const app = fastify()
    later(() => app.close())
    app.addHook('onRequest', async (request) => {
      request.headers = { 'x-user': request.headers['x-ticket'] === '1' ? 'ann' : 'bob' }
    })
    await app.register(fastifyHttpCache, { cache: newCache(), ttl: '1m', headers: ['x-user'] })
    app.get('/', async (request) => request.headers['x-user'])
    const get = async (headers: Record<string, string>) => (await app.inject({ url: '/', headers })).body
    expect(await get({ 'x-ticket': '1' })).toBe('ann')
    expect(await get({ 'x-ticket': '2', 'x-user': 'admin' })).toBe('bob')
    expect(await get({ 'x-ticket': '1', 'x-user': 'admin' })).toBe('ann')
  })
})

function camel(name: string): string {
  return name.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}
