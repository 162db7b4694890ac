import { bufferOf } from '../../base/bytes.js'
import { type ByteRange, contentRange } from './range.js'

/** A body of several parts (RFC 9110 section 14.6), and the Content-Type that says so. */
export interface ByteRanges {
  readonly type: string
  readonly body: Buffer
}

/**
 * @param parts Each with its bytes.
 * @param type Content-Type of the whole, if it has one.
 * @param length Of the whole; `undefined` where it is not known.
 * @param boundary A token that none of the parts holds.
 */
export function byteRanges(
  parts: readonly { readonly range: ByteRange; readonly bytes: Uint8Array }[],
  type: string | undefined,
  length: number | undefined,
  boundary: string,
): ByteRanges {
  const described = type === undefined ? '' : `Content-Type: ${type}\r\n`
  const pieces = parts.flatMap(({ range, bytes }) => [
    Buffer.from(`--${boundary}\r\n${described}Content-Range: ${contentRange(range, length)}\r\n\r\n`, 'latin1'),
    bufferOf(bytes),
    LINE_END,
  ])
  const body = Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)])
  return { type: `multipart/byteranges; boundary=${boundary}`, body }
}

const LINE_END = Buffer.from('\r\n')
