import type { SharedBytes } from '../../base/shared-bytes.js'
import { type CacheStatus, type CacheStatusDetail, cacheStatusLine } from '../message/cache-status.js'
import type { HeaderLines } from '../message/headers.js'
import { ageSeconds } from '../rules/age.js'
import { answerHeaders, type ClientAnswer, clientAnswer } from '../rules/client-answer.js'
import { CONTENT_FIELDS } from '../rules/client-conditions.js'
import type { Exchange } from './exchange.js'
import type { StoredResponse } from './stored-response.js'

/** A body up to this size may wait in buffers of its socket. Bytes. */
const SMALL_BODY_BYTES = 65_536

/** Whether a stored response went out; else why the handler is to answer: some conditions only it can judge. */
export type Served = 'served' | 'for the handler' | 'no room'

/**
 * The stored response, or what of it the client asks for. A large body counts until it has left: clients that read
 * nothing would else hold one each, where a handler that streams holds next to nothing.
 * @param sends What is held of bodies that are on their way.
 * @param told What Cache-Status says; `undefined`: a hit, of a stale response with a negative `ttl` (RFC 9211 section 2.3).
 */
export function serve(
  exchange: Exchange,
  stored: StoredResponse,
  now: number,
  told: CacheStatus | undefined,
  detail: CacheStatusDetail,
  sends: SharedBytes,
): Served {
  const { request } = exchange
  const answer = clientAnswer(request, stored, stored.body.length, now)
  if (answer.is === 'handler') return 'for the handler'
  if (answer.is !== 'none' && stored.body.length > SMALL_BODY_BYTES && exchange.whenSent !== undefined) {
    const letGo = sends.hold(stored.body)
    if (letGo === undefined) return 'no room'
    exchange.whenSent(letGo)
  }
  const status = told ?? { hit: true, ttlMs: stored.receivedAt + stored.freshForMs - now }
  const headers = headersOf(answer, stored)
  headers.push('Age', String(ageSeconds(stored, now)), ...cacheStatusLine(status, detail))
  const { statusText, added, removed } = stored
  if (answer.is === 'none') {
    const gone = [...removed, ...CONTENT_FIELDS]
    exchange.send({ status: answer.status, statusText: '', headers, added, removed: gone }, undefined)
  } else if (answer.is === 'part') {
    const body = stored.body.subarray(answer.range.start, answer.range.end)
    exchange.send({ status: 206, statusText: '', headers, added, removed }, body)
  } else {
    const body = stored.body.length === 0 ? undefined : stored.body
    exchange.send({ status: stored.status, statusText, headers, added, removed }, body)
  }
  return 'served'
}

function headersOf(
  answer: Exclude<ClientAnswer, { is: 'handler' }>,
  { headers, body }: { readonly headers: HeaderLines; readonly body: Uint8Array },
): string[] {
  return answer.is === 'whole' ? [...headers] : answerHeaders(answer, headers, body.length)
}
