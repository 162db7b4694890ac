import Koa from 'koa'
import { httpCache } from '../../../../src/frameworks/koa.js'
import { listen, startWith } from '../running-app.js'

export const startKoa = startWith(({ engine, cache, route, outside, handler }) => {
  const app = new Koa()
  app.silent = true
  app.use((ctx, next) => {
    outside(ctx.req, ctx.res)
    return next()
  })
  app.use(httpCache(engine))
  if (route !== undefined) app.use(httpCache(cache, route))
  app.use(async (ctx) => {
    ctx.respond = false
    ctx.res.statusCode = 200
    await handler(ctx.req, ctx.res)
  })
  return listen(app.callback())
})
