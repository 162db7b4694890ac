import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { getRequestListener } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { stream, streamSSE } from 'hono/streaming'
import { validator } from 'hono/validator'
import { describe, expect, it, vi } from 'vitest'
import { httpCache } from '../../src/frameworks/hono.js'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import { gate, later, newCache } from './support/apps.js'
import { open, read } from './support/client.js'
import { cached, listen } from './support/over-hono.js'

describe('httpCache of Hono', () => {
  it('answers again without the handler, in the scope that it was given', async () => {
    const app = new Hono()
    let runs = 0
    app.use('/items/*', cached())
    app.get('/items/:id', (c) => c.json({ id: c.req.param('id'), runs: ++runs }))
    app.get('/other', (c) => c.text('other'))
    const get = await listen(app)
    for (const expected of [/stored$/, /^hit/]) {
      const reply = await get('/items/1')
      expect([reply.status, reply.header('content-type'), reply.text()]).toEqual([
        200,
        'application/json',
        '{"id":"1","runs":1}',
      ])
      expect(reply.cacheStatus()).toMatch(expected)
    }
    expect((await get('/items/1', {}, { method: 'HEAD' })).header('content-length')).toBe('19')
    expect((await get('/other')).header('cache-status')).toBeUndefined()
  })

  it('takes an engine in place of a cache, and then no options', () => {
    const engine = createHttpCache(newCache(), { ttl: '1m' })
    expect(() => httpCache(engine, { ttl: '2m' })).toThrow(/options/)
    expect(() => httpCache(newCache(), { ttl: -1 })).toThrow(/ttl/)
  })

  it('of two in a row uses the inner one', async () => {
    const cache = newCache()
    const app = new Hono()
    app.use(httpCache(cache, { ttl: '1m', query: false }))
    app.get('/page', httpCache(cache, { ttl: '5m' }), (c) => c.text(c.req.query('id') ?? 'none'))
    const get = await listen(app)
    for (const expected of [/stored$/, /^hit; ttl=(300|299)$/]) {
      const reply = await get('/page?id=1')
      expect(reply.text()).toBe('1')
      expect(reply.cacheStatus()).toMatch(expected)
    }
  })

  it('works on sub-apps, below a base path, on mounted apps, and by app.request', async () => {
    const cache = newCache()
    const sub = new Hono().use(httpCache(cache, { ttl: '1m' })).get('/a', (c) => c.text(c.req.path))
    sub.onError((error, c) => c.text(error.message, 500))
    sub.get('/fails', () => {
      throw new Error('of the sub-app')
    })
    const app = new Hono()
    app.route('/sub', sub)
    app.use('/mounted/*', httpCache(cache, { ttl: '1m' }))
    app.mount('/mounted', (request: Request) => new Response(new URL(request.url).pathname))
    for (const [target, text] of [
      ['/sub/a', '/sub/a'],
      ['/mounted/b', '/b'],
    ] as const) {
      for (const expected of [/stored$/, /hit/]) {
        const response = await app.request(target)
        expect(await response.text()).toBe(text)
        expect(response.headers.get('cache-status')).toMatch(expected)
      }
    }
    for (let round = 0; round < 2; round++) {
      const failed = await app.request('/sub/fails')
      expect([failed.status, await failed.text()]).toEqual([500, 'of the sub-app'])
    }
  })

  it('asks the host to wait until all is stored', async () => {
    const app = new Hono().use(cached()).get('/', (c) => c.text('x'))
    const waited: Promise<unknown>[] = []
    const context = {
      waitUntil: (work: Promise<unknown>) => void waited.push(work),
      passThroughOnException: () => {},
      props: {},
    }
    await app.request('/', {}, {}, context as never)
    expect(waited).toHaveLength(1)
    await waited[0]
    expect((await app.request('/')).headers.get('cache-status')).toContain('hit')
  })

  it('serves where its host is no part of the key', async () => {
    const app = new Hono().use(cached({ host: false })).get('/a', (c) => c.text(new URL(c.req.url).host))
    const get = await listen(app)
    const first = await get('/a', { host: 'a.example' })
    const second = await get('/a', { host: 'b.example' })
    expect([first.status, second.status, first.text(), second.text()]).toEqual([200, 200, 'localhost', 'localhost'])
    expect(second.cacheStatus()).toContain('hit')
  })

  it('works over HTTP/2', async () => {
    const app = new Hono()
    app.use(cached({ cookies: ['lang'] }))
    app.get('/a', (c) => c.json([getCookie(c), new URL(c.req.url).host]))
    const listener = getRequestListener(app.fetch)
    const server = createServer((req, res) => void listener(req, res))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    later(() => server.close())
    const { port } = server.address() as AddressInfo
    const session = connect(`http://127.0.0.1:${port}`)
    for (const expected of [/stored$/, /hit/]) {
      const stream = session.request({ ':path': '/a', cookie: 'lang=de; session=1' })
      const [[headers], body] = await Promise.all([once(stream, 'response'), text(stream)])
      expect([headers[':status'], JSON.parse(body)]).toEqual([200, [{ lang: 'de' }, `127.0.0.1:${port}`]])
      expect(headers['cache-status']).toMatch(expected)
    }
    session.close()
  })
})

describe('a handler of Hono', () => {
  it('sees only what the key covers, in every form; layers outside see all, before and after', async () => {
    const outside: unknown[] = []
    const look = (c: Context) => [
      c.req.url.replace(/^[^/]*\/\/[^/]*/, ''),
      c.req.query(),
      getCookie(c),
      c.req.header('x-forwarded-for') ?? 'hidden',
      c.req.valid('query' as never),
      (c.env as { incoming: IncomingMessage }).incoming.headers.cookie,
    ]
    const app = new Hono()
    app.use(validator('query', (query) => query))
    app.use(async (c, next) => {
      outside.push(look(c))
      await next()
      outside.push(look(c))
    })
    app.use(cached({ query: ['id'], cookies: ['lang'] }))
    app.get('/', (c) => c.json(look(c)))
    const get = await listen(app)
    const all = [
      '/?id=1&x=2',
      { id: '1', x: '2' },
      { lang: 'de', session: '1' },
      '192.0.2.1',
      { id: '1', x: '2' },
      'lang=de; session=1',
    ]
    for (let round = 0; round < 2; round++) {
      const reply = await get('/?id=1&x=2', { cookie: 'lang=de; session=1', 'x-forwarded-for': '192.0.2.1' })
      expect(JSON.parse(reply.text())).toEqual([
        '/?id=1',
        { id: '1' },
        { lang: 'de' },
        'hidden',
        { id: '1' },
        'lang=de',
      ])
    }
    expect(outside).toEqual([all, all, all, all])
  })

  it('is told apart by what a layer outside has found out', async () => {
    const app = new Hono<{ Variables: { role: string } }>()
    app.use(async (c, next) => {
      c.set('role', c.req.header('x-role') ?? 'guest')
      await next()
    })
    app.use(httpCache(newCache(), { ttl: '1m', vary: (c) => c.get('role') }))
    app.get('/', (c) => c.text(c.get('role')))
    for (const expected of [/stored$/, /hit/]) {
      for (const role of ['admin', 'guest']) {
        const response = await app.request('/', { headers: { 'x-role': role } })
        expect(await response.text()).toBe(role)
        expect(response.headers.get('cache-status')).toMatch(expected)
      }
    }
  })

  it('sees no more of it while its body streams', async () => {
    const app = new Hono()
    const begun = gate()
    app.use(cached({ cookies: [], query: [] }))
    app.get('/', (c) =>
      stream(c, async (body) => {
        await body.write('name: ')
        await begun.opened
        await body.write(getCookie(c, 'name') ?? c.req.query('name') ?? 'nobody')
      }),
    )
    const get = await listen(app)
    const first = await open(get.port, '/?name=eve', {
      headers: { cookie: 'name=eve' },
    })
    begun.open()
    expect((await read(first)).text()).toBe('name: nobody')
    await vi.waitFor(async () => expect((await get('/')).cacheStatus()).toMatch(/^hit/), { timeout: 20_000 })
    expect((await get('/')).text()).toBe('name: nobody')
  })

  it('that fails is answered by the application’s own handler of errors', async () => {
    const app = new Hono()
    app.use(cached())
    app.onError((error, c) => c.text(`caught ${error.message}`, 500))
    app.notFound((c) => c.text('nowhere', 404))
    app.get('/', () => {
      throw new Error('boom')
    })
    const get = await listen(app)
    for (let round = 0; round < 2; round++) {
      expect([(await get('/')).status, (await get('/')).text()]).toEqual([500, 'caught boom'])
      expect([(await get('/none')).status, (await get('/none')).text()]).toEqual([404, 'nowhere'])
    }
  })

  it('that writes to node’s own response is left to it', async () => {
    const app = new Hono<{ Bindings: { outgoing: import('node:http').ServerResponse } }>()
    app.use(cached())
    app.get('/', (c) => {
      c.env.outgoing.end('by hand')
      return RESPONSE_ALREADY_SENT
    })
    const get = await listen(app as unknown as Hono)
    for (let round = 0; round < 2; round++) expect((await get('/')).text()).toBe('by hand')
  })

  it('that sends events is passed on, event by event', async () => {
    const app = new Hono()
    const more = gate()
    app.use(cached())
    app.get('/', (c) =>
      streamSSE(c, async (events) => {
        await events.writeSSE({ data: 'one' })
        await more.opened
        await events.writeSSE({ data: 'two' })
      }),
    )
    const get = await listen(app)
    const message = await open(get.port, '/')
    const [first] = await new Promise<Buffer[]>((resolve) => message.once('data', (piece: Buffer) => resolve([piece])))
    expect(String(first)).toBe('data: one\n\n')
    more.open()
    expect((await read(message)).text()).toBe('data: two\n\n')
  })
})

describe('a write on Hono', () => {
  it('keeps its cookie, and the next read is the new version', async () => {
    let version = 1
    const app = new Hono()
    app.use(cached({ cookies: [] }))
    app.get('/item', (c) => c.json({ version }))
    app.put('/item', async (c) => {
      version = (await c.req.json<{ version: number }>()).version
      setCookie(c, 'session', '1')
      setCookie(c, 'flash', 'saved')
      return c.json({ saved: true })
    })
    const get = await listen(app)
    await get('/item')
    expect((await get('/item')).text()).toBe('{"version":1}')
    const headers = { 'content-type': 'application/json' }
    const written = await get('/item', headers, { method: 'PUT', body: '{"version":2}' })
    expect([written.text(), written.lines('set-cookie'), written.cacheStatus()]).toEqual([
      '{"saved":true}',
      ['session=1; Path=/', 'flash=saved; Path=/'],
      'fwd=method',
    ])
    expect((await get('/item')).text()).toBe('{"version":2}')
  })

  it('that streams its answer is heard again at the end', async () => {
    let version = 1
    const more = gate()
    const app = new Hono()
    app.use(cached())
    app.get('/item', (c) => c.text(`${version}`))
    app.post('/item', (c) =>
      stream(c, async (body) => {
        await body.write('writing, ')
        await more.opened
        version = 2
        await body.write('written')
      }),
    )
    const get = await listen(app)
    await get('/item')
    const message = await open(get.port, '/item', { method: 'POST' })
    expect((await get('/item')).text()).toBe('1')
    more.open()
    expect((await read(message)).text()).toBe('writing, written')
    expect((await get('/item')).text()).toBe('2')
  })
})
