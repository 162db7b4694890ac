import { gunzipSync } from 'node:zlib'
import { type Context, Hono } from 'hono'
import { compress } from 'hono/compress'
import { cors } from 'hono/cors'
import { csrf } from 'hono/csrf'
import { etag } from 'hono/etag'
import { jwt, sign } from 'hono/jwt'
import { logger } from 'hono/logger'
import { requestId } from 'hono/request-id'
import { NONCE, type SecureHeadersVariables, secureHeaders } from 'hono/secure-headers'
import { timing } from 'hono/timing'
import { describe, expect, it } from 'vitest'
import { cached, fields, listen } from './support/over-hono.js'

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

  it('hold no length of the body, so that a layer outside may make another one of it', async () => {
    const app = new Hono()
    app.use(async (c, next) => {
      await next()
      c.res = new Response(`${await c.res.text()}, and more`, c.res)
    })
    app.use(cached())
    app.get('/', (c) => c.text('body'))
    const get = await listen(app)
    for (let round = 0; round < 2; round++) expect((await get('/')).text()).toBe('body, and more')
  })

  it('and a layer outside may answer instead of waiting for the handler: that is not stored', async () => {
    let runs = 0
    let finish = (): void => {}
    let giveUp = (): void => {}
    const late = new Promise<void>((resolve) => {
      finish = resolve
    })
    const app = new Hono()
    app.use(async (c, next) => {
      const tooLate = new Promise<boolean>((resolve) => {
        giveUp = () => resolve(true)
      })
      return (await Promise.race([next(), tooLate])) === true ? c.text('instead') : undefined
    })
    app.use(cached())
    app.get('/', async (c) => {
      if (++runs === 1) {
        giveUp()
        await late
      }
      return c.text('of the handler')
    })
    const get = await listen(app)
    const bodies = [(await get('/')).text()]
    finish()
    for (let round = 0; round < 2; round++) bodies.push((await get('/')).text())
    expect([bodies, runs]).toEqual([['instead', 'of the handler', 'of the handler'], 2])
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
    for (const layer of outer ? [...others, cached()] : [cached(), ...others]) app.use(layer)
    app.get('/', (c) => c.json({ x: 1 }))
    const get = await listen(app)
    const plain = await listen(new Hono().use(etag()).get('/', (c) => c.json({ x: 1 })))
    const tag = (await plain('/')).header('etag')
    for (const origin of ['https://a.example', 'https://b.example', 'https://a.example']) {
      const reply = await get('/', { origin })
      expect(reply.header('etag')).toBe(tag)
      expect(reply.header('access-control-allow-origin')).toBe(origin)
      expect(reply.header('vary')?.toLowerCase()).toBe('origin')
      expect((await get('/', {}, { method: 'HEAD' })).header('etag')).toBe(tag)
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
