import type { HttpCache } from '../../http/engine/http-cache.js'
import { PurgeBodyError, PurgeEndpoint, type PurgeHandlerOptions } from '../../http/engine/purge-endpoint.js'
import { parsedJson } from './purge-body.js'

/** `purgeHandler` of all that make a Response of a Request. @throws InvalidOptionError naming the option. */
export function webPurgeHandler(
  httpCache: HttpCache,
  options: PurgeHandlerOptions,
): (request: Request) => Promise<Response> {
  const endpoint = new PurgeEndpoint(httpCache, options)
  return async (request) => {
    const { status, headers, body } = await endpoint.answer({
      method: request.method,
      authorization: request.headers.get('authorization') ?? undefined,
      url: request.url.split('#', 1)[0],
      body: (maxBytes) => readBody(request, maxBytes),
    })
    return new Response(body, { status, headers })
  }
}

async function readBody(request: Request, maxBytes: number): Promise<unknown> {
  if (request.bodyUsed) throw new PurgeBodyError(400, 'the body was read before')
  const pieces: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const piece of request.body ?? []) {
      bytes += piece.byteLength
      if (bytes > maxBytes) break
      pieces.push(piece)
    }
  } catch {
    throw new PurgeBodyError(400, 'the body did not arrive')
  }
  return parsedJson(pieces, bytes, maxBytes)
}
