import { first, type HeaderLines } from '../message/headers.js'
import { parseHttpDate } from '../message/http-date.js'
import { initialAgeMs, type ResponseTimes } from './age.js'
import type { Directives } from './directives.js'

export interface FreshnessRules {
  /** The route's own lifetime; `undefined` leaves it to the response. Counts from when the response is stored. */
  readonly ttlMs: number | undefined
  /** Whether the route's lifetime beats the response's own. */
  readonly override: boolean
  /** Whether a lifetime is guessed where nobody gives one. */
  readonly heuristics: boolean
}

export interface Freshness {
  /** How long from now it may be reused: 0 or less when it is already stale. May be `Infinity`, by the route's ttl only. */
  readonly freshForMs: number
  /** How old it already is. */
  readonly ageMs: number
  /** Where the lifetime comes from, in words for a person. */
  readonly source: 's-maxage' | 'max-age' | 'Expires' | 'ttl' | 'Last-Modified' | 'nothing'
}

interface Lifetime {
  readonly ms: number
  readonly source: Freshness['source']
}

/** The guessed lifetime of a response, as a share of its age (RFC 9111 section 4.2.2). */
const HEURISTIC_SHARE = 0.1
/** Longest guessed lifetime: what last changed years ago may still change today. Milliseconds. */
const MAX_HEURISTIC_MS = 86_400_000

/**
 * s-maxage, then max-age, then Expires less Date (RFC 9111 section 4.2.1), then the route's ttl, then the heuristic. Where
 * none gives a lifetime, the response is not reused.
 */
export function freshness(
  { status, headers }: { readonly status: number; readonly headers: HeaderLines },
  said: Directives,
  rules: FreshnessRules,
  times: ResponseTimes,
): Freshness {
  const ageMs = initialAgeMs(headers, times)
  const own = rules.override && rules.ttlMs !== undefined ? undefined : ownLifetime(headers, said, times)
  if (own !== undefined) return { freshForMs: own.ms - ageMs, ageMs, source: own.source }
  if (rules.ttlMs !== undefined) return { freshForMs: rules.ttlMs, ageMs, source: 'ttl' }
  const guessed = rules.heuristics && mayBeGuessed(status, said) ? heuristicLifetime(headers, times) : undefined
  if (guessed !== undefined) return { freshForMs: guessed - ageMs, ageMs, source: 'Last-Modified' }
  return { freshForMs: 0, ageMs, source: 'nothing' }
}

function ownLifetime(
  headers: HeaderLines,
  { directives, targeted }: Directives,
  times: ResponseTimes,
): Lifetime | undefined {
  if (directives.sMaxAge !== undefined) return { ms: directives.sMaxAge * 1_000, source: 's-maxage' }
  if (directives.maxAge !== undefined) return { ms: directives.maxAge * 1_000, source: 'max-age' }
  const expires = targeted ? undefined : first(headers, 'expires')
  if (expires === undefined) return undefined
  // A bad Expires, `0` above all, is in the past (RFC 9111 section 5.3); a bad or missing Date is the time of receipt.
  const until = parseHttpDate(expires, times.receivedAt)
  return { ms: until === undefined ? 0 : until - madeAt(headers, times), source: 'Expires' }
}

/** RFC 9110 section 15.1. Without 206, which has rules of its own. */
const HEURISTICALLY_CACHEABLE = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])

/** `public` makes any response cacheable that has no lifetime of its own (RFC 9111 section 5.2.2.9). */
export function mayBeGuessed(status: number, { directives }: Directives): boolean {
  return HEURISTICALLY_CACHEABLE.has(status) || directives.public
}

function heuristicLifetime(headers: HeaderLines, times: ResponseTimes): number | undefined {
  const modified = parseHttpDate(first(headers, 'last-modified') ?? '', times.receivedAt)
  if (modified === undefined) return undefined
  return Math.min(HEURISTIC_SHARE * Math.max(0, madeAt(headers, times) - modified), MAX_HEURISTIC_MS)
}

function madeAt(headers: HeaderLines, { receivedAt }: ResponseTimes): number {
  return parseHttpDate(first(headers, 'date') ?? '', receivedAt) ?? receivedAt
}
