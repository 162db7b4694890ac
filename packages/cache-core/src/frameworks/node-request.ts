import { IncomingMessage } from 'node:http'
import type { HeaderLines } from '../http/headers.js'
import type { CacheRequest, Origin } from '../http/message.js'

export function cacheRequest(req: IncomingMessage, origin?: Origin): CacheRequest {
  return { method: req.method ?? 'GET', target: req.url ?? '/', headers: req.rawHeaders, origin }
}

/** Lets the handler see another target and other fields. Node itself makes the objects out of the lines. */
export function showRequest(
  req: IncomingMessage,
  sees: { readonly target: string; readonly headers: HeaderLines },
): void {
  const shown = new IncomingMessage(req.socket)
  shown.rawHeaders = [...sees.headers]
  req.url = sees.target
  req.rawHeaders = shown.rawHeaders
  req.headers = shown.headers
  req.headersDistinct = shown.headersDistinct
}
