import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import { httpCache } from '../../src/frameworks/koa.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { newCache } from './support/apps.js'
import { ask } from './support/client.js'
import { listen } from './support/running-app.js'

describe('the length of a hit on Koa', () => {
  it('stands on it once, and not where a layer outside has chosen chunks', async () => {
    const app = new Koa()
    app.use(async (ctx, next) => {
      if (ctx.path === '/chunks') ctx.set('Transfer-Encoding', 'chunked')
      await next()
    })
    app.use(httpCache(newCache({ clock: new FakeClock() }), { ttl: '1m' }))
    app.use((ctx) => {
      ctx.body = 'body'
    })
    const port = await listen(app.callback())
    for (const [path, length] of [
      ['/chunks', undefined],
      ['/plain', '4'],
    ] as const) {
      await ask(port, path)
      const hit = await ask(port, path)
      expect([hit.cacheStatus(), hit.text(), hit.header('content-length')]).toEqual(['hit; ttl=60', 'body', length])
    }
  })
})
