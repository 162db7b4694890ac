import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpCache } from '../../http/engine/http-cache.js'
import { isUnsafe } from '../../http/rules/invalidation.js'
import { type Framework, nodeExchange } from './node-exchange.js'

/** What a framework knows of a request beside Node. */
export type Known = Pick<Framework, 'origin' | 'holders'>

/** Requests on their way through a cache. A second one inside would wait for the first, which waits for it. */
const handled = new WeakSet<IncomingMessage>()

/** The cache in front of whatever `next` runs, for every framework that calls `(req, res, next)`. */
export function runBehindCache(
  engine: HttpCache,
  req: IncomingMessage,
  res: ServerResponse,
  next: (error?: unknown) => unknown,
  known: Known = {},
): void {
  if (typeof (res as Partial<ServerResponse> | undefined)?.writeHead !== 'function') return void next(noRequest())
  const leaves = engine.hearsOnly && !isUnsafe(req.method ?? 'GET')
  if (handled.has(req) || req.httpVersionMajor !== 1 || leaves) {
    return void next()
  }
  handled.add(req)
  engine.handle(nodeExchange(req, res, { proceed: () => next(), ...known })).catch(next)
}

/** A plugin of Fastify is called with three arguments as well. */
function noRequest(): TypeError {
  return new TypeError(
    "httpCache was called with something else than (req, res, next). Fastify takes that of '@tiercel/cache-core/fastify': app.register(httpCache, { cache, ttl: '1m' })",
  )
}
