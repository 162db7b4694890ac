import { randomUUID } from 'node:crypto'
import { byteRanges } from '../message/byteranges.js'
import { first, type HeaderLines, keep } from '../message/headers.js'
import type { ByteRange } from '../message/range.js'
import { answerHeaders, type ClientAnswer } from '../rules/client-answer.js'
import { CONTENT_FIELDS, DIGESTS_OF_CONTENT } from '../rules/client-conditions.js'
import { type HeldParts, placeOf } from '../rules/stored-part.js'
import type { CompleteResponse } from './exchange.js'
import type { StoredResponse } from './stored-response.js'

/** The part of a stored response that a client gets. */
export interface Cut extends CompleteResponse {
  readonly body: Uint8Array | undefined
}

/** @param held What of the whole is stored; absent: all. */
export function cut(answer: Exclude<ClientAnswer, { is: 'handler' }>, stored: StoredResponse, held?: HeldParts): Cut {
  // First, and without making anything else: this is nearly every hit.
  if (answer.is === 'whole') return stored.body.length === 0 ? { ...stored, body: undefined } : stored
  const { headers, added, removed, body } = stored
  const length = held === undefined ? body.length : held.length
  const bytesOf = (range: ByteRange): Uint8Array => {
    const at = held === undefined ? range.start : placeOf(range, held)
    return body.subarray(at, at + range.end - range.start)
  }
  switch (answer.is) {
    case 'none': {
      const gone = [...removed, ...CONTENT_FIELDS]
      const lines = answerHeaders(answer, headers, length)
      return { status: answer.status, statusText: '', headers: lines, added, removed: gone, body: undefined }
    }
    case 'part': {
      const lines = answerHeaders(answer, headers, length)
      return { status: 206, statusText: '', headers: lines, added, removed, body: bytesOf(answer.range) }
    }
    case 'parts': {
      const parts = answer.ranges.map((range) => ({ range, bytes: bytesOf(range) }))
      return { status: 206, statusText: '', added, removed, ...severalParts(parts, headers, length) }
    }
  }
}

/** Fields that describe the whole go into each part, or nowhere (RFC 9110 section 15.3.7.2). */
function severalParts(
  parts: Parameters<typeof byteRanges>[0],
  headers: HeaderLines,
  length: number | undefined,
): Pick<Cut, 'headers'> & { readonly body: Uint8Array } {
  const { type, body } = byteRanges(parts, first(headers, 'content-type'), length, randomUUID())
  const lines = keep(headers, (name) => !OF_ONE_BODY.has(name))
  lines.push('Content-Type', type, 'Content-Length', String(body.length))
  return { headers: lines, body }
}

const OF_ONE_BODY = new Set(['content-type', 'content-length', 'content-range', ...DIGESTS_OF_CONTENT])
