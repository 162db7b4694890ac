import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

/** The stream of a request over HTTP/2. Its version alone does not tell: a request line of HTTP/1 may say `HTTP/2.0`. */
export function streamOf(req: IncomingMessage): Http2ServerRequest['stream'] | undefined {
  return req.httpVersionMajor > 1 ? (req as unknown as Partial<Http2ServerRequest>).stream : undefined
}

export function isOverHttp2(req: IncomingMessage): boolean {
  return streamOf(req) !== undefined
}
