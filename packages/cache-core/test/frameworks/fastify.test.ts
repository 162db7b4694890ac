import { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { type FastifyHttpCacheOptions, httpCache } from '../../src/frameworks/fastify.js'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import type { HttpCacheOptions } from '../../src/http/rules/options.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { later, newCache } from './support/apps.js'

type Options = Partial<FastifyHttpCacheOptions>

async function newApp(options: Options = {}, server: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app = fastify(server) as FastifyInstance
  later(() => app.close())
  // Time stands still, so that what is left of a lifetime can be compared.
  await app.register(httpCache, { cache: newCache({ clock: new FakeClock() }), ttl: '1m', ...options })
  return app
}

function status(reply: { headers: Record<string, unknown> }): string {
  return String(reply.headers['cache-status']).replace('tiercel; ', '')
}

describe('httpCache of Fastify', () => {
  it('caches what handlers return: values, promises, strings, buffers, streams', async () => {
    const app = await newApp()
    app.get('/value', async () => ({ ok: true }))
    app.get('/sync', (_request, reply) => void reply.send('text'))
    app.get('/buffer', async () => Buffer.from([0, 255]))
    app.get('/stream', async (_request, reply) => reply.type('text/plain').send(Readable.from(['a', 'b'])))
    app.get('/raw', (_request, reply) => void reply.raw.end('raw'))
    const bodies: Record<string, Buffer> = {
      '/value': Buffer.from('{"ok":true}'),
      '/sync': Buffer.from('text'),
      '/buffer': Buffer.from([0, 255]),
      '/stream': Buffer.from('ab'),
      '/raw': Buffer.from('raw'),
    }
    for (const [url, body] of Object.entries(bodies)) {
      const miss = await app.inject(url)
      const hit = await app.inject(url)
      expect([status(miss), status(hit)]).toEqual(['fwd=uri-miss; stored', 'hit; ttl=60'])
      expect(miss.rawPayload).toEqual(body)
      expect(hit.rawPayload).toEqual(body)
      expect(hit.headers['content-type']).toBe(miss.headers['content-type'])
    }
  })

  it('a part that is asked for by inject goes out, and the whole is stored', async () => {
    const http = createHttpCache(newCache(), { ttl: '1m' })
    const app = fastify()
    later(() => app.close())
    await app.register(httpCache, { cache: http })
    app.get('/', async () => '0123456789')
    // From now on it is known that the whole will do.
    await app.inject('/')
    await http.purge('http://localhost:80/')
    const part = await app.inject({ url: '/', headers: { range: 'bytes=2-4' } })
    const whole = await app.inject('/')
    expect([part.statusCode, part.body]).toEqual([206, '234'])
    expect([status(part), whole.body]).toEqual(['fwd=uri-miss; fwd-status=200; stored', '0123456789'])
    expect(status(whole)).toMatch(/^hit/)
  })

  it('a route has options of its own over the plugin’s, or none of it', async () => {
    const app = await newApp()
    app.get('/own', { config: { cache: { ttl: '1h' } } }, async () => 'x')
    app.get('/off', { config: { cache: false } }, async () => 'x')
    app.get('/plugin', async () => 'x')
    const second = async (url: string): Promise<string> => {
      await app.inject(url)
      return status(await app.inject(url))
    }
    expect(await second('/own')).toBe('hit; ttl=3600')
    expect(await second('/plugin')).toBe('hit; ttl=60')
    expect(await second('/off')).toBe('undefined')
  })

  it('wrong options throw when the plugin is registered, and when a route is added', async () => {
    const cache = newCache()
    await expect(newApp({ ttl: 'soon' as never })).rejects.toThrow(/ttl/)
    await expect(newApp({ cache: undefined as never })).rejects.toThrow(/cache/)
    await expect(newApp({ cache: createHttpCache(cache), ttl: '1m' })).rejects.toThrow(/options/)
    const app = await newApp()
    const add = (options: HttpCacheOptions) => () => app.get('/x', { config: { cache: options } }, async () => 'x')
    expect(add({ ttl: -1 })).toThrow(/ttl/)
    expect(add({ tll: '1m' } as never)).toThrow(/tll/)
  })

  it('is for the routes of its context, and the innermost one counts', async () => {
    const app = fastify()
    later(() => app.close())
    const cache = newCache({ clock: new FakeClock() })
    app.get('/before', async () => 'x')
    await app.register(async (inner) => {
      await inner.register(httpCache, { cache, ttl: '1m' })
      inner.get('/inner', async () => 'x')
      await inner.register(async (innermost) => {
        await innermost.register(httpCache, { cache, ttl: '5m', waitTimeout: '10s' })
        innermost.get('/innermost', async () => 'x')
        innermost.get('/off', { config: { cache: false } }, async () => 'x')
      })
    })
    app.get('/beside', async () => 'x')
    for (const [url, expected] of [
      ['/before', 'undefined'],
      ['/beside', 'undefined'],
      ['/inner', 'hit; ttl=60'],
      ['/innermost', 'hit; ttl=300'],
      ['/off', 'undefined'],
    ] as const) {
      await app.inject(url)
      expect(status(await app.inject(url))).toBe(expected)
    }
  })

  it('onRequest, onSend and onResponse run on hits, and what they make of the body is made once', async () => {
    const calls: string[] = []
    const app = await newApp()
    app.addHook('onRequest', async () => void calls.push('onRequest'))
    app.addHook('preHandler', async () => void calls.push('preHandler'))
    app.addHook('onSend', async (_request, _reply, payload) => {
      calls.push('onSend')
      return `${payload} sent`
    })
    app.addHook('onResponse', async (_request, reply) => void calls.push(`onResponse ${reply.statusCode}`))
    app.get('/', { onRequest: async () => void calls.push('own onRequest') }, async () => 'x')
    expect((await app.inject('/')).body).toBe('x sent')
    calls.length = 0
    const hit = await app.inject('/')
    expect([hit.body, status(hit)]).toEqual(['x sent', 'hit; ttl=60'])
    await expect.poll(() => calls).toEqual(['onRequest', 'own onRequest', 'onSend', 'onResponse 200'])
  })

  it('a hook before it refuses, hit or not', async () => {
    let allowed = true
    const app = await newApp()
    app.addHook('onRequest', async (_request, reply) => (allowed ? undefined : reply.code(401).send('no')))
    app.get('/', async () => 'x')
    await app.inject('/')
    allowed = false
    expect((await app.inject('/')).statusCode).toBe(401)
    allowed = true
    expect(status(await app.inject('/'))).toContain('hit')
  })

  it('fields that hooks before it set are of each response', async () => {
    let count = 0
    const app = await newApp()
    app.addHook('onRequest', async (_request, reply) => void reply.header('x-request-id', ++count))
    app.get('/', async (_request, reply) => reply.header('x-own', 'y').send('x'))
    expect((await app.inject('/')).headers).toMatchObject({ 'x-request-id': '1', 'x-own': 'y' })
    const hit = await app.inject('/')
    expect(hit.headers).toMatchObject({ 'x-request-id': '2', 'x-own': 'y' })
    expect(status(hit)).toContain('hit')
  })

  it('errors go through the error handler and are not stored', async () => {
    let broken = true
    const clock = new FakeClock()
    const app = await newApp({ cache: newCache({ clock }) })
    app.setErrorHandler((error, _request, reply) => reply.code(500).send(`handled ${(error as Error).message}`))
    app.get('/', async () => {
      if (broken) throw new Error('boom')
      return 'well'
    })
    expect((await app.inject('/')).body).toBe('handled boom')
    broken = false
    const next = await app.inject('/')
    expect([next.statusCode, next.body]).toEqual([200, 'well'])
    await clock.advance(1_000)
    expect(status(await app.inject('/'))).toBe('fwd=uri-miss; stored')
  })

  it('narrows what Fastify has parsed of the query and the cookies', async () => {
    const app = await newApp(
      { query: ['id', 'f[a]'], cookies: ['lang'] },
      { routerOptions: { querystringParser: nested } },
    )
    app.decorateRequest('cookies', null as never)
    app.addHook('onRequest', async (request) => {
      Object.assign(request, { cookies: { lang: 'de', session: 's' } })
    })
    app.get('/', async (request) => {
      const { query, headers, url } = request
      return { query, url, cookie: headers.cookie, cookies: (request as { cookies?: unknown }).cookies }
    })
    const headers = { cookie: 'lang=de; session=s' }
    expect((await app.inject({ url: '/?id=1&id=2&utm=3&f[a]=4', headers })).json()).toEqual({
      query: { id: ['1', '2'], f: { a: '4' } },
      url: '/?id=1&id=2&f[a]=4',
      cookie: 'lang=de',
      cookies: { lang: 'de' },
    })
    expect((await app.inject({ url: '/?f[a]=4&f[b]=5', headers })).json().query).toEqual({ f: { a: '4', b: '5' } })
  })

  it('host and protocol are those that a trusted proxy names', async () => {
    const app = await newApp({}, { trustProxy: true })
    app.get('/', async (request) => `${request.protocol}://${request.host}`)
    const via = (host: string, proto: string) =>
      app.inject({ url: '/', headers: { 'x-forwarded-host': host, 'x-forwarded-proto': proto } })
    expect((await via('a.example', 'https')).body).toBe('https://a.example')
    expect((await via('b.example', 'https')).body).toBe('https://b.example')
    expect((await via('a.example', 'http')).body).toBe('http://a.example')
    expect(status(await via('a.example', 'https'))).toContain('hit')
  })

  it('purge finds what was stored behind a trusted proxy, and before one', async () => {
    const cache = newCache()
    const engine = createHttpCache(cache, { ttl: '1m' })
    for (const trustProxy of [true, false]) {
      const app = fastify({ trustProxy })
      later(() => app.close())
      await app.register(httpCache, { cache: engine })
      app.get('/', async () => 'x')
      const headers = { host: 'a.example', 'x-forwarded-proto': 'https' }
      await app.inject({ url: '/', headers })
      expect(status(await app.inject({ url: '/', headers }))).toContain('hit')
      expect(await engine.purge('https://a.example/')).toBe('delivered')
      expect(status(await app.inject({ url: '/', headers }))).toContain('fwd=uri-miss')
    }
  })

  it('the HEAD route that Fastify makes of a GET answers from its entry', async () => {
    const app = await newApp()
    let runs = 0
    app.get('/', async () => {
      runs++
      return 'body'
    })
    const cold = await app.inject({ method: 'HEAD', url: '/' })
    expect([cold.headers['content-length'], cold.body, runs]).toEqual(['4', '', 1])
    expect((await app.inject('/')).body).toBe('body')
    const warm = await app.inject({ method: 'HEAD', url: '/' })
    expect([warm.headers['content-length'], warm.body, status(warm), runs]).toEqual(['4', '', 'hit; ttl=60', 2])
  })

  it('a write to a route invalidates under the key that its GET has', async () => {
    const app = await newApp()
    let version = 0
    app.put('/items/:id', async () => ({ version: ++version }))
    app.get('/items/:id', { config: { cache: { host: false, query: false } } }, async () => ({ version }))
    await app.inject('/items/1?x=1')
    expect(status(await app.inject('/items/1'))).toContain('hit')
    const written = await app.inject({ method: 'PUT', url: '/items/1?y=2' })
    expect([written.json(), status(written)]).toEqual([{ version: 1 }, 'fwd=method'])
    expect((await app.inject('/items/1')).json()).toEqual({ version: 1 })
  })

  it('a write whose handler sends without returning is sent once, with its hooks', async () => {
    const warnings: string[] = []
    const app = await newApp(
      {},
      { logger: { level: 'warn', stream: { write: (line: string) => void warnings.push(line) } } },
    )
    let sent = 0
    app.addHook('onSend', async () => void sent++)
    app.post('/', async (_request, reply) => {
      reply.code(201).send({ ok: true })
    })
    const reply = await app.inject({ method: 'POST', url: '/' })
    expect([reply.statusCode, reply.json(), sent]).toEqual([201, { ok: true }, 1])
    expect(warnings).toEqual([])
  })

  it('what no route answers passes', async () => {
    const app = await newApp()
    app.setNotFoundHandler((_request, reply) => reply.code(404).send('nothing here'))
    app.get('/', async () => 'x')
    const reply = await app.inject('/missing')
    expect([reply.statusCode, reply.body, status(reply)]).toEqual([404, 'nothing here', 'undefined'])
  })
})

/** As `qs` does: `f[a]=1` is one `f`. */
function nested(text: string): Record<string, unknown> {
  const parsed: Record<string, unknown> = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const [, root, inner] = /^(\w+)\[(\w+)\]$/.exec(name) ?? []
    if (root !== undefined && inner !== undefined) parsed[root] = { ...(parsed[root] as object), [inner]: value }
    else parsed[name] = name in parsed ? [parsed[name], value].flat() : value
  }
  return parsed
}
