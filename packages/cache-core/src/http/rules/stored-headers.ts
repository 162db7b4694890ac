import { endToEnd, has, keep } from '../message/headers.js'
import { formatHttpDate } from '../message/http-date.js'
import type { CacheResponse } from '../message/message.js'

/** Made anew where there is something to say: a hit has an Age and a length, but no handler whose time were to tell. */
const OF_ONE_EXCHANGE = new Set(['age', 'content-length', 'server-timing'])

export interface StoredFacts {
  /** Unix milliseconds. */
  readonly receivedAt: number
  readonly bodyBytes: number
  /** Fields, in lower case, that the response itself keeps out of the store. */
  readonly withheld?: readonly string[]
  /** For a response that has none. */
  readonly etag: string | undefined
}

/**
 * The field lines to store, ready to be sent with every hit: those of one connection left out (RFC 9111 section 3.1),
 * and those of one exchange; Age kept as a number instead, Content-Length of what was really captured, Date of receipt where the handler gave none
 * (RFC 9110 section 6.6.1; node:http adds its own after the point of capture), and an ETag where there is none.
 */
export function storedHeaders(response: CacheResponse, facts: StoredFacts): string[] {
  const lines = keep(
    endToEnd(response.headers),
    (name) => !OF_ONE_EXCHANGE.has(name) && !facts.withheld?.includes(name),
  )
  // A 204 has none (RFC 9110 section 8.6).
  if (response.status !== 204) lines.push('Content-Length', String(facts.bodyBytes))
  if (!has(lines, 'date')) lines.push('Date', formatHttpDate(facts.receivedAt))
  if (facts.etag !== undefined && !has(lines, 'etag')) lines.push('ETag', facts.etag)
  return lines
}
