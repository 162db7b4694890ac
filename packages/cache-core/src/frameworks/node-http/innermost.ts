import type { IncomingMessage } from 'node:http'
import type { Cache } from '../../data/cache.js'
import { type HttpCache, toHttpCache } from '../../http/engine/http-cache.js'
import { isUnsafe } from '../../http/rules/invalidation.js'
import type { HttpCacheOptions } from '../../http/rules/options.js'
import { returningOf } from '../reruns/returning.js'
import type { NodeExchange } from './node-exchange.js'
import { passageOf } from './passages.js'

const ON_ITS_WAY = Promise.resolve()

/** The cache of a middleware; `undefined` where its options are `false`. @throws InvalidOptionError */
export function httpCacheOf(
  cache: Cache | HttpCache,
  options: HttpCacheOptions | false | undefined,
): HttpCache | undefined {
  const engine = toHttpCache(cache, options === false ? undefined : options)
  return options === false ? undefined : engine
}

/**
 * Of several caches that a request passes, the innermost one rules: it is nearest to the route, and knows what the route
 * depends on. Those further out let the request go, as it came, before their response has begun. All of them hear of a write.
 *
 * @param engine `undefined`: this route is not cached, not by those outside either.
 * @param newExchange Called when the request is as it came again.
 * @returns settled when all is done; `undefined` where the request has to go on to the next layer.
 */
export function handleInnermost(
  engine: HttpCache | undefined,
  req: IncomingMessage,
  newExchange: () => NodeExchange,
): Promise<void> | undefined {
  const reads = !isUnsafe(req.method ?? 'GET')
  // A cache that only hears of writes says nothing about reads.
  if (reads && engine?.hearsOnly) return undefined
  const returning = returningOf(req)
  if (returning !== undefined) return returning.meet(engine, newExchange) ? ON_ITS_WAY : undefined
  if (reads) passageOf(req)?.withdraw()
  if (engine === undefined) return undefined
  return engine.handle(newExchange())
}
