import { endToEnd, has, keep } from '../message/headers.js'
import { formatHttpDate } from '../message/http-date.js'
import type { CacheResponse } from '../message/message.js'

/** Fields of one exchange. A hit gets its own Age and length; without a handler there is no time to report. */
const OF_ONE_EXCHANGE = new Set(['age', 'content-length', 'server-timing'])

export interface StoredFacts {
  /** Unix milliseconds. */
  readonly receivedAt: number
  readonly bodyBytes: number
  /** Fields, in lower case, that the response itself keeps out of the store. */
  readonly withheld?: readonly string[]
  /** The tag to give to a response that has none. */
  readonly etag: string | undefined
}

/**
 * The field lines to store, ready to be sent with every hit. Leaves out those of one connection (RFC 9111 section 3.1) and
 * those of one exchange. Sets Content-Length to what was captured, Date to the time of receipt where the handler gave none
 * (RFC 9110 section 6.6.1; node:http adds its own later), and an ETag where there is none.
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
