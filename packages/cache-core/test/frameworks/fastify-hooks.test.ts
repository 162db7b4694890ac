import { randomBytes } from 'node:crypto'
import { pipeline, Readable } from 'node:stream'
import { createGzip, gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import session from '@fastify/session'
import { type FastifyInstance, fastify as fastify5, type onRequestHookHandler } from 'fastify'
import { fastify as fastify4 } from 'fastify4'
import { describe, expect, it } from 'vitest'
import { type FastifyHttpCacheOptions, httpCache } from '../../src/frameworks/fastify.js'
import { httpCache as nodeHttpCache } from '../../src/frameworks/node.js'
import { mayChangeReply } from '../../src/frameworks/node-http/reply-stored.js'
import { later, newCache } from './support/apps.js'

const MAJORS: readonly (readonly [string, () => FastifyInstance])[] = [
  ['Fastify 4', () => fastify4() as never as FastifyInstance],
  ['Fastify 5', () => fastify5() as FastifyInstance],
]

/** Refuses who has no key. */
const guard: onRequestHookHandler = (request, reply, done) => {
  if (request.headers['x-key'] === 'right') done()
  else void reply.code(401).send('no')
}

describe.each(MAJORS)('%s: a guard runs before the cache', (_, fastify) => {
  /** The status with the key, that of a hit with it, and the status without. */
  async function tried(app: FastifyInstance): Promise<readonly unknown[]> {
    later(() => app.close())
    const headers = { 'x-key': 'right' }
    const miss = await app.inject({ url: '/', headers })
    const hit = await app.inject({ url: '/', headers })
    expect(hit.headers['cache-status']).toContain('hit')
    return [miss.statusCode, hit.statusCode, (await app.inject('/')).statusCode]
  }

  /** The header that the guard reads is no credential by its name; the answer is the same for all. */
  async function withCache(): Promise<FastifyInstance> {
    const app = fastify()
    await app.register(httpCache, { cache: newCache(), ttl: '1m', headers: [] })
    return app
  }

  const ways: readonly (readonly [string, (hooks: onRequestHookHandler[]) => onRequestHookHandler[]])[] = [
    ['in a new list, behind', (hooks) => [...hooks, guard]],
    ['in a new list, in front', (hooks) => [guard, ...hooks]],
  ]

  it.each(ways)('that onRoute of a later plugin adds %s', async (_way, added) => {
    const app = await withCache()
    app.addHook('onRoute', (route) => {
      route.onRequest = added([route.onRequest ?? []].flat() as onRequestHookHandler[])
    })
    app.get('/', async () => 'x')
    expect(await tried(app)).toEqual([200, 200, 401])
  })

  it('that onRoute pushes in place', async () => {
    const app = await withCache()
    app.addHook('onRoute', (route) => void (route.onRequest as onRequestHookHandler[]).push(guard))
    app.get('/', async () => 'x')
    expect(await tried(app)).toEqual([200, 200, 401])
  })

  it('that onRoute puts in the place of all', async () => {
    const app = await withCache()
    app.addHook('onRoute', (route) => {
      route.onRequest = guard
    })
    app.get('/', async () => 'x')
    expect(await tried(app)).toEqual([200, 200, 401])
  })

  it('that is added to the application after the route', async () => {
    const app = await withCache()
    app.get('/', async () => 'x')
    app.addHook('onRequest', guard)
    expect(await tried(app)).toEqual([200, 200, 401])
  })

  it('that the route has itself, in an inner context with a cache of its own', async () => {
    const app = await withCache()
    await app.register(async (inner) => {
      await inner.register(httpCache, { cache: newCache(), ttl: '1m', headers: [] })
      inner.addHook('onRoute', (route) => {
        route.onRequest = [route.onRequest ?? [], guard].flat() as onRequestHookHandler[]
      })
      inner.get('/', async () => 'x')
    })
    expect(await tried(app)).toEqual([200, 200, 401])
  })

  it('that is none is refused by Fastify, as without the cache', async () => {
    const app = await withCache()
    later(() => app.close())
    for (const hook of [null, [undefined], 'hook'] as never[]) {
      expect(() => app.get('/x', { onRequest: hook }, async () => 'x')).toThrow(/onRequest hook should be a function/)
    }
  })

  it('and says what is wrong where it could not be registered', async () => {
    const cache = newCache()
    for (const value of [true, 'yes', ['ttl'], null]) {
      const app = await withCache()
      later(() => app.close())
      expect(() => app.get('/x', { config: { cache: value as never } }, async () => 'x')).toThrow(
        /config\.cache.*GET \/x/,
      )
    }
    const typed = await withCache()
    later(() => typed.close())
    // @ts-expect-error the compiler says so, too
    expect(() => typed.get('/y', { config: { cache: true } }, async () => 'y')).toThrow(/config\.cache/)
    const app = fastify()
    later(() => app.close())
    app.register(nodeHttpCache(cache, { ttl: '1m' }) as never)
    await expect(Promise.resolve(app.ready())).rejects.toThrow(/@tiercel\/cache-core\/fastify/)
    await expect(httpCache(cache as never, { ttl: '1m' } as never)).rejects.toThrow(/app\.register/)
  })
})

describe('Fastify and its plugins', () => {
  async function withCache(options: Partial<FastifyHttpCacheOptions> = {}): Promise<FastifyInstance> {
    const app = fastify5() as FastifyInstance
    later(() => app.close())
    await app.register(httpCache, { cache: newCache(), ttl: '1m', cookies: [], ...options })
    return app
  }

  it('a rate limit counts hits', async () => {
    const app = await withCache()
    await app.register(rateLimit, { max: 2 })
    app.get('/', async () => 'x')
    await app.ready()
    const statuses = []
    for (let index = 0; index < 3; index++) statuses.push((await app.inject('/')).statusCode)
    expect(statuses).toEqual([200, 200, 429])
  })

  it('a cookie that an outer hook sets for a new visitor is there on hits', async () => {
    const app = await withCache()
    await app.register(cookie)
    app.addHook('onRequest', async (request, reply) => {
      if (request.cookies.visitor === undefined) reply.setCookie('visitor', 'new')
    })
    app.get('/', async () => 'x')
    const known = { cookie: 'visitor=old' }
    expect((await app.inject({ url: '/', headers: known })).headers['set-cookie']).toBeUndefined()
    const hit = await app.inject('/')
    expect([hit.headers['cache-status'], hit.headers['set-cookie'], hit.body]).toEqual([
      expect.stringContaining('hit'),
      'visitor=new; SameSite=Lax',
      'x',
    ])
    expect((await app.inject({ url: '/', headers: known })).headers['set-cookie']).toBeUndefined()
  })

  it('a rolling session is renewed on hits', async () => {
    const app = await withCache()
    await app.register(cookie)
    const settings = { secure: false, maxAge: 60_000 }
    const secret = 'a secret with a length of more than 32 characters'
    await app.register(session, { secret, cookie: settings, rolling: true, saveUninitialized: false })
    app.post('/login', async (request) => {
      Object.assign(request.session, { user: 'somebody' })
      return 'in'
    })
    app.get('/', async () => 'x')
    const login = await app.inject({ method: 'POST', url: '/login' })
    const set = String(login.headers['set-cookie'])
    await app.inject('/')
    const hit = await app.inject({ url: '/', headers: { cookie: set.split(';')[0] as string } })
    expect([hit.headers['cache-status'], hit.headers['set-cookie']]).toEqual([
      expect.stringContaining('hit'),
      expect.stringContaining('sessionId='),
    ])
    expect((await app.inject('/')).headers['set-cookie']).toBeUndefined()
  })

  it('a body that onSend hooks change is changed once, and each client can read it', async () => {
    const app = await withCache()
    await app.register(compress, { threshold: 1 })
    let count = 0
    app.addHook('onSend', async (_request, reply, payload) => {
      reply.header('x-count', ++count)
      return payload
    })
    app.get('/', async (_request, reply) => reply.type('text/plain').send('x'.repeat(5_000)))
    const get = (encoding: string) => app.inject({ url: '/', headers: { 'accept-encoding': encoding } })
    for (const [encoding, decode] of [
      ['gzip', gunzipSync],
      ['identity', (bytes: Buffer) => bytes],
    ] as const) {
      const [miss, hit] = [await get(encoding), await get(encoding)]
      expect(decode(hit.rawPayload).toString()).toBe('x'.repeat(5_000))
      expect(hit.rawPayload).toEqual(miss.rawPayload)
      expect(hit.headers['cache-status']).toContain('hit')
      expect([hit.headers['content-encoding'], hit.headers.vary]).toEqual([
        miss.headers['content-encoding'],
        miss.headers.vary,
      ])
      expect(hit.headers['x-count']).not.toBe(miss.headers['x-count'])
    }
  })

  it('a stream that an onSend hook puts in place of the body is read to its end on hits, too', async () => {
    const app = await withCache()
    const ends: unknown[] = []
    app.addHook('onSend', async (_request, reply, payload) => {
      reply.header('content-encoding', 'gzip')
      return pipeline(Readable.from([payload]), createGzip(), (error) => ends.push(error))
    })
    app.get('/', async () => randomBytes(300_000))
    const [miss, hit] = [await app.inject('/'), await app.inject('/')]
    expect(hit.rawPayload).toEqual(miss.rawPayload)
    await expect.poll(() => ends).toEqual([undefined, undefined])
  })

  it('a Content-Type that a hook before the cache has set is on hits, though onSend hooks run', async () => {
    const app = await withCache()
    app.addHook('onRequest', async (_request, reply) => void reply.type('text/html'))
    app.addHook('onSend', async () => {})
    app.get('/', async () => '<p>')
    const types = []
    for (const method of ['GET', 'GET', 'HEAD'] as const) {
      types.push((await app.inject({ method, url: '/' })).headers['content-type'])
    }
    expect(types).toEqual(['text/html', 'text/html', 'text/html'])
  })

  it('an onSend hook that fails on a hit is answered by the error handler', async () => {
    const app = await withCache()
    let broken = false
    app.addHook('onSend', async (_request, reply) => {
      if (broken && reply.statusCode === 200) throw new Error('boom')
    })
    app.get('/', async (_request, reply) => reply.header('cache-control', 'max-age=60').type('text/html').send('x'))
    await app.inject('/')
    broken = true
    const reply = await app.inject('/')
    expect([reply.statusCode, reply.json().message]).toEqual([500, 'boom'])
    expect(reply.headers['cache-control']).toBeUndefined()
  })

  it('a field that a hook outside sets is its own on hits of a stream, too', async () => {
    const app = await withCache()
    let requests = 0
    app.addHook('onRequest', async (_request, reply) => void reply.header('x-remaining', String(10 - ++requests)))
    app.get('/', (_request, reply) => reply.type('text/plain').send(Readable.from(['a', 'b'])))
    await app.inject('/')
    const hit = await app.inject('/')
    expect([hit.body, hit.headers['x-remaining']]).toEqual(['ab', '8'])
    expect(hit.headers['cache-status']).toContain('hit')
  })
})

describe.each(MAJORS)('%s: a hit that no hook can change', (_, fastify) => {
  async function listening(app: FastifyInstance): Promise<() => Promise<Response>> {
    later(() => app.close())
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return () => fetch(`${url}/`)
  }

  async function withCache(): Promise<FastifyInstance> {
    const app = fastify()
    await app.register(httpCache, { cache: newCache(), ttl: '1m' })
    app.get('/', (_request, reply) => reply.code(203).type('text/html').header('x-own', 'set').send('body'))
    return app
  }

  it('shows its status and fields to onResponse hooks, over those that layers outside have set', async () => {
    const app = await withCache()
    const seen: unknown[] = []
    app.addHook('onRequest', async (_request, reply) => void reply.header('x-own', 'outside').header('x-outside', '1'))
    app.addHook('onResponse', async (_request, reply) => {
      const fields = ['content-type', 'content-length', 'x-own', 'x-outside'].map((name) => reply.getHeader(name))
      seen.push([reply.sent, reply.statusCode, ...fields.map(String)])
    })
    const get = await listening(app)
    expect(await (await get()).text()).toBe('body')
    const hit = await get()
    expect([await hit.text(), hit.status, hit.headers.get('x-own'), hit.headers.get('x-outside')]).toEqual([
      'body',
      203,
      'set',
      '1',
    ])
    expect(hit.headers.get('cache-status')).toContain('hit')
    await expect.poll(() => seen).toHaveLength(2)
    expect(seen[1]).toEqual([true, 203, 'text/html', '4', 'set', '1'])
    expect(seen[0]).toEqual(seen[1])
  })

  it('comes through onSend hooks that are added after the route', async () => {
    const app = await withCache()
    let sends = 0
    app.addHook('onSend', async (_request, reply) => void reply.header('x-sends', String(++sends)))
    const get = await listening(app)
    await get()
    const hit = await get()
    expect([hit.headers.get('cache-status'), hit.headers.get('x-sends')]).toEqual([expect.stringContaining('hit'), '2'])
  })

  it('comes through what a hook has put in place of `reply.send`', async () => {
    const app = await withCache()
    const sent: unknown[] = []
    app.addHook('onRequest', async (_request, reply) => {
      const { send } = reply
      reply.send = (payload) => {
        sent.push(String(payload))
        return send.call(reply, payload)
      }
    })
    const get = await listening(app)
    await get()
    expect(await (await get()).text()).toBe('body')
    expect(sent).toEqual(['body', 'body'])
  })

  it('is sent beneath Fastify: this version shows that a route has no onSend hooks', async () => {
    const changeable: boolean[] = []
    const ask = (app: FastifyInstance): FastifyInstance =>
      app.addHook('onRequest', async (request, reply) => void changeable.push(mayChangeReply(request, reply)))
    const plain = ask(await withCache())
    await (await listening(plain))()
    const hooked = ask(await withCache()).addHook('onSend', async () => undefined)
    await (await listening(hooked))()
    expect(changeable).toEqual([false, true])
  })
})
