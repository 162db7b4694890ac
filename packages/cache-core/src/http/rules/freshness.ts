import type { ResponseDirectives } from '../message/cache-control.js'
import { first, type HeaderLines } from '../message/headers.js'
import { parseHttpDate } from '../message/http-date.js'
import { initialAgeMs, type ResponseTimes } from './age.js'

export interface FreshnessRules {
  /** The route's own lifetime; `undefined` leaves it to the response. Counts from when the response is stored. */
  readonly ttlMs: number | undefined
  /** Whether the route's lifetime beats the response's own. */
  readonly override: boolean
}

export interface Freshness {
  /** How long from now it may be reused: 0 or less when it is already stale. May be `Infinity`, by the route's ttl only. */
  readonly freshForMs: number
  /** How old it already is. */
  readonly ageMs: number
  /** Where the lifetime comes from, in words for a person. */
  readonly source: 's-maxage' | 'max-age' | 'Expires' | 'ttl' | 'nothing'
}

/**
 * s-maxage, then max-age, then Expires less Date (RFC 9111 section 4.2.1), then the route's ttl. No heuristic: what
 * says nothing of a lifetime, on a route that says nothing either, is not reused.
 */
export function freshness(
  headers: HeaderLines,
  directives: ResponseDirectives,
  rules: FreshnessRules,
  times: ResponseTimes,
): Freshness {
  const ageMs = initialAgeMs(headers, times)
  const own = rules.override && rules.ttlMs !== undefined ? undefined : ownLifetime(headers, directives, times)
  if (own !== undefined) return { freshForMs: own.ms - ageMs, ageMs, source: own.source }
  if (rules.ttlMs !== undefined) return { freshForMs: rules.ttlMs, ageMs, source: 'ttl' }
  return { freshForMs: 0, ageMs, source: 'nothing' }
}

function ownLifetime(
  headers: HeaderLines,
  directives: ResponseDirectives,
  times: ResponseTimes,
): { ms: number; source: 's-maxage' | 'max-age' | 'Expires' } | undefined {
  if (directives.sMaxAge !== undefined) return { ms: directives.sMaxAge * 1_000, source: 's-maxage' }
  if (directives.maxAge !== undefined) return { ms: directives.maxAge * 1_000, source: 'max-age' }
  const expires = first(headers, 'expires')
  if (expires === undefined) return undefined
  // A bad Expires, `0` above all, is in the past (RFC 9111 section 5.3); a bad or missing Date is the time of receipt.
  const until = parseHttpDate(expires, times.receivedAt)
  const from = parseHttpDate(first(headers, 'date') ?? '', times.receivedAt) ?? times.receivedAt
  return { ms: until === undefined ? 0 : until - from, source: 'Expires' }
}
