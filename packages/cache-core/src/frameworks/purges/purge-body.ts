import { PurgeBodyError } from '../../http/engine/purge-endpoint.js'

/** @throws PurgeBodyError */
export function parsedJson(pieces: readonly Uint8Array[], bytes: number, maxBytes: number): unknown {
  if (bytes > maxBytes) throw new PurgeBodyError(413, `the body is larger than ${maxBytes} bytes`)
  if (bytes === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(pieces).toString())
  } catch {
    throw new PurgeBodyError(400, 'the body is no JSON')
  }
}

/** A body that an earlier parser has read: bytes, text, or what it made of them. @throws PurgeBodyError */
export function ofParsed(body: unknown, maxBytes: number): unknown {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return body
  const bytes = Buffer.from(body)
  return parsedJson([bytes], bytes.byteLength, maxBytes)
}
