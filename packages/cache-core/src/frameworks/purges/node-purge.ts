import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpCache } from '../../http/engine/http-cache.js'
import {
  PurgeBodyError,
  PurgeEndpoint,
  type PurgeHandlerOptions,
  type PurgeReply,
} from '../../http/engine/purge-endpoint.js'
import { isOverHttp2 } from '../node-http/over-http2.js'
import { ofParsed, parsedJson } from './purge-body.js'

/** A request as frameworks on node:http pass it on. */
type Incoming = IncomingMessage & { readonly originalUrl?: string; readonly body?: unknown }

/** `purgeHandler` of all that call `(req, res)`. @throws InvalidOptionError naming the option. */
export function nodePurgeHandler(
  httpCache: HttpCache,
  options: PurgeHandlerOptions,
): (req: IncomingMessage, res: ServerResponse) => void {
  const endpoint = new PurgeEndpoint(httpCache, options)
  return (req, res) => {
    void answerNode(endpoint, req).then(({ status, headers, body }) => {
      res.writeHead(status, headersFor(req, headers)).end(body)
    })
  }
}

/** @param body What an earlier parser has made of the body. Default: `req.body`. */
export function answerNode(endpoint: PurgeEndpoint, req: Incoming, body: unknown = req.body): Promise<PurgeReply> {
  const { method = '', headers, originalUrl, url } = req
  const host = headers.host ?? headers[':authority']
  const path = originalUrl ?? url ?? ''
  return endpoint.answer({
    method,
    authorization: headers.authorization,
    url: host !== undefined && path.startsWith('/') ? `http://${String(host)}${path}` : undefined,
    body: async (maxBytes) => (body === undefined ? readBody(req, maxBytes) : ofParsed(body, maxBytes)),
  })
}

/** Closes the connection where a body was not read, so that its rest is not taken for the next request. Not over HTTP/2. */
export function headersFor(req: IncomingMessage, headers: PurgeReply['headers']): PurgeReply['headers'] {
  return req.complete || isOverHttp2(req) ? headers : { ...headers, Connection: 'close' }
}

async function readBody(req: IncomingMessage, maxBytes: number): Promise<unknown> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    // The answer still goes out where the body is too large: the request is not destroyed.
    for await (const piece of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += piece.byteLength
      if (bytes > maxBytes) break
      pieces.push(piece)
    }
  } catch {
    throw new PurgeBodyError(400, 'the body did not arrive')
  }
  return parsedJson(pieces, bytes, maxBytes)
}
