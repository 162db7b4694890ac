import type { Context, Middleware } from 'koa'
import type { Cache } from '../data/cache.js'
import type { Exchange } from '../http/engine/exchange.js'
import { type HttpCache, toHttpCache } from '../http/engine/http-cache.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { nodeExchange } from './node-http/node-exchange.js'

/**
 * Response caching for Koa: `app.use(httpCache(cache, { ttl: '1m' }))`, or on one route of a router.
 *
 * @param cache A cache, or an `HttpCache` made of one (then without options).
 * @throws InvalidOptionError naming the option.
 */
export function httpCache(cache: Cache | HttpCache, options?: HttpCacheOptions): Middleware {
  const engine = toHttpCache(cache, options)
  return (ctx, next) => {
    if (ctx.req.httpVersionMajor !== 1) return next()
    return new Promise((resolve, reject) => {
      const proceed = (): Promise<unknown> => {
        const running = next()
        running.then(resolve, reject)
        return running
      }
      engine.handle(koaExchange(ctx, proceed, () => resolve(undefined))).catch(reject)
    })
  }
}

function koaExchange(ctx: Context, proceed: () => Promise<unknown>, answered: () => void): Exchange {
  const origin = ctx.app.proxy ? { scheme: ctx.protocol, host: ctx.host } : undefined
  const exchange = nodeExchange(ctx.req, ctx.res, { proceed, origin, holders: [ctx, ctx.request], source: ctx })
  return {
    ...exchange,
    send(head, body) {
      ctx.respond = false
      exchange.send(head, body)
      answered()
    },
  }
}
