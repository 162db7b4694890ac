import type { ResponseDirectives } from '../message/cache-control.js'

export interface StaleRules {
  /** The route's own windows; `undefined` leaves them to the response. */
  readonly staleWhileRevalidateMs?: number | undefined
  readonly staleIfErrorMs?: number | undefined
  /** Whether they beat the response's own. */
  readonly override: boolean
}

/** How long after its freshness a response may still be served, in milliseconds; may be `Infinity`, by the route only. */
export interface StaleWindows {
  /** While it is refreshed behind the answer. */
  readonly staleWhileRevalidateMs: number
  /** When its handler fails. */
  readonly staleIfErrorMs: number
}

const NONE: StaleWindows = { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }

/**
 * RFC 5861: the response's own directives, then the route's. RFC 9111 section 4.2.4 forbids to serve stale what says
 * must-revalidate or proxy-revalidate, or s-maxage, which says the latter with it (section 5.2.2.10): unless the route's
 * ttl is in its place; nor what says no-cache.
 */
export function staleWindows(directives: ResponseDirectives, rules: StaleRules): StaleWindows {
  const { mustRevalidate, proxyRevalidate, noCache, sMaxAge, staleWhileRevalidate, staleIfError } = directives
  if (mustRevalidate || proxyRevalidate || noCache === true) return NONE
  if (sMaxAge !== undefined && !rules.override) return NONE
  return {
    staleWhileRevalidateMs: windowOf(staleWhileRevalidate, rules.staleWhileRevalidateMs, rules.override),
    staleIfErrorMs: windowOf(staleIfError, rules.staleIfErrorMs, rules.override),
  }
}

function windowOf(seconds: number | undefined, route: number | undefined, override: boolean): number {
  if (seconds === undefined || (override && route !== undefined)) return route ?? 0
  return seconds * 1_000
}

/**
 * Statuses that say that a handler, or what it depends on, has failed (RFC 5861 section 4), instead of answering: what
 * is stale is then better.
 */
const FAILURES: ReadonlySet<number> = new Set([500, 502, 503, 504])

export function isFailure(status: number): boolean {
  return FAILURES.has(status)
}

/** Whether a status says that there is no answer for now: what is stale may still be wanted. */
export function isForNow(status: number): boolean {
  return status >= 500 || status === 429
}

/**
 * Statuses by which a layer sends away whoever asks, here the cache itself with a request of its own: nothing is said
 * of the resource.
 */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 407, 421, 425, 429, 511])

/** Whether an answer to a run behind the answer of another says nothing of the resource. */
export function saysNothing(status: number): boolean {
  return status >= 500 || REFUSALS.has(status)
}
