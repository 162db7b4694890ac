import { InvalidOptionError } from '../base/errors.js'
import { show } from '../base/show.js'
import type { Cache } from '../data/cache.js'
import { type HttpCache, toHttpCache } from '../http/engine/http-cache.js'
import { isUnsafe } from '../http/rules/invalidation.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { takeOver } from './web/passages.js'
import { answerBehind } from './web/web-exchange.js'

export { webPurgeHandler as purgeHandler } from './purges/web-purge.js'

/** A function that answers a Request, with whatever else its host passes: `params`, `env`, a context. */
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
 * Response caching for whatever makes a Response of a Request: Next route handlers, Bun, Deno, workers.
 *
 * ```ts
 * const cached = httpCache(cache, { ttl: '1m' })
 * export const GET = cached((request) => Response.json({ made: 'just now' }))
 * ```
 *
 * In Next, read the request that the handler gets: `cookies()` and `headers()` of `next/headers` show one visitor's whole
 * request whatever `cookies` and `headers` name here, and what a response tells of it is stored for all.
 *
 * @param cache A cache, or an `HttpCache` made of one (then without options).
 * @param options `false`: nothing is cached here, not by an `httpCache` outside of this one either.
 * @throws InvalidOptionError naming the option.
 */
export function httpCache(
  cache: Cache | HttpCache,
  options?: HttpCacheOptions<Request> | false,
): <R extends Request, Rest extends readonly unknown[]>(handler: FetchHandler<R, Rest>) => CachedFetchHandler<R, Rest> {
  const engine = toHttpCache(cache, options === false ? undefined : options)
  return (handler) => {
    if (typeof handler !== 'function') {
      throw new InvalidOptionError('handler', `expected a function that answers a Request, got ${show(handler)}`)
    }
    return async function cached(this: unknown, shown, ...rest) {
      const proceed = (seen: Request): unknown => handler.call(this, seen as typeof shown, ...rest)
      const again = () => (made: Request, others: readonly unknown[]) =>
        cached.call(this, made as typeof shown, ...(others as typeof rest))
      const answer = (): unknown => {
        if (engine.hearsOnly && !isUnsafe(shown.method)) return proceed(shown)
        const request = takeOver(shown)
        return options === false
          ? proceed(request)
          : answerBehind(engine, request, { proceed }, { contexts: rest, onNode: rest, again })
      }
      return answer() as Promise<Response>
    }
  }
}
