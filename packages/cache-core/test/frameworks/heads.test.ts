import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import compression from 'compression'
import cookieSession from 'cookie-session'
import cors from 'cors'
import express, { type Express, type RequestHandler } from 'express'
import session from 'express-session'
import express4 from 'express4'
import fastify from 'fastify'
import helmet from 'helmet'
import responseTime from 'response-time'
import { describe, expect, it } from 'vitest'
import { httpCache } from '../../src/frameworks/fastify.js'
import { later, newCache } from './support/apps.js'
import { type Asking, ask, type Reply } from './support/client.js'
import { essence, twins } from './support/twins.js'

type Layer = (res: ServerResponse, req: IncomingMessage) => void

const ORIGIN = { Origin: 'http://o.example' }
/** A layer that does something only to some requests. */
const onlyWithOrigin =
  (layer: Layer): Layer =>
  (res, req) =>
    void (req.headers.origin && layer(res, req))

/** What layers outside do, what the handler does, and who asks: first to fill the cache, then for a hit. */
const HEADS: Readonly<Record<string, readonly [outside: Layer, handler: Layer, first?: object, then?: object]>> = {
  'a field that the handler removes': [
    (res) => res.setHeader('X-Frame-Options', 'DENY'),
    (res) => res.removeHeader('x-frame-options'),
  ],
  'a field that the handler removes before the layer has ever set it': [
    onlyWithOrigin((res) => res.setHeader('X-Late', '1')),
    (res) => res.removeHeader('X-Late'),
    {},
    ORIGIN,
  ],
  'a field set to the value that a layer sets sometimes': [
    onlyWithOrigin((res) => res.setHeader('X-Robots', 'none')),
    (res) => res.setHeader('X-Robots', 'none'),
    ORIGIN,
    {},
  ],
  'the same in writeHead': [
    onlyWithOrigin((res) => res.setHeader('X-Robots', 'none')),
    (res) => res.writeHead(200, 'Fine', { 'x-robots': 'none' }),
    ORIGIN,
    {},
  ],
  'the same in a flat list': [
    onlyWithOrigin((res) => res.setHeader('X-Robots', 'none')),
    (res) => res.writeHead(200, ['X-Robots', 'none', 'X-Two', '2']),
    ORIGIN,
    {},
  ],
  'the same by setHeaders': [
    onlyWithOrigin((res) => res.setHeader('X-Robots', 'none')),
    (res) => res.setHeaders(new Map([['X-Robots', 'none']])),
    ORIGIN,
    {},
  ],
  'a field removed and set again': [
    (res, req) => res.setHeader('X-Who', String(req.headers.origin)),
    (res) => {
      res.removeHeader('X-Who')
      res.setHeader('X-Who', 'me')
    },
    ORIGIN,
    {},
  ],
  'lines appended to those of a layer': [
    (res, req) => res.setHeader('Link', `</${req.headers.origin ? 'o' : 'none'}>`),
    (res) => res.appendHeader('Link', ['</a>', '</b>']),
    {},
    ORIGIN,
  ],
  'lines appended where a layer set none': [
    onlyWithOrigin((res) => res.setHeader('Link', '</o>')),
    (res) => res.appendHeader('Link', '</a>'),
    {},
    ORIGIN,
  ],
  'Vary of a layer that comes and goes': [
    onlyWithOrigin((res) => res.setHeader('Vary', 'Origin')),
    (res) => res.setHeader('Vary', [res.getHeader('Vary'), 'Accept-Encoding'].filter(Boolean).join(', ')),
    {},
    ORIGIN,
  ],
  'a status and a reason': [() => {}, (res) => Object.assign(res, { statusCode: 203, statusMessage: 'Well' })],
  'fields that a layer counts': [
    (res, req) => res.setHeader('X-Count', String(req.headers['x-count'])),
    (res) => res.setHeader('X-Own', '1'),
    { 'X-Count': '1' },
    { 'X-Count': '2' },
  ],
}

/** Order of lines and of members of a list does not count, nor whether they stand in one line or in several. */
function joined(reply: Reply): { fields: Record<string, string[]> } {
  const { fields, ...rest } = essence(reply) as { fields: string[] }
  const values: Record<string, string[]> = {}
  for (const field of fields) {
    const [name, value] = field.split(/: (.*)/s) as [string, string]
    values[name] = [...(values[name] ?? []), ...value.split(', ')].toSorted()
  }
  return { ...rest, fields: values }
}

function withoutFraming(reply: Reply): unknown {
  const { fields, ...rest } = joined(reply)
  const { 'content-length': _length, 'transfer-encoding': _encoding, ...own } = fields
  return { ...rest, fields: own }
}

describe('the lines of a miss', () => {
  it('stand where they would without the cache, and as many', async () => {
    const app = await twins((layer) => (req, res) => {
      layer(req, res, () => {
        res.setHeader('X-One', 'set')
        res.setHeader('X-Two', 'set')
        const given: Record<string, [unknown]> = {
          '/object': [{ 'x-one': 'written', Link: ['</a>', '</b>'] }],
          '/list': [['X-Three', '1', 'Link', '</a>', 'Link', '</b>', 'X-One', 'written']],
        }
        res.writeHead(203, ...(given[req.url as string] as [never])).end('x')
      })
    })
    for (const path of ['/object', '/list']) {
      const { plain, cached } = await app.ask(path)
      const own = cached.rawHeaders.filter((_, i) => !cached.rawHeaders[i - (i % 2)]?.startsWith('Cache-'))
      expect(own.filter((line) => !line.includes('GMT'))).toEqual(
        plain.rawHeaders.filter((line) => !line.includes('GMT')),
      )
    }
  })
})

describe('what the handler did to the head is done to every hit, over what layers outside do', () => {
  it.each(Object.entries(HEADS))('%s', async (_name, [outside, handler, first = {}, then = {}]) => {
    const setup = { options: { etag: false } }
    const app = await twins(
      (layer) => (req, res) => {
        outside(res, req)
        layer(req, res, () => {
          handler(res, req)
          res.end('x')
        })
      },
      setup,
    )
    for (const [headers, status] of [
      [first, 'fwd'],
      [then, 'hit'],
      [first, 'hit'],
    ] as const) {
      const { plain, cached } = await app.ask('/', { headers } as Asking)
      expect(cached.cacheStatus().slice(0, 3)).toBe(status)
      // The length of a body that was streamed is known afterwards.
      expect(withoutFraming(cached)).toEqual(withoutFraming(plain))
    }
  })
})

type MakeExpress = () => Express

describe.each([
  ['Express 5', express as MakeExpress],
  ['Express 4', express4 as unknown as MakeExpress],
])('%s: heads with the layers that people have', (_, make) => {
  async function start(outside: RequestHandler[], handler: RequestHandler, options = {}) {
    return twins(
      (layer) => {
        const app = make()
        app.use(...outside, layer as unknown as RequestHandler)
        app.get('/', handler)
        return app as RequestListener
      },
      { options },
    )
  }

  it('helmet outside, a handler that takes a field away and changes another', async () => {
    const app = await start([helmet()], (_req, res) => {
      res.removeHeader('X-Frame-Options')
      res.set('Referrer-Policy', 'origin').append('Link', '</a>').vary('Accept').json({ ok: true })
    })
    for (const status of ['fwd', 'hit']) {
      const { plain, cached } = await app.ask('/')
      expect(cached.cacheStatus().slice(0, 3)).toBe(status)
      expect(joined(cached)).toEqual(joined(plain))
      expect(cached.header('x-frame-options')).toBeUndefined()
    }
  })

  it('cors outside: Origin and what the handler varies on stand in Vary', async () => {
    const app = await start(
      [cors({ origin: [/example/] })],
      (_req, res) => void res.vary('Accept-Encoding').type('text').send('x'),
    )
    for (const headers of [{}, ORIGIN, {}, ORIGIN]) {
      const { plain, cached } = await app.ask('/', { headers })
      expect(joined(cached)).toEqual(joined(plain))
      expect(cached.header('vary')).toBe('Origin, Accept-Encoding')
    }
  })

  it('a 304 and a HEAD of a hit hold nothing that does not belong there', async () => {
    const outer: RequestHandler = (_req, res, next) => {
      res.type('html').set('Content-Language', 'en')
      next()
    }
    const app = await start([compression({ threshold: 0 }), outer], (_req, res) => void res.send('x'.repeat(3_000)))
    const headers = { 'Accept-Encoding': 'gzip' }
    await app.ask('/', { headers })
    const { plain, cached } = await app.ask('/', { method: 'HEAD', headers })
    expect(joined(cached)).toEqual(joined(plain))
    const etag = cached.header('etag') as string
    const fresh = await app.ask('/', { headers: { ...headers, 'If-None-Match': etag } })
    expect(fresh.cached.status).toBe(304)
    for (const name of ['content-type', 'content-encoding', 'content-length', 'content-language']) {
      expect(fresh.cached.header(name)).toBeUndefined()
    }
  })

  it('repeated lines in a list, with layers outside that override writeHead', async () => {
    const app = await start([helmet(), responseTime() as RequestHandler], (_req, res) => {
      res.writeHead(200, ['Content-Type', 'text/plain', 'Link', '</a>', 'Link', '</b>', 'X-Frame-Options', 'DENY'])
      res.end('x')
    })
    for (const status of ['fwd', 'hit']) {
      const { plain, cached } = await app.ask('/')
      expect(cached.cacheStatus().slice(0, 3)).toBe(status)
      expect(cached.lines('link')).toEqual(['</a>', '</b>'])
      expect(withoutFraming(cached)).toEqual({ ...(withoutFraming(plain) as object), fields: expect.anything() })
      expect(cached.lines('link')).toEqual(plain.lines('link'))
      expect(cached.lines('x-frame-options')).toEqual(plain.lines('x-frame-options'))
    }
  })

  it('a session outside that sets its cookie for what the handler put into it: not stored', async () => {
    for (const sessions of [
      session({ secret: 's', resave: false, saveUninitialized: false }),
      cookieSession({ keys: ['k'] }),
    ]) {
      const app = await start([sessions as RequestHandler], (req, res) => {
        Object.assign((req as { session?: object }).session ?? {}, { seen: true })
        res.json({ ok: true })
      })
      for (let round = 0; round < 3; round++) expect((await ask(app.cached, '/')).lines('set-cookie')).not.toEqual([])
      expect((await ask(app.cached, '/')).cacheStatus()).toContain('sets a cookie')
    }
  })

  it('a page that holds the nonce of a layer outside is not stored, and the detail says why', async () => {
    let count = 0
    const nonce: RequestHandler = (_req, res, next) => {
      res.locals.nonce = `n${++count}`
      res.set('Content-Security-Policy', `script-src 'self' 'nonce-${res.locals.nonce}'`)
      next()
    }
    const handlers: Record<string, RequestHandler> = {
      page: (_req, res) => void res.send(`<script nonce="${res.locals.nonce}">`),
      json: (_req, res) => void res.json({ html: `<script nonce="${res.locals.nonce}">` }),
    }
    for (const handler of Object.values(handlers)) {
      const app = await start([nonce], handler)
      for (let round = 0; round < 3; round++) {
        const reply = await ask(app.cached, '/')
        const inBody = /n\d+/.exec(reply.text().replace('nonce', ''))?.[0] as string
        expect(reply.header('content-security-policy')).toContain(`'nonce-${inBody}'`)
        if (handler === handlers.page || round > 0) expect(reply.cacheStatus()).toContain('nonce')
      }
    }
    const other = await start([nonce], (_req, res) => void res.json({ no: 'script' }))
    await ask(other.cached, '/')
    expect((await ask(other.cached, '/')).cacheStatus()).toContain('hit')
    const own = await start(
      [nonce],
      (_req, res) => void res.set('Content-Security-Policy', "script-src 'nonce-own'").send('own'),
    )
    await ask(own.cached, '/')
    expect((await ask(own.cached, '/')).header('content-security-policy')).toBe("script-src 'nonce-own'")
  })
})

describe('Fastify: heads', () => {
  it('fields of the reply that outer hooks set, and the handler set to the same value, or took away', async () => {
    const app = fastify()
    later(() => app.close())
    app.addHook('onRequest', async (request, reply) => {
      reply.raw.setHeader('X-Raw', 'outer')
      reply.header('x-gone', '1')
      if (request.headers.origin) reply.header('vary', 'Origin').header('x-robots', 'none')
    })
    await app.register(httpCache, { cache: newCache(), ttl: '1m' })
    app.get('/', async (_request, reply) => {
      reply.removeHeader('x-gone').header('x-robots', 'none').header('vary', 'Accept')
      reply.raw.removeHeader('x-raw')
      return { ok: true }
    })
    for (const headers of [{ origin: 'http://o.example' }, {}, { origin: 'http://o.example' }]) {
      const reply = await app.inject({ url: '/', headers })
      expect(reply.headers).toMatchObject({ 'x-robots': 'none', 'content-type': 'application/json; charset=utf-8' })
      expect([reply.headers['x-gone'], reply.headers['x-raw']]).toEqual([undefined, undefined])
    }
    expect((await app.inject({ url: '/', headers: { origin: 'http://o.example' } })).headers.vary).toBe(
      'Origin, Accept',
    )
  })
})
