import { bufferOf } from '../../base/bytes.js'

/** Whether an argument of `write` or `end` is a piece of a body. */
export function isPiece(chunk: unknown): chunk is string | Uint8Array {
  return typeof chunk === 'string' || chunk instanceof Uint8Array
}

/** The bytes of a piece, without a copy where it is bytes already. */
export function bytesOf(chunk: string | Uint8Array, encoding: unknown): Buffer {
  if (typeof chunk !== 'string') return bufferOf(chunk)
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
}
