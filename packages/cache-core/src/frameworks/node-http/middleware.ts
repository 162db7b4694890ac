import type { IncomingMessage, ServerResponse } from 'node:http'
import { HANDLED, type HttpCache } from '../../http/engine/http-cache.js'
import { handleInnermost } from './innermost.js'
import { type Framework, NodeExchange } from './node-exchange.js'

/** What a framework knows about a request, beside Node. */
export type Known = Pick<Framework, 'origin' | 'holders' | 'dispatch'>

/** Runs `next` behind a cache, for every framework that calls `(req, res, next)`. */
export function runBehindCache(
  engine: HttpCache | undefined,
  req: IncomingMessage,
  res: ServerResponse,
  next: (error?: unknown) => unknown,
  known?: Known,
): void {
  if (typeof (res as Partial<ServerResponse> | undefined)?.writeHead !== 'function') {
    next(notCalledWithRequest())
    return
  }
  const newExchange = (): NodeExchange => new NodeExchange(req, res, { proceed: () => next(), ...known })
  const handling = handleInnermost(engine, req, newExchange)
  if (handling === undefined) next()
  else if (handling !== HANDLED) handling.catch(next)
}

/** Fastify also calls a plugin with three arguments. */
function notCalledWithRequest(): TypeError {
  return new TypeError(
    "httpCache was called with something else than (req, res, next). Fastify takes that of '@tiercel/cache-core/fastify': app.register(httpCache, { cache, ttl: '1m' })",
  )
}
