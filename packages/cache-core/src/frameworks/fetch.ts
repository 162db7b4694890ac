import type { Cache } from '../data/cache.js'
import { type HttpCache, toHttpCache } from '../http/engine/http-cache.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { takeOver } from './web/passages.js'
import { WebExchange } from './web/web-exchange.js'

/** What answers a Request, whatever else its host gives it: `params`, `env`, a context. */
export type FetchHandler<R extends Request, Rest extends readonly unknown[]> = (
  request: R,
  ...rest: Rest
) => Response | Promise<Response>

/** The same handler with a cache in front. */
export type CachedFetchHandler<R extends Request, Rest extends readonly unknown[]> = (
  request: R,
  ...rest: Rest
) => Promise<Response>

/**
 * Response caching for whatever makes a Response of a Request: Next route handlers, Bun, Deno, workers. Of two in a row
 * the inner one is used.
 *
 * ```ts
 * const cached = httpCache(cache, { ttl: '1m' })
 * export const GET = cached((request) => Response.json({ made: 'just now' }))
 * ```
 *
 * @param cache A cache, or an `HttpCache` made of one (then without options).
 * @throws InvalidOptionError naming the option.
 */
export function httpCache(
  cache: Cache | HttpCache,
  options?: HttpCacheOptions,
): <R extends Request, Rest extends readonly unknown[]>(handler: FetchHandler<R, Rest>) => CachedFetchHandler<R, Rest> {
  const engine = toHttpCache(cache, options)
  return (handler) =>
    function cached(this: unknown, shown, ...rest) {
      const request = takeOver(shown)
      const proceed = (seen: Request): unknown => handler.call(this, seen as typeof shown, ...rest)
      const exchange = new WebExchange(request, { proceed })
      return exchange.answer(engine, [...rest, request]) as Promise<Response>
    }
}
