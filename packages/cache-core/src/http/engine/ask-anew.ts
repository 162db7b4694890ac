import type { Clock } from '../../base/clock.js'
import type { Loaded } from '../../protocol/call.js'
import { cacheStatusLine, type Forwarded } from '../message/cache-status.js'
import type { HttpCacheRules } from '../rules/options.js'
import type { HeadDecision, InsteadDecision, ResponseHead } from './exchange.js'
import { insteadOf } from './instead.js'
import { NOTHING } from './keep.js'
import { RunFailure } from './run-failure.js'
import type { RunRequest } from './run-request.js'
import type { StoredResponse } from './stored-response.js'

/** What is done about a handler's 304 that does not say what it is about. */
export interface AskedAnew {
  readonly decision: HeadDecision
  /** What is stored in the end. */
  readonly loaded: Promise<Loaded>
}

/**
 * After a 304 that does not say which response it is about (RFC 9111 section 4.3.4), asks the handler again for the whole
 * response, for the same client. Where there is no way to do so, only one response was asked about: that goes out, and is
 * not stored again.
 */
export function askAnew(request: RunRequest, given: ResponseHead, rules: HttpCacheRules, clock: Clock): AskedAnew {
  const { exchange, stored, anew, forward } = request
  const as = (response: StoredResponse, said: Pick<Forwarded, 'forwardStatus' | 'stored'>): InsteadDecision => {
    const status: Forwarded = { hit: false, forward, detail: UNCLEAR, ...said }
    return insteadOf(
      given,
      response,
      exchange.request,
      { now: clock.now(), said: status, confirmed: anew !== undefined },
      rules,
    )
  }
  if (anew === undefined) {
    const decision = as(stored as StoredResponse, { forwardStatus: 304 })
    return { decision, loaded: Promise.resolve(NOTHING) }
  }
  let loaded!: Promise<Loaded>
  const later = new Promise<InsteadDecision>((resolve) => {
    loaded = anew((response, reason) => resolve(as(response, { stored: reason === undefined })))
    const failed = (error: unknown): void => resolve(afterFailure(error, request, given, rules))
    // If all went well, it is resolved by now.
    loaded.then(failed, failed)
  })
  return { decision: { headers: [], capture: false, later }, loaded }
}

const UNCLEAR = 'the handler does not say what has not changed'

/** The second request failed: a stale response, or the status without a body. */
function afterFailure(
  error: unknown,
  { standIn, forward }: RunRequest,
  given: ResponseHead,
  { cacheStatus }: HttpCacheRules,
): InsteadDecision {
  const status = (error instanceof RunFailure ? error.status : undefined) ?? 502
  const inPlace = standIn?.({ ...given, status })
  if (inPlace?.instead !== undefined) return { ...inPlace, instead: inPlace.instead }
  const said = { hit: false, forward, forwardStatus: 304, detail: UNCLEAR } as const
  const headers = ['Content-Length', '0', ...cacheStatusLine(said, cacheStatus)]
  return { headers, capture: false, instead: { status, statusText: '', body: undefined } }
}
