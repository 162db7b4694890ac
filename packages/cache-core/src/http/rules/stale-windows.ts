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
 * RFC 5861: the response's own directives, then the route's. RFC 9111 section 4.2.4 forbids serving a stale response that
 * says must-revalidate, proxy-revalidate or no-cache, or s-maxage, which implies proxy-revalidate (section 5.2.2.10), unless
 * the route's ttl overrides it.
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
 * Statuses of a failure of the handler, or of what it depends on (RFC 5861 section 4): a stale response is better than
 * these.
 */
const FAILURES: ReadonlySet<number> = new Set([500, 502, 503, 504])

export function isFailure(status: number): boolean {
  return FAILURES.has(status)
}

/** Whether a status means that there is no answer for now: then a stale response stays. */
export function isForNow(status: number): boolean {
  return status >= 500 || status === 429
}

/**
 * Statuses by which a layer refuses whoever asks, here the cache itself with a request of its own. They say nothing about the
 * resource.
 */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 407, 421, 425, 429, 511])

/** Whether the answer to a run behind another answer says nothing about the resource. */
export function saysNothing(status: number): boolean {
  return status >= 500 || REFUSALS.has(status)
}
