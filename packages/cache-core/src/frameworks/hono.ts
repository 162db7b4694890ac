import type { Context, MiddlewareHandler } from 'hono'
import type { Cache } from '../data/cache.js'
import { type HttpCache, toHttpCache } from '../http/engine/http-cache.js'
import type { PurgeHandlerOptions } from '../http/engine/purge-endpoint.js'
import { isUnsafe } from '../http/rules/invalidation.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { webPurgeHandler } from './purges/web-purge.js'
import { HonoHandler } from './web/hono-handler.js'
import { honoAgain } from './web/hono-rerun.js'
import { takeOver } from './web/passages.js'
import { answerBehind, type WebHost } from './web/web-exchange.js'

/**
 * Response caching for Hono: `app.use(httpCache(cache, { ttl: '1m' }))` for all routes behind it, or on a route of its
 * own, `app.get('/items', httpCache(cache, { ttl: '5m' }), handler)`.
 *
 * What is used before it runs on every request, hit or not: that is the place of what refuses requests, sets cookies
 * or compresses. What is used after it runs on misses.
 *
 * @param cache A cache, or an `HttpCache` made of one (then without options).
 * @param options `false`: nothing is cached here, not by an `httpCache` outside of this one either.
 * @throws InvalidOptionError naming the option.
 */
export function httpCache(cache: Cache | HttpCache, options?: HttpCacheOptions<Context> | false): MiddlewareHandler {
  const engine = toHttpCache(cache, options === false ? undefined : options)
  return (c, next) => {
    if (engine.hearsOnly && !isUnsafe(c.req.method)) return next()
    const request = takeOver(c.req.raw)
    if (options === false) return next()
    const response = answerBehind(engine, request, new HonoHandler(c, next), new HonoHost(c))
    if (response instanceof Promise) return response.then((answer) => respondWith(c, answer))
    respondWith(c, response)
    return DONE
  }
}

const DONE = Promise.resolve()

function respondWith(c: Context, response: unknown): void {
  if (response === undefined || (c.finalized && response === c.res)) return
  // Otherwise Hono would merge the fields of the response that is there already.
  c.res = undefined
  c.res = response as Response
}

class HonoHost implements WebHost {
  readonly source: Context
  readonly onNode: readonly unknown[]

  constructor(context: Context) {
    this.source = context
    this.onNode = [context.env]
  }

  get contexts(): readonly unknown[] {
    return [executionContext(this.source), this.source.env]
  }

  again(): ReturnType<typeof honoAgain> {
    return honoAgain(this.source)
  }
}

/** Only asked for where it is needed: Hono throws where there is none, and an error costs more than a hit. */
function executionContext(c: Context): unknown {
  try {
    return c.executionCtx
  } catch {
    // The host has none.
    return undefined
  }
}

/**
 * A handler for a purge endpoint: `app.all('/purge', purgeHandler(engine, { token }))`.
 * @throws InvalidOptionError naming the option.
 */
export function purgeHandler(httpCache: HttpCache, options: PurgeHandlerOptions): (c: Context) => Promise<Response> {
  const answer = webPurgeHandler(httpCache, options)
  return (c) => answer(c.req.raw)
}
