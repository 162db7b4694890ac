import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache } from '../data/cache.js'
import type { HttpCache } from '../http/engine/http-cache.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { httpCacheOf } from './node-http/innermost.js'
import { runBehindCache } from './node-http/middleware.js'

export { nodePurgeHandler as purgeHandler } from './purges/node-purge.js'

export type ConnectMiddleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => unknown) => void

/**
 * Response caching for frameworks whose middleware is `(req, res, next)` on Node's own request and response: connect,
 * polka, restana, middie and the like. `app.use(httpCache(cache, { ttl: '1m' }))`, behind what parses cookies and in
 * front of what answers.
 *
 * @param cache A cache, or an `HttpCache` made of one (then without options).
 * @param options `false`: nothing is cached here, not by an `httpCache` outside of this one either.
 * @throws InvalidOptionError naming the option.
 */
export function httpCache(
  cache: Cache | HttpCache,
  options?: HttpCacheOptions<IncomingMessage> | false,
): ConnectMiddleware {
  const engine = httpCacheOf(cache, options)
  return (req, res, next) => runBehindCache(engine, req, res, next)
}
