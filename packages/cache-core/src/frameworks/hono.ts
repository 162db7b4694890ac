import type { Context, MiddlewareHandler } from 'hono'
import type { Cache } from '../data/cache.js'
import { type HttpCache, toHttpCache } from '../http/engine/http-cache.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { HonoHandler } from './web/hono-handler.js'
import { takeOver } from './web/passages.js'
import { WebExchange } from './web/web-exchange.js'

/**
 * Response caching for Hono: `app.use(httpCache(cache, { ttl: '1m' }))` for all routes behind it, or on a route of its
 * own, `app.get('/items', httpCache(cache, { ttl: '5m' }), handler)`. Of two in a row the inner one is used.
 *
 * @param cache A cache, or an `HttpCache` made of one (then without options).
 * @throws InvalidOptionError naming the option.
 */
export function httpCache(cache: Cache | HttpCache, options?: HttpCacheOptions): MiddlewareHandler {
  const engine = toHttpCache(cache, options)
  return async (c, next) => {
    const request = takeOver(c.req.raw)
    const exchange = new WebExchange(request, new HonoHandler(c, next))
    const response = await exchange.answer(engine, [executionContext(c), request])
    if (response === undefined || (c.finalized && response === c.res)) return
    c.res = undefined
    c.res = response as Response
  }
}

function executionContext(c: Context): unknown {
  try {
    return c.executionCtx
  } catch {
    // The host has none.
    return undefined
  }
}
