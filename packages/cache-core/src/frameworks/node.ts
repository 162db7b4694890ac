import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache } from '../cache/cache.js'
import type { Exchange, ResponseHead, RunPlan } from '../http/exchange.js'
import { type HttpCache, toHttpCache } from '../http/http-cache.js'
import type { HttpCacheOptions } from '../http/options.js'
import { holdResponse } from './hold-response.js'
import { cacheRequest, showRequest } from './node-request.js'
import { tapResponse } from './tap-response.js'

export type NodeMiddleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void

/**
 * Response caching for node:http and whatever calls `(req, res, next)`.
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
    engine.handle(nodeExchange(req, res, next)).catch(next)
  }
}

function nodeExchange(req: IncomingMessage, res: ServerResponse, next: () => void): Exchange {
  return {
    request: cacheRequest(req),
    send: (head, body) => sendStored(res, head, body),
    run({ sees, ...plan }: RunPlan) {
      if (sees !== undefined) showRequest(req, sees)
      const outcome = tapResponse(res, plan)
      next()
      return outcome
    },
    hold(onHead) {
      holdResponse(res, onHead)
      next()
    },
  }
}

/** A stored response, whole, to this client. */
export function sendStored(res: ServerResponse, head: ResponseHead, body: Uint8Array | undefined): void {
  if (res.destroyed || res.headersSent) return
  if (head.statusText === '') res.writeHead(head.status, head.headers as string[])
  else res.writeHead(head.status, head.statusText, head.headers as string[])
  res.end(body)
}
