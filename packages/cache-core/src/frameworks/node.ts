import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache } from '../data/cache.js'
import { type HttpCache, toHttpCache } from '../http/engine/http-cache.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { runBehindCache } from './node-http/middleware.js'

export type NodeMiddleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => unknown) => void

/**
 * Response caching for node:http. Of two in a row the outer one is used. HTTP/2 passes uncached.
 *
 * ```ts
 * const cached = httpCache(cache, { ttl: '1m' })
 * createServer((req, res) => cached(req, res, () => handler(req, res)))
 * ```
 *
 * @param cache A cache, or an `HttpCache` made of one (then without options).
 * @throws InvalidOptionError naming the option.
 */
export function httpCache(cache: Cache | HttpCache, options?: HttpCacheOptions): NodeMiddleware {
  const engine = toHttpCache(cache, options)
  return (req, res, next) => runBehindCache(engine, req, res, next)
}
