import { requestDirectives } from '../message/cache-control.js'
import { all, type HeaderLines } from '../message/headers.js'
import type { Policies } from './profiles.js'

/** What a client asks of caches (RFC 9111 section 5.2.1). Times in milliseconds. */
export interface Wishes {
  /** Nothing that is stored. */
  readonly noCache: boolean
  /** Nor is the response to be stored. */
  readonly noStore: boolean
  /** No run of the handler: 504 where that would be needed. */
  readonly onlyIfCached: boolean
  readonly maxAgeMs: number
  readonly minFreshMs: number
  /** How long it may have been stale. */
  readonly maxStaleMs: number
}

const NO_WISHES: Wishes = {
  noCache: false,
  noStore: false,
  onlyIfCached: false,
  maxAgeMs: Number.POSITIVE_INFINITY,
  minFreshMs: 0,
  maxStaleMs: 0,
}

export function wishesOf(headers: HeaderLines, { clientDirectives }: Pick<Policies, 'clientDirectives'>): Wishes {
  if (!clientDirectives) return NO_WISHES
  const lines = all(headers, 'cache-control')
  if (lines.length === 0) return pragmaSaysNoCache(headers) ? { ...NO_WISHES, noCache: true } : NO_WISHES
  const { noCache, noStore, onlyIfCached, maxAge, minFresh = 0, maxStale = 0 } = requestDirectives(lines)
  return {
    noCache,
    noStore,
    onlyIfCached,
    maxAgeMs: maxAge === undefined ? Number.POSITIVE_INFINITY : maxAge * 1_000,
    minFreshMs: minFresh * 1_000,
    maxStaleMs: maxStale * 1_000,
  }
}

/** RFC 9111 section 5.4: Pragma counts only where there is no Cache-Control. */
function pragmaSaysNoCache(headers: HeaderLines): boolean {
  return all(headers, 'pragma').some((value) =>
    value.split(',').some((member) => member.trim().toLowerCase() === 'no-cache'),
  )
}

/** The times of a stored response, in milliseconds. */
export interface StoredTimes {
  readonly receivedAt: number
  readonly ageMs: number
  readonly freshForMs: number
  readonly mustRevalidate: boolean
}

/** Whether a stored response may be used without asking its handler (RFC 9111 section 4). */
export function isReusable(stored: StoredTimes, wishes: Wishes, now: number): boolean {
  if (wishes.noCache || wishes.noStore) return false
  // A clock may step back.
  const residentMs = Math.max(0, now - stored.receivedAt)
  if (stored.ageMs + residentMs > wishes.maxAgeMs) return false
  const leftMs = stored.freshForMs - residentMs
  if (leftMs > 0) return leftMs >= wishes.minFreshMs
  return wishes.maxStaleMs > 0 && wishes.minFreshMs === 0 && !stored.mustRevalidate && -leftMs <= wishes.maxStaleMs
}

/** Whether a client accepts a stale response that the cache may serve by RFC 5861. */
export function acceptsStale({ ageMs, receivedAt }: StoredTimes, wishes: Wishes, now: number): boolean {
  if (wishes.noCache || wishes.minFreshMs > 0) return false
  return ageMs + Math.max(0, now - receivedAt) <= wishes.maxAgeMs
}

/**
 * Whether the response to another request also answers this one (RFC 9111 section 4): not if it is stored only to be
 * validated, nor if this client wants something newer. It may have become stale on its way.
 */
export function suits(stored: StoredTimes, wishes: Wishes, now: number): boolean {
  return stored.freshForMs > 0 && (isReusable(stored, wishes, now) || acceptsStale(stored, wishes, now))
}
