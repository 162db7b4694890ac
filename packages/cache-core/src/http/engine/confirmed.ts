import { cacheStatusLine } from '../message/cache-status.js'
import { first, has } from '../message/headers.js'
import type { HttpCacheRules } from '../rules/options.js'
import { strongTag } from '../rules/stored-part.js'
import { saysItHolds } from '../rules/validation.js'
import type { HeadDecision, ResponseHead } from './exchange.js'
import type { Forward } from './pass.js'
import type { RunRequest } from './run-request.js'
import type { StoredResponse } from './stored-response.js'

export const NONE_OFFERED: readonly StoredResponse[] = []

/**
 * Which stored response a handler says that it would answer with: the one that it was asked about, or another variant
 * (RFC 9111 section 4.3.4). `'unclear'`: one of them, but not which.
 */
export function confirmedBy(
  given: ResponseHead,
  { exchange: { request }, stored, offered = NONE_OFFERED }: RunRequest,
): StoredResponse | 'unclear' | undefined {
  if (given.status !== 304 || offered.length === 0) {
    return stored && saysItHolds(request, given, given.changes.lines, stored.headers) ? stored : undefined
  }
  const tag = first(given.headers, 'etag')
  const candidates = stored === undefined ? offered : [stored, ...offered]
  if (tag === undefined && candidates.length === 1) return candidates[0]
  const named = candidates.find(({ headers }) => tag !== undefined && strongTag(headers) === tag)
  // The client may have asked about one that it has itself.
  return named ?? (has(request.headers, 'if-none-match') ? undefined : 'unclear')
}

/** Nobody can say what the client is to get: a 304 must name its response where several were asked about. */
export function unclearAnswer(forward: Forward, { cacheStatus }: HttpCacheRules): HeadDecision {
  const said = {
    hit: false,
    forward,
    forwardStatus: 304,
    detail: 'the handler does not say what has not changed',
  } as const
  const headers = ['Content-Length', '0', ...cacheStatusLine(said, cacheStatus)]
  return { headers, capture: false, instead: { status: 502, statusText: '', body: undefined } }
}
