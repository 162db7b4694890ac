import type { Request, RequestHandler } from 'express'
import type { Cache } from '../data/cache.js'
import type { HttpCache } from '../http/engine/http-cache.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { knownToExpress } from './node-http/express-request.js'
import { httpCacheOf } from './node-http/innermost.js'
import { runBehindCache } from './node-http/middleware.js'

export { nodePurgeHandler as purgeHandler } from './purges/node-purge.js'

/**
 * Response caching for Express 4 and 5: `app.use('/api', httpCache(cache, { ttl: '1m' }))`, or on one route,
 * `app.get('/items', httpCache(cache, { ttl: '5m' }), handler)`.
 *
 * What is used before it runs on every request, hit or not: that is the place of what refuses requests, sets cookies
 * or compresses. What is used after it runs on misses.
 *
 * @param cache A cache, or an `HttpCache` made of one (then without options).
 * @param options `false`: nothing is cached here, not by an `httpCache` outside of this one either.
 * @throws InvalidOptionError naming the option.
 */
export function httpCache(cache: Cache | HttpCache, options?: HttpCacheOptions<Request> | false): RequestHandler {
  const engine = httpCacheOf(cache, options)
  return (req, res, next) => runBehindCache(engine, req, res, next, knownToExpress(req))
}
