import type { Context, Middleware } from 'koa'
import type { Cache } from '../data/cache.js'
import { HANDLED, type HttpCache } from '../http/engine/http-cache.js'
import { PurgeEndpoint, type PurgeHandlerOptions } from '../http/engine/purge-endpoint.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { handleInnermost, httpCacheOf } from './node-http/innermost.js'
import { KoaExchange } from './node-http/koa-exchange.js'
import { passageOf } from './node-http/passages.js'
import { answerNode, headersFor } from './purges/node-purge.js'

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
  const engine = httpCacheOf(cache, options)
  const middleware: Middleware = (ctx, next) => {
    let exchange: KoaExchange | undefined
    const newExchange = (): KoaExchange => {
      exchange = new KoaExchange(ctx, next, isOutermost(middleware, ctx))
      return exchange
    }
    const handling = handleInnermost(engine, ctx.req, newExchange)
    if (handling === undefined || exchange === undefined) return next()
    const { done } = exchange
    if (handling !== HANDLED) handling.catch((error: unknown) => exchange?.fail(error))
    return done
  }
  return middleware
}

/**
 * Whether nobody reads the context after this middleware. Another may stand around it where the application composes
 * them in a way of its own, or where this same one was used twice.
 */
function isOutermost(middleware: Middleware, { app, req }: Context): boolean {
  const { compose } = app as { readonly compose?: { readonly name: string } }
  const isKoas = compose === undefined || compose.name === 'compose'
  return app.middleware[0] === middleware && isKoas && passageOf(req) === undefined
}

/**
 * A handler for a purge endpoint, for a route of a router or a path of one's own.
 * @throws InvalidOptionError naming the option.
 */
export function purgeHandler(httpCache: HttpCache, options: PurgeHandlerOptions): (ctx: Context) => Promise<void> {
  const endpoint = new PurgeEndpoint(httpCache, options)
  return async (ctx) => {
    const parsed = (ctx.request as { readonly body?: unknown }).body
    const { status, headers, body } = await answerNode(endpoint, ctx.req, parsed)
    ctx.status = status
    ctx.set(headersFor(ctx.req, headers))
    ctx.body = body
  }
}
