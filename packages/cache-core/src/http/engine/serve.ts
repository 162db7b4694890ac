import type { SharedBytes } from '../../base/shared-bytes.js'
import { type CacheStatus, cacheStatusLine } from '../message/cache-status.js'
import type { CacheRequest } from '../message/message.js'
import { ageSeconds } from '../rules/age.js'
import { type ClientAnswer, clientAnswer, partsAnswer } from '../rules/client-answer.js'
import type { HttpCacheRules } from '../rules/options.js'
import { type HeldParts, heldParts, partsAskedFor } from '../rules/stored-part.js'
import { cut } from './cut.js'
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
  { cacheStatus: detail, maxRanges }: Pick<HttpCacheRules, 'cacheStatus' | 'maxRanges'>,
  sends: SharedBytes,
): Served {
  const held = stored.status === 206 ? heldParts(stored.headers, stored.body.length) : undefined
  const answer = answerOf(exchange.request, stored, held, now, maxRanges)
  if (answer.is === 'handler') return 'for the handler'
  const out = cut(answer, stored, held)
  const { statusText, added, removed, body } = out
  // A part is a view of all that is stored. Asking a buffer for its memory costs, so the whole is not asked.
  const pinned = body !== stored.body && body?.buffer === stored.body.buffer ? stored.body : body
  const isCounted = pinned !== undefined && pinned.length > SMALL_BODY_BYTES && exchange.whenSent !== undefined
  const letGo = isCounted ? sends.hold(pinned) : undefined
  if (isCounted && letGo === undefined) return 'no room'
  const said = cacheStatusLine(told ?? hitOf(stored, now), detail)
  const headers = [...out.headers, 'Age', String(ageSeconds(stored, now)), ...said]
  try {
    // Written out: a spread costs more than all else here.
    exchange.send({ status: out.status, statusText, headers, added, removed }, body)
  } finally {
    // Afterwards: most have left by then, and need nobody who waits for it.
    if (letGo !== undefined) exchange.whenSent?.(letGo)
  }
  return 'served'
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
