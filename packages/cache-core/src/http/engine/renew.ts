import type { CacheStatus } from '../message/cache-status.js'
import { type HeaderLines, has } from '../message/headers.js'
import { initialAgeMs, type ResponseTimes } from '../rules/age.js'
import { clientHeaders } from '../rules/client-headers.js'
import type { HttpCacheRules } from '../rules/options.js'
import { type Storable, storable } from '../rules/storable.js'
import { storedHeaders } from '../rules/stored-headers.js'
import { freshened } from '../rules/validation.js'
import type { HeadDecision, ResponseHead } from './exchange.js'
import { insteadOf } from './instead.js'
import type { RunRequest } from './run-request.js'
import type { StoredResponse } from './stored-response.js'

/** A stored response that its handler has confirmed, freshened by the fields of the 304. */
export interface Renewed {
  readonly response: StoredResponse
  /** Whether it is stored again, and for how long. */
  readonly verdict: Storable
}

/**
 * Freshens a stored response (RFC 9111 sections 4.3.4 and 4.3.5).
 * @param credentials Whether the handler saw credentials.
 */
export function renew(
  stored: StoredResponse,
  head: Pick<ResponseHead, 'changes'>,
  rules: HttpCacheRules,
  times: ResponseTimes,
  credentials: boolean,
): Renewed {
  const { receivedAt } = times
  const { status, body } = stored
  const { lines } = head.changes
  const headers = freshened(stored.headers, lines)
  const found = storable({ method: 'GET', credentials }, { status, headers }, rules, times)
  const verdict = found.storable && !saysHowLong(lines, rules) ? withLifetimeOf(stored, found, lines, times) : found
  const facts = { receivedAt, bodyBytes: body.length, etag: undefined }
  const kept = verdict.storable ? { ...facts, withheld: verdict.withheld } : facts
  const response = {
    ...stored,
    headers: storedHeaders({ status, headers: clientHeaders({ status, headers }, rules) }, kept),
    receivedAt,
    ageMs: verdict.storable ? verdict.ageMs : initialAgeMs(headers, times),
    freshForMs: verdict.storable ? verdict.freshForMs : 0,
    mustRevalidate: verdict.storable ? verdict.mustRevalidate : true,
  }
  return { response, verdict }
}

/** Whether the lifetime can be computed anew: with `clientCacheControl` the handler's Cache-Control was not stored. */
function saysHowLong(lines: HeaderLines, { clientCacheControl, targetedFields }: HttpCacheRules): boolean {
  return (
    clientCacheControl === undefined || ['cache-control', 'expires', ...targetedFields].some((name) => has(lines, name))
  )
}

function withLifetimeOf(
  { freshForMs, ageMs }: StoredResponse,
  found: Storable & { readonly storable: true },
  lines: HeaderLines,
  times: ResponseTimes,
): Storable {
  return { ...found, freshForMs: freshForMs + ageMs - initialAgeMs(lines, times) }
}

/** The answer to the client, by its own conditions (RFC 9111 section 4.3.3), over the fields that layers outside have set. */
export function renewedAnswer(
  { response, verdict }: Renewed,
  { exchange: { request }, stored, forward }: RunRequest,
  head: ResponseHead,
  rules: HttpCacheRules,
): HeadDecision {
  const said: CacheStatus = {
    hit: false,
    forward: stored === undefined || forward === 'request' ? forward : 'stale',
    forwardStatus: head.status,
    stored: verdict.storable,
    detail: 'the handler says that it holds',
  }
  return insteadOf(head, response, request, { now: response.receivedAt, said, confirmed: true }, rules)
}
