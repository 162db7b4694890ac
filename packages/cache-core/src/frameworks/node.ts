import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache } from '../data/cache.js'
import { type HttpCache, toHttpCache } from '../http/engine/http-cache.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { nodeExchange } from './node-http/node-exchange.js'

export type NodeMiddleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => unknown) => void

/** Requests on their way through a cache. A second one inside would wait for the first, which waits for it. */
const handled = new WeakSet<IncomingMessage>()

/**
 * Response caching for node:http and whatever calls `(req, res, next)`. Of two in a row the outer one is used. HTTP/2
 * passes uncached.
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
  return (req, res, next) => {
    if (handled.has(req) || req.httpVersionMajor !== 1) {
      next()
      return
    }
    handled.add(req)
    engine.handle(nodeExchange(req, res, { proceed: () => next() })).catch(next)
  }
}
