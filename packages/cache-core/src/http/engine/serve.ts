import type { SharedBytes } from '../../base/shared-bytes.js'
import { type CacheStatus, type CacheStatusDetail, cacheStatusLine } from '../message/cache-status.js'
import { type HeaderLines, keep } from '../message/headers.js'
import { contentRange } from '../message/range.js'
import { ageSeconds } from '../rules/age.js'
import { answerHeaders, type ClientAnswer, clientAnswer } from '../rules/client-answer.js'
import { CONTENT_FIELDS } from '../rules/client-conditions.js'
import { partAskedFor, partBounds } from '../rules/stored-part.js'
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
  if (stored.status === 206) return servePart(exchange, stored, now, told, detail, sends)
  const answer = clientAnswer(request, stored, stored.body.length, now)
  if (answer.is === 'handler') return 'for the handler'
  if (answer.is !== 'none' && !mayBeSent(exchange, stored, sends)) return 'no room'
  const status = told ?? hitOf(stored, now)
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

/** What of a stored part the client asks for, where all of that is there. */
function servePart(...[exchange, stored, now, told, detail, sends]: Parameters<typeof serve>): Served {
  const held = partBounds(stored.headers, stored.body.length)
  const wanted = held && partAskedFor(exchange.request.headers, stored.headers, held, now)
  if (held === undefined || wanted === undefined || exchange.request.method !== 'GET') return 'for the handler'
  if (!mayBeSent(exchange, stored, sends)) return 'no room'
  const body = stored.body.subarray(wanted.start - held.start, wanted.end - held.start)
  const headers = keep(stored.headers, (name) => name !== 'content-length' && name !== 'content-range')
  headers.push('Content-Range', contentRange(wanted, held.length), 'Content-Length', String(body.length))
  headers.push('Age', String(ageSeconds(stored, now)), ...cacheStatusLine(told ?? hitOf(stored, now), detail))
  const { statusText, added, removed } = stored
  exchange.send({ status: 206, statusText, headers, added, removed }, body)
  return 'served'
}

/** Whether there is room for a body on its way. */
function mayBeSent(exchange: Exchange, { body }: StoredResponse, sends: SharedBytes): boolean {
  if (body.length <= SMALL_BODY_BYTES || exchange.whenSent === undefined) return true
  const letGo = sends.hold(body)
  if (letGo !== undefined) exchange.whenSent(letGo)
  return letGo !== undefined
}

function hitOf({ receivedAt, freshForMs }: StoredResponse, now: number): CacheStatus {
  return { hit: true, ttlMs: receivedAt + freshForMs - now }
}

function headersOf(
  answer: Exclude<ClientAnswer, { is: 'handler' }>,
  { headers, body }: { readonly headers: HeaderLines; readonly body: Uint8Array },
): string[] {
  return answer.is === 'whole' ? [...headers] : answerHeaders(answer, headers, body.length)
}
