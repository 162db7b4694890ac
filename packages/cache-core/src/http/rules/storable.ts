import { type ResponseDirectives, responseDirectives } from '../message/cache-control.js'
import { all, first, has } from '../message/headers.js'
import type { CacheResponse } from '../message/message.js'
import type { ResponseTimes } from './age.js'
import { type FreshnessRules, freshness } from './freshness.js'
import { type StaleRules, type StaleWindows, staleWindows } from './stale-windows.js'
import { type VaryList, varyOf } from './vary.js'

export interface StorableRules extends FreshnessRules, StaleRules {
  /** Final statuses that may be stored. */
  readonly statuses: ReadonlySet<number>
}

export type Storable =
  | {
      readonly storable: true
      /** Milliseconds from now; more than 0, may be `Infinity`. */
      readonly freshForMs: number
      readonly ageMs: number
      /** How long after that it may be served stale. */
      readonly windows: StaleWindows
      /** Whether it said `public` or `s-maxage`: then requests with credentials may have it too. */
      readonly public: boolean
      /** The request fields that select it. */
      readonly vary: readonly string[]
    }
  | Refusal

export interface Refusal {
  readonly storable: false
  /** For a person who wonders why; goes out in the `detail` of Cache-Status. */
  readonly reason: string
}

/** What the safe profile stores unless the route says otherwise: complete answers and permanent redirects, no errors. */
export const DEFAULT_STATUSES: readonly number[] = [200, 203, 301, 308]

/** Answers without an end. */
const ENDLESS = new Set(['text/event-stream', 'multipart/x-mixed-replace'])

/**
 * Whether the response to a GET may be stored, and for how long: RFC 9111 section 3 as far as the safe profile goes.
 * Only where all agree: method, status, the response's own directives, Set-Cookie, Vary, a lifetime.
 * `credentials`: the handler saw a Cookie or Authorization that the route does not name (admission `public-only`).
 */
export function storable(
  request: { readonly method: string; readonly credentials: boolean },
  response: CacheResponse,
  rules: StorableRules,
  times: ResponseTimes,
): Storable {
  const directives = responseDirectives(all(response.headers, 'cache-control'))
  const refusal =
    refusedByMessage(request.method, response, rules) ?? refusedByDirectives(directives, request.credentials)
  if (refusal !== undefined) return { storable: false, reason: refusal }
  const vary: VaryList = varyOf(response.headers)
  if (vary === '*') return { storable: false, reason: 'Vary names no fields that could be compared' }
  const { freshForMs, ageMs, source } = freshness(response.headers, directives, rules, times)
  if (freshForMs <= 0) return { storable: false, reason: staleReason(source) }
  const windows = staleWindows(directives, rules)
  return { storable: true, freshForMs, ageMs, windows, public: isPublic(directives), vary }
}

/**
 * Whether all of the body arrived (RFC 9112 section 8): a handler that died midway must not be repeated to others.
 * Without a Content-Length only the end of the response tells, and that the caller has seen.
 */
export function isComplete(response: CacheResponse, bodyBytes: number): boolean {
  const lengths = all(response.headers, 'content-length')
  return lengths.every((length) => length === String(bodyBytes))
}

function refusedByMessage(method: string, response: CacheResponse, rules: StorableRules): string | undefined {
  // A HEAD has no body to store (RFC 9110 section 9.3.2).
  if (method !== 'GET') return 'method is not GET'
  // Part of a representation (RFC 9111 section 3.3); options refuse 206 and 304 as statuses, too.
  if (has(response.headers, 'content-range')) return 'response is partial'
  if (!rules.statuses.has(response.status)) return `status ${response.status} is not stored`
  if (has(response.headers, 'set-cookie')) return 'response sets a cookie'
  const type = first(response.headers, 'content-type')
  if (type !== undefined && ENDLESS.has(mediaType(type))) return 'response is a stream without end'
  return undefined
}

/**
 * RFC 9111 sections 5.2.2.4, 5.2.2.5, 5.2.2.7. The safe profile reads `no-cache` and `private` that name fields as if
 * they named none: it never takes a response apart. Section 3.5 and its sibling for Cookie come last.
 */
function refusedByDirectives(directives: ResponseDirectives, credentials: boolean): string | undefined {
  if (directives.noStore) return 'response says no-store'
  if (directives.private !== false) return 'response says private'
  if (directives.noCache !== false) return 'response says no-cache'
  if (credentials && !isPublic(directives)) return 'request has credentials, response is not public'
  return undefined
}

function isPublic(directives: ResponseDirectives): boolean {
  return directives.public || directives.sMaxAge !== undefined
}

/** Type and subtype, without parameters (RFC 9110 section 8.3.1). */
function mediaType(value: string): string {
  return (value.split(';', 1)[0] as string).trim().toLowerCase()
}

function staleReason(source: string): string {
  if (source === 'nothing') return 'neither response nor route gives a lifetime'
  return source === 'ttl' ? 'ttl is 0' : `response is stale by its ${source}`
}
