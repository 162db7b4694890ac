import type { SharedBytes } from '../../base/shared-bytes.js'
import { type CacheStatus, type CacheStatusDetail, cacheStatusLine } from '../message/cache-status.js'
import type { CacheRequest } from '../message/message.js'
import { ageSeconds } from '../rules/age.js'
import { type ClientAnswer, clientAnswer, partsAnswer } from '../rules/client-answer.js'
import type { HttpCacheRules } from '../rules/options.js'
import { type HeldParts, heldParts, partsAskedFor } from '../rules/stored-part.js'
import { cut } from './cut.js'
import type { CompleteResponse, Exchange } from './exchange.js'
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
  { cacheStatus: detail, maxRanges }: Pick<HttpCacheRules, 'cacheStatus' | 'maxRanges'>,
  sends: SharedBytes,
): Served {
  const held = stored.status === 206 ? heldParts(stored.headers, stored.body.length) : undefined
  const answer = answerOf(exchange.request, stored, held, now, maxRanges)
  if (answer.is === 'handler') return 'for the handler'
  const out = cut(answer, stored, held)
  const { body } = out
  // A part is a view of all that is stored. Asking a buffer for its memory costs, so the whole is not asked.
  const pinned = body !== stored.body && body?.buffer === stored.body.buffer ? stored.body : body
  return sendHolding(exchange, headSent(out, stored, now, told, detail), body, pinned, sends) ? 'served' : 'no room'
}

/** The head with which a stored response goes out now. @param told As for `serve`. */
export function headSent(
  { status, statusText, headers, added, removed }: CompleteResponse,
  stored: StoredResponse,
  now: number,
  told: CacheStatus | undefined,
  detail: CacheStatusDetail,
): CompleteResponse {
  const said = cacheStatusLine(told ?? hitOf(stored, now), detail)
  // Written out: a spread costs more than all else here.
  return { status, statusText, headers: [...headers, 'Age', String(ageSeconds(stored, now)), ...said], added, removed }
}

/** Sends a body that is stored, or a part of it. `false`: there is no room. @param pinned What it keeps in memory. */
export function sendHolding(
  exchange: Exchange,
  head: CompleteResponse,
  body: Uint8Array | undefined,
  pinned: Uint8Array | undefined,
  sends: SharedBytes,
): boolean {
  const isCounted = pinned !== undefined && pinned.length > SMALL_BODY_BYTES && exchange.whenSent !== undefined
  const letGo = isCounted ? sends.hold(pinned) : undefined
  if (isCounted && letGo === undefined) return false
  try {
    exchange.send(head, body)
  } finally {
    // Afterwards: most have left by then, and need nobody who waits for it.
    if (letGo !== undefined) exchange.whenSent?.(letGo)
  }
  return true
}

/** What of it the client asks for; of parts, where that is there. */
function answerOf(
  request: CacheRequest,
  stored: StoredResponse,
  held: HeldParts | undefined,
  now: number,
  maxRanges: number,
): ClientAnswer {
  if (stored.status !== 206) return clientAnswer(request, stored, stored.body.length, now, maxRanges)
  const wanted = held && partsAskedFor(request.headers, stored.headers, held, now, maxRanges)
  return wanted && request.method === 'GET' ? partsAnswer(wanted) : { is: 'handler' }
}

function hitOf({ receivedAt, freshForMs }: StoredResponse, now: number): CacheStatus {
  return { hit: true, ttlMs: receivedAt + freshForMs - now }
}
