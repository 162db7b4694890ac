import Koa, { type Middleware } from 'koa'
import { describe, expect, it } from 'vitest'
import { httpCache } from '../../src/frameworks/koa.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { newCache } from './support/apps.js'
import { ask } from './support/client.js'
import { listen } from './support/running-app.js'

describe('httpCache as the first middleware of Koa', () => {
  it('a hit of the same cache used twice is seen by what stands between', async () => {
    const seen: unknown[] = []
    const app = new Koa()
    const cached = httpCache(newCache({ clock: new FakeClock() }), { ttl: '1m' })
    app.use(cached)
    app.use(async (ctx, next) => {
      // With it, the first one leaves the request alone.
      delete ctx.req.headers.cookie
      await next()
      seen.push([ctx.status, String(ctx.body), ctx.response.get('X-Own')])
      ctx.set('X-Between', 'b')
    })
    app.use(cached)
    app.use((ctx) => {
      ctx.set('X-Own', 'o')
      ctx.body = 'body'
    })
    const port = await listen(app.callback())
    const headers = { Cookie: 'a=1' }
    await ask(port, '/', { headers })
    const hit = await ask(port, '/', { headers })
    expect([hit.cacheStatus(), hit.header('x-between'), hit.text()]).toEqual(['hit; ttl=60', 'b', 'body'])
    expect(seen).toEqual([
      [200, 'body', 'o'],
      [200, 'body', 'o'],
    ])
  })

  it('a composer of the application’s own sees hits on the context', async () => {
    const seen: unknown[] = []
    const watched =
      ([cached, handler]: readonly Middleware[]): Middleware =>
      async (ctx, next) => {
        await cached?.(ctx, async () => handler?.(ctx, next))
        seen.push([ctx.status, String(ctx.body), ctx.response.get('X-Own')])
      }
    const app = new Koa({ compose: watched } as object)
    app.use(httpCache(newCache({ clock: new FakeClock() }), { ttl: '1m' }))
    app.use((ctx) => {
      ctx.set('X-Own', 'o')
      ctx.body = 'body'
    })
    const port = await listen(app.callback())
    await ask(port, '/')
    expect((await ask(port, '/')).cacheStatus()).toBe('hit; ttl=60')
    expect(seen).toEqual([
      [200, 'body', 'o'],
      [200, 'body', 'o'],
    ])
  })
})
