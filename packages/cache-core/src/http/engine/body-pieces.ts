import { first, type HeaderLines } from '../message/headers.js'

export function bytesIn(body: readonly Uint8Array[]): number {
  return body.reduce((sum, piece) => sum + piece.byteLength, 0)
}

/** What a client reads of a body that is longer than its Content-Length (RFC 9112 section 6.3). */
export function cutToLength(body: readonly Uint8Array[], headers: HeaderLines): readonly Uint8Array[] {
  const length = first(headers, 'content-length')
  if (length === undefined || !/^\d+$/.test(length) || bytesIn(body) <= Number(length)) return body
  return [Buffer.concat(body).subarray(0, Number(length))]
}

/** Whether one of these texts stands in a body. */
export function holdsAny(body: readonly Uint8Array[], texts: readonly string[]): boolean {
  const whole = Buffer.concat(body)
  return texts.some((text) => whole.includes(text))
}
