import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { serve } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import { compress } from 'hono/compress'
import { getCookie, setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { csrf } from 'hono/csrf'
import { etag } from 'hono/etag'
import { jwt, sign } from 'hono/jwt'
import { logger } from 'hono/logger'
import { requestId } from 'hono/request-id'
import { NONCE, type SecureHeadersVariables, secureHeaders } from 'hono/secure-headers'
import { stream, streamSSE } from 'hono/streaming'
import { timing } from 'hono/timing'
import { validator } from 'hono/validator'
import { describe, expect, it, vi } from 'vitest'
import { httpCache } from '../../src/frameworks/hono.js'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import type { HttpCacheOptions } from '../../src/http/rules/options.js'
import { gate, later, newCache } from './support/apps.js'
import { type Asking, ask, open, type Reply, read } from './support/client.js'

type Ask = (target: string, headers?: Asking['headers'], asking?: Omit<Asking, 'headers'>) => Promise<Reply>

/** Over a real socket, by the server that Hono has for Node. */
async function listen(app: Hono): Promise<Ask> {
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started))
  })
  later(() => server.close())
  const { port } = server.address() as AddressInfo
  return Object.assign(
    (target: string, headers: Asking['headers'] = {}, asking = {}) => ask(port, target, { ...asking, headers }),
    { port },
  )
}

function cached(options: HttpCacheOptions = {}) {
  return httpCache(newCache(), { ttl: '1m', ...options })
}

/** The fields that a handler or a layer has written, not a server. */
function fields({ rawHeaders }: Reply): Record<string, string> {
  const own: Record<string, string> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (name.startsWith('x-') || name === 'vary')
      own[name] = own[name] ? `${own[name]} | ${rawHeaders[i + 1]}` : (rawHeaders[i + 1] as string)
  }
  return own
}

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
})

describe('the fields of a response of Hono', () => {
  it('are those of the layers outside on each request, before and after, and the stored ones between', async () => {
    let n = 0
    const app = new Hono()
    app.use(async (c, next) => {
      c.header('x-before', `${++n}`)
      await next()
      c.header('x-after', `${n}`)
      c.res.headers.append('x-after', 'again')
    })
    app.use(cached())
    app.get('/', (c) => c.text('body', 200, { 'x-own': 'own' }))
    const get = await listen(app)
    for (const round of ['1', '2']) {
      expect(fields(await get('/'))).toEqual({ 'x-before': round, 'x-after': `${round}, again`, 'x-own': 'own' })
    }
  })

  /** What a handler does to two fields that an outer layer sets, on every second request to other values, or not at all. */
  const changes: readonly (readonly [string, (c: Context) => Response | Promise<Response>])[] = [
    ['leaves them alone', (c) => c.text('x')],
    [
      'removes one by c.header',
      (c) => {
        c.header('x-one', undefined)
        return c.text('x')
      },
    ],
    [
      'removes one by c.res',
      (c) => {
        c.res.headers.delete('x-one')
        return c.text('x')
      },
    ],
    [
      'sets one to its value by c.header',
      (c) => {
        c.header('x-one', '1')
        return c.text('x')
      },
    ],
    [
      'sets one to its value by c.res',
      (c) => {
        c.res.headers.set('x-one', '1')
        return c.text('x')
      },
    ],
    ['sets one to its value with the body', (c) => c.json({}, 200, { 'X-One': '1' })],
    ['sets one to its value by init', (c) => c.body('x', { headers: [['x-one', '1']] })],
    [
      'sets one to another value',
      (c) => {
        c.header('x-one', 'other')
        return c.html('x')
      },
    ],
    [
      'appends to one',
      (c) => {
        c.header('x-one', 'more', { append: true })
        return c.text('x')
      },
    ],
    [
      'appends to Vary',
      (c) => {
        c.header('vary', 'accept', { append: true })
        return c.text('x')
      },
    ],
    [
      'makes a response of its own',
      () => new Response('x', { headers: { 'content-type': 'text/x', 'x-one': '1', 'x-own': 'own' } }),
    ],
    ['redirects', (c) => c.redirect('/elsewhere', 301)],
    ['renders', (c) => c.render('x')],
    ['awaits html', (c) => c.html(Promise.resolve('x'), 200, { 'x-one': '1' })],
  ]
  const layers: readonly (readonly [string, (c: Context, values: Record<string, string>) => void])[] = [
    [
      'c.header',
      (c, values) => {
        for (const [name, value] of Object.entries(values)) c.header(name, value)
      },
    ],
    [
      'c.res',
      (c, values) => {
        for (const [name, value] of Object.entries(values)) c.res.headers.set(name, value)
      },
    ],
  ]

  it.each(layers.flatMap(([by, set]) => changes.map(([what, handler]) => [by, what, set, handler] as const)))(
    'are as without the cache where a layer has set some by %s and the handler %s',
    async (by, _what, set, handler) => {
      const rounds = [
        { 'x-one': '1', 'x-two': '2', vary: 'origin' },
        { 'x-one': '1', 'x-two': '2', vary: 'origin' },
        { 'x-one': 'changed', 'x-two': 'changed' },
        // What stands on `c.res` already rules over the handler's: then it is not known what that would have been.
        ...(by === 'c.res' ? [] : [{}, { 'x-one': '1' }]),
      ]
      const start = async (cache: boolean) => {
        let round = 0
        const app = new Hono()
        app.use(async (c, next) => {
          set(c, rounds[round++] as Record<string, string>)
          await next()
        })
        if (cache) app.use(cached())
        return listen(app.get('/', handler))
      }
      const [plain, behind] = [await start(false), await start(true)]
      for (const [round] of rounds.entries()) {
        const [expected, given] = [await plain('/'), await behind('/')]
        expect([round, given.status, fields(given)]).toEqual([round, expected.status, fields(expected)])
        expect(given.header('content-type')).toBe(expected.header('content-type'))
        expect(given.cacheStatus()).toMatch(round === 0 ? /stored$/ : /^hit/)
      }
    },
  )
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
    const first = await open((get as unknown as { port: number }).port, '/?name=eve', {
      headers: { cookie: 'name=eve' },
    })
    begun.open()
    expect((await read(first)).text()).toBe('name: nobody')
    await vi.waitFor(async () => expect((await get('/')).cacheStatus()).toMatch(/^hit/))
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
    const message = await open((get as unknown as { port: number }).port, '/')
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
    const message = await open((get as unknown as { port: number }).port, '/item', { method: 'POST' })
    expect((await get('/item')).text()).toBe('1')
    more.open()
    expect((await read(message)).text()).toBe('writing, written')
    expect((await get('/item')).text()).toBe('2')
  })
})

describe('the middleware of Hono', () => {
  const page = 'a page of some length. '.repeat(100)

  it('compress, outside: one entry, each client its encoding', async () => {
    const app = new Hono()
      .use(compress())
      .use(cached())
      .get('/', (c) => c.text(page))
    const get = await listen(app)
    for (const expected of [/stored$/, /^hit/]) {
      const zipped = await get('/', { 'accept-encoding': 'gzip' })
      expect([zipped.header('content-encoding'), gunzipSync(zipped.body).toString()]).toEqual(['gzip', page])
      expect(zipped.cacheStatus()).toMatch(expected)
      const plain = await get('/')
      expect([plain.header('content-encoding'), plain.text()]).toEqual([undefined, page])
    }
  })

  it('compress, inside: each encoding is a variant', async () => {
    const app = new Hono()
      .use(cached())
      .use(compress())
      .get('/', (c) => c.text(page))
    const get = await listen(app)
    for (let round = 0; round < 2; round++) {
      expect(gunzipSync((await get('/', { 'accept-encoding': 'gzip' })).body).toString()).toBe(page)
      expect((await get('/')).text()).toBe(page)
    }
    expect((await get('/', { 'accept-encoding': 'gzip' })).cacheStatus()).toMatch(/^hit/)
  })

  it.each([
    ['outside', true],
    ['inside', false],
  ])('etag and cors, %s', async (_where, outer) => {
    const app = new Hono()
    const others = [etag(), cors({ origin: ['https://a.example', 'https://b.example'], credentials: true })]
    for (const layer of outer ? [...others, cached({ etag: false })] : [cached(), ...others]) app.use(layer)
    app.get('/', (c) => c.json({ x: 1 }))
    const get = await listen(app)
    for (const origin of ['https://a.example', 'https://b.example', 'https://a.example']) {
      const reply = await get('/', { origin })
      expect(reply.header('access-control-allow-origin')).toBe(origin)
      expect(reply.header('vary')?.toLowerCase()).toBe('origin')
      const same = await get('/', { origin, 'if-none-match': reply.header('etag') ?? '' })
      expect([same.status, same.text()]).toEqual([304, ''])
    }
    const preflight = await get(
      '/',
      { origin: 'https://b.example', 'access-control-request-method': 'PUT' },
      { method: 'OPTIONS' },
    )
    expect([preflight.status, preflight.header('access-control-allow-origin')]).toEqual([204, 'https://b.example'])
  })

  it('logger, timing, request-id, secure-headers: each request has its own', async () => {
    const lines: string[] = []
    const app = new Hono()
    app.use(
      logger((line) => lines.push(line)),
      requestId(),
      timing(),
      secureHeaders(),
    )
    app.use(cached({ query: ['id'] }))
    app.get('/', (c) => c.text('x'))
    const get = await listen(app)
    const replies = [await get('/?id=1&x=2'), await get('/?id=1&x=3')]
    expect(replies.map((reply) => reply.cacheStatus())).toEqual([
      expect.stringMatching(/stored$/),
      expect.stringMatching(/^hit/),
    ])
    expect(new Set(replies.map((reply) => reply.header('x-request-id'))).size).toBe(2)
    for (const reply of replies) {
      expect(reply.lines('server-timing')).toHaveLength(1)
      expect(reply.lines('x-frame-options')).toEqual(['SAMEORIGIN'])
    }
    expect(lines.map((line) => line.replace(/ \d+m?s$/, ''))).toEqual([
      '<-- GET /?id=1&x=2',
      expect.stringContaining('--> GET /?id=1&x=2'),
      '<-- GET /?id=1&x=3',
      expect.stringContaining('--> GET /?id=1&x=3'),
    ])
  })

  it('secureHeaders with a nonce, outside: a page that holds it is nobody else’s', async () => {
    const app = new Hono<{ Variables: SecureHeadersVariables }>()
    app.use(secureHeaders({ contentSecurityPolicy: { scriptSrc: [NONCE] } }), cached())
    app.get('/page', (c) => c.html(`<script nonce="${c.get('secureHeadersNonce')}"></script>`))
    app.get('/data', (c) => c.json({}))
    for (let round = 0; round < 2; round++) {
      const page = await app.request('/page')
      const nonce = /nonce-([^']+)/.exec(page.headers.get('content-security-policy') ?? '')?.[1]
      expect(await page.text()).toContain(`"${nonce}"`)
      expect(page.headers.get('cache-status')).toContain('nonce')
      expect([...page.headers.keys()].join()).not.toContain('tiercel')
    }
    await app.request('/data')
    expect((await app.request('/data')).headers.get('cache-status')).toContain('hit')
  })

  it('jwt and csrf, outside: they refuse on hits, too', async () => {
    const secret = 'secret'
    const app = new Hono()
    app.use(jwt({ secret, alg: 'HS256' }), csrf())
    app.use(cached({ headers: [] }))
    app.get('/', (c) => c.text(c.req.header('authorization') ?? 'shared'))
    app.post('/', (c) => c.text('posted'))
    const get = await listen(app)
    const authorization = `Bearer ${await sign({ sub: 'a' }, secret)}`
    await get('/', { authorization })
    expect([(await get('/', { authorization })).text(), (await get('/')).status]).toEqual(['shared', 401])
    const form = { authorization, 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' }
    expect((await get('/', form, { method: 'POST', body: 'a=1' })).status).toBe(403)
  })
})
