import { AsyncLocalStorage } from 'node:async_hooks'
import { PassThrough, Readable } from 'node:stream'
import Router from '@koa/router'
import Koa, { type Context, type Middleware } from 'koa'
import compress from 'koa-compress'
import mount from 'koa-mount'
import session from 'koa-session'
import { describe, expect, it } from 'vitest'
import { httpCache } from '../../src/frameworks/koa.js'
import type { HttpCacheOptions } from '../../src/http/rules/options.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { newCache } from './support/apps.js'
import { ask, type Reply } from './support/client.js'
import { listen } from './support/running-app.js'

interface Site {
  readonly outside?: (app: Koa) => readonly Middleware[]
  readonly options?: HttpCacheOptions
  readonly proxy?: boolean
}

/** One handler behind the cache, and what stands in front of it. */
async function site(
  handler: (ctx: Context) => unknown,
  { outside = () => [], options, proxy = false }: Site = {},
): Promise<(target: string, headers?: Record<string, string>, method?: string) => Promise<Reply>> {
  const app = new Koa({ keys: ['a key'], proxy })
  app.silent = true
  for (const layer of outside(app)) app.use(layer)
  app.use(httpCache(newCache({ clock: new FakeClock() }), { ttl: '1m', ...options }))
  app.use(async (ctx) => void (await handler(ctx)))
  const port = await listen(app.callback())
  return (target, headers = {}, method = 'GET') => ask(port, target, { headers, method })
}

describe('httpCache of Koa', () => {
  it('caches what handlers put on the context: text, bytes, values, streams, and what fetch knows', async () => {
    const bodies: Record<string, () => unknown> = {
      text: () => 'grüße',
      html: () => '<p>',
      bytes: () => Buffer.from([0, 255]),
      value: () => ({ a: [1] }),
      number: () => 7,
      stream: () => Readable.from(['a', 'b']),
      empty: () => '',
      web: () => new Blob(['blob']).stream(),
      blob: () => new Blob(['blob'], { type: 'text/x' }),
      response: () => new Response('fetched', { headers: { 'x-a': 'b' } }),
    }
    let runs = 0
    const get = await site((ctx) => {
      runs++
      ctx.body = bodies[ctx.path.slice(1)]?.()
    })
    for (const name of Object.keys(bodies)) {
      const [miss, hit] = [await get(`/${name}`), await get(`/${name}`)]
      expect([name, miss.cacheStatus(), hit.cacheStatus()]).toEqual([name, 'fwd=uri-miss; stored', 'hit; ttl=60'])
      expect(hit.body).toEqual(miss.body)
      expect(hit.header('content-type')).toBe(miss.header('content-type'))
    }
    expect(runs).toBe(Object.keys(bodies).length)
  })

  it('leaves the ETag to a layer outside that sets one, so that it is the same on misses and hits', async () => {
    const tag: Middleware = async (ctx, next) => {
      await next()
      if (!ctx.res.hasHeader('ETag')) ctx.response.etag = `of ${String(ctx.body).length} bytes`
    }
    const get = await site(
      (ctx) => {
        ctx.body = 'body'
      },
      { outside: () => [tag] },
    )
    const [miss, hit] = [await get('/'), await get('/')]
    expect([hit.cacheStatus(), miss.header('etag'), hit.header('etag')]).toEqual([
      'hit; ttl=60',
      '"of 4 bytes"',
      '"of 4 bytes"',
    ])
  })

  it('keeps status, reason and fields, and HEAD and 304 have them', async () => {
    const get = await site(
      (ctx) => {
        ctx.status = 203
        ctx.message = 'Second Hand'
        ctx.set('X-Own', ['a', 'b'])
        if (ctx.path === '/known') ctx.status = 200
        ctx.etag = 'mine'
        ctx.body = 'body'
      },
      { options: { statuses: [200, 203] } },
    )
    await get('/')
    const hit = await get('/')
    expect([hit.status, hit.statusText, hit.lines('x-own'), hit.text()]).toEqual([
      203,
      'Second Hand',
      ['a', 'b'],
      'body',
    ])
    const head = await get('/', {}, 'HEAD')
    expect([head.cacheStatus(), head.header('content-length'), head.text()]).toEqual(['hit; ttl=60', '4', ''])
    await get('/known')
    const known = await get('/known', { 'If-None-Match': '"mine"' })
    expect([known.status, known.header('content-type'), known.text()]).toEqual([304, undefined, ''])
  })

  it('what layers outside do behind `await next()` is done on hits, too, and is not stored', async () => {
    let count = 0
    const get = await site(
      (ctx) => {
        ctx.body = 'x'.repeat(2_000)
      },
      {
        options: { cookies: [] },
        outside: (app) => [
          async (ctx, next) => {
            await next()
            ctx.set('X-Count', String(++count))
          },
          session({ rolling: true }, app),
          (ctx, next) => {
            ctx.session = { ...ctx.session, visited: true }
            return next()
          },
          compress({ threshold: 10 }),
        ],
      },
    )
    const replies = [
      await get('/', { 'Accept-Encoding': 'gzip' }),
      await get('/', { 'Accept-Encoding': 'identity' }),
      await get('/', { 'Accept-Encoding': 'gzip' }),
    ]
    const statuses = ['fwd=uri-miss; stored', 'fwd=miss; stored', 'hit; ttl=60']
    expect(replies.map((reply) => reply.cacheStatus())).toEqual(statuses)
    expect(replies.map((reply) => reply.header('x-count'))).toEqual(['1', '2', '3'])
    expect(replies.map((reply) => reply.header('content-encoding'))).toEqual(['gzip', undefined, 'gzip'])
    expect(replies.map((reply) => reply.lines('set-cookie').length > 0)).toEqual([true, true, true])
    expect(replies[1]?.text()).toBe('x'.repeat(2_000))
  })

  it('a session outside that sets its cookie for what the handler put into it: not stored', async () => {
    const get = await site(
      (ctx) => {
        Object.assign(ctx.session ?? {}, { seen: true })
        ctx.body = 'x'
      },
      { outside: (app) => [session(app)] },
    )
    for (let round = 0; round < 3; round++) expect((await get('/')).lines('set-cookie')).not.toEqual([])
    expect((await get('/')).cacheStatus()).toContain('sets a cookie')
  })

  it('errors, and requests that nothing answers, are left to Koa and not stored', async () => {
    let broken = true
    const get = await site((ctx) => {
      if (ctx.path === '/missing') return
      if (broken) ctx.throw(503, 'later')
      ctx.body = 'well'
    })
    expect((await get('/')).status).toBe(503)
    broken = false
    expect((await get('/')).text()).toBe('well')
    expect((await get('/missing')).status).toBe(404)
  })

  it('a value that has no JSON is an error, with and without a stored one to be', async () => {
    const get = await site((ctx) => {
      const circle: Record<string, unknown> = {}
      circle.circle = circle
      ctx.body = circle
    })
    expect((await get('/')).status).toBe(500)
  })

  it('what a layer outside answers instead of waiting for the handler is not stored', async () => {
    let runs = 0
    const get = await site(
      async (ctx) => {
        if (++runs === 1) await new Promise<never>(() => ctx.state.giveUp())
        ctx.body = 'of the handler'
      },
      {
        outside: () => [
          async (ctx, next) => {
            const tooLate = new Promise<boolean>((resolve) => {
              ctx.state.giveUp = () => resolve(true)
            })
            if (await Promise.race([next(), tooLate])) ctx.body = 'instead'
          },
        ],
      },
    )
    const bodies: string[] = []
    for (let round = 0; round < 3; round++) bodies.push((await get('/')).text())
    expect([bodies, runs]).toEqual([['instead', 'of the handler', 'of the handler'], 2])
  })

  it('a layer outside may answer for a handler that fails', async () => {
    const get = await site(
      () => {
        throw new Error('boom')
      },
      {
        outside: () => [
          async (ctx, next) => {
            try {
              await next()
            } catch (error) {
              ctx.status = 500
              ctx.body = { message: (error as Error).message }
            }
          },
        ],
      },
    )
    const reply = await get('/')
    expect([reply.status, reply.text()]).toEqual([500, '{"message":"boom"}'])
  })

  it('a stream that breaks off leaves nothing behind, and one that is too large passes', async () => {
    let broken = true
    const get = await site(
      (ctx) => {
        if (ctx.path === '/large') ctx.body = Readable.from(['x'.repeat(3_000), 'y'.repeat(3_000)])
        else {
          const body = new PassThrough()
          ctx.body = body
          body.write('half')
          setImmediate(() => (broken ? body.destroy(new Error('boom')) : body.end(' whole')))
        }
      },
      { options: { maxBodyBytes: 4_000 } },
    )
    await get('/').catch(() => undefined)
    broken = false
    const second = await get('/')
    expect([second.text(), second.cacheStatus()]).toEqual(['half whole', 'fwd=uri-miss; stored'])
    expect((await get('/large')).body.length).toBe(6_000)
    expect((await get('/large')).cacheStatus()).toBe('fwd=miss; detail="response is larger than maxBodyBytes"')
  })

  it('host and protocol are those that a trusted proxy names', async () => {
    const get = await site(
      (ctx) => {
        ctx.body = `${ctx.protocol} ${ctx.host}`
      },
      { proxy: true },
    )
    const from = (host: string) => ({ 'X-Forwarded-Host': host, 'X-Forwarded-Proto': 'https' })
    for (let pass = 0; pass < 2; pass++) {
      expect((await get('/', from('a.example'))).text()).toBe('https a.example')
      expect((await get('/', from('b.example'))).text()).toBe('https b.example')
    }
  })

  it('a write invalidates what the layers outside see answered', async () => {
    let version = 1
    const get = await site((ctx) => {
      if (ctx.method === 'PUT') version++
      ctx.body = { version }
    })
    await get('/')
    expect((await get('/', {}, 'PUT')).text()).toBe('{"version":2}')
    expect((await get('/')).text()).toBe('{"version":2}')
  })

  it('stands in front of one route of a router, and of a mounted application', async () => {
    const cached = httpCache(newCache({ clock: new FakeClock() }), { ttl: '1m' })
    const router = new Router()
    router.get('/items/:id', cached, (ctx) => {
      ctx.body = `item ${ctx.params.id}`
    })
    router.get('/free', (ctx) => {
      ctx.body = 'free'
    })
    const inner = new Koa()
    inner.use(cached)
    inner.use((ctx) => {
      ctx.body = `inner ${ctx.path}`
    })
    const app = new Koa()
    app.use(mount('/mounted', inner))
    app.use(router.routes())
    const port = await listen(app.callback())
    for (const [path, body] of [
      ['/items/7', 'item 7'],
      ['/mounted/x', 'inner /x'],
    ] as const) {
      await ask(port, path)
      const hit = await ask(port, path)
      expect([hit.cacheStatus(), hit.text()]).toEqual(['hit; ttl=60', body])
    }
    expect((await ask(port, '/free')).header('cache-status')).toBeUndefined()
  })

  it('a handler finds the async context that a layer outside has opened', async () => {
    const users = new AsyncLocalStorage<string>()
    const get = await site(
      (ctx) => {
        ctx.body = users.getStore() ?? 'nobody'
      },
      {
        outside: () => [(_ctx, next) => users.run('somebody', next)],
      },
    )
    expect((await get('/')).text()).toBe('somebody')
  })
})
