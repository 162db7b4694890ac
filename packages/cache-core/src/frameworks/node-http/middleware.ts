import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpCache } from '../../http/engine/http-cache.js'
import { type Framework, nodeExchange } from './node-exchange.js'

/** What a framework knows of a request beside Node. */
export type Known = Pick<Framework, 'origin' | 'parsed'>

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
  if (handled.has(req) || req.httpVersionMajor !== 1) {
    next()
    return
  }
  handled.add(req)
  engine.handle(nodeExchange(req, res, { proceed: () => next(), ...known })).catch(next)
}
