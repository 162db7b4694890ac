import type { Context, Middleware } from 'koa'
import type { Cache } from '../data/cache.js'
import type { HttpCache } from '../http/engine/http-cache.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { engineOf, handleInnermost } from './node-http/innermost.js'
import { koaExchange } from './node-http/koa-exchange.js'

/**
 * Response caching for Koa: `app.use(httpCache(cache, { ttl: '1m' }))`, or on one route of a router.
 *
 * What is used before it runs on every request, hit or not, also what it does after its `await next()`: that is the
 * place of what refuses requests, sets cookies or compresses. What is used after it runs on misses. A response that is
 * stored goes outwards as a Buffer, on the miss as on the hits.
 *
 * @param cache A cache, or an `HttpCache` made of one (then without options).
 * @param options `false`: nothing is cached here, not by an `httpCache` outside of this one either.
 * @throws InvalidOptionError naming the option.
 */
export function httpCache(cache: Cache | HttpCache, options?: HttpCacheOptions<Context> | false): Middleware {
  const engine = engineOf(cache, options)
  return (ctx, next) =>
    new Promise<void>((resolve, reject) => {
      const handling = handleInnermost(engine, ctx.req, () => koaExchange(ctx, next, resolve, reject))
      if (handling === undefined) next().then(resolve, reject)
      else handling.catch(reject)
    })
}
