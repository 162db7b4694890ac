import { type Encoded, encodeFrame, type Mark, type ValueFrame } from './frame.js'

/** A value as it is written: its frame, and the lifetime that the store is given. */
export interface SealedValue {
  readonly bytes: Uint8Array
  /** Milliseconds; `undefined`: without end. */
  readonly ttl: number | undefined
  /** When it ends, wall clock: every mark that it carries must live as long (G3). */
  readonly keepUntil: number
}

/** How long a value lives. */
export interface Life {
  /** How long it is fresh, in milliseconds, above 0; `Infinity`: without end. */
  readonly ttlMs: number
  /** How long after that it may be served while it is refreshed, in milliseconds. Default 0. */
  readonly staleWhileRevalidateMs?: number
  /** How long after its freshness it may be served when a load fails, in milliseconds. Default 0. */
  readonly staleIfErrorMs?: number
  /** The share of its freshness by which that is shortened at random, 0 to 1. Default 0. */
  readonly jitter?: number
}

export interface ValueTerms extends Life {
  /** Wall clock, milliseconds since the epoch. */
  readonly now: number
  /** How long its load took, in milliseconds. Default 0: it was not loaded. */
  readonly loadMs?: number
  /** All that it depends on, as it was read before the value was made. */
  readonly marks: readonly Mark[]
}

/**
 * The only maker of value frames, with their times, marks and lifetime in the store, so that loads, `set`, `add` and
 * stored responses all follow the same rules.
 */
export function sealValue({ encoding, shape, payload }: Encoded, terms: ValueTerms): SealedValue {
  const { now, ttlMs, staleWhileRevalidateMs = 0, staleIfErrorMs = 0, jitter = 0, loadMs = 0, marks } = terms
  // Shortened, never prolonged: nothing is fresh for longer than was asked for.
  const freshMs = jitter === 0 || ttlMs === Number.POSITIVE_INFINITY ? ttlMs : ttlMs * (1 - jitter * Math.random())
  const freshUntil = now + freshMs
  const revalidateUntil = freshUntil + staleWhileRevalidateMs
  const keepUntil = freshUntil + Math.max(staleWhileRevalidateMs, staleIfErrorMs)
  return {
    bytes: encodeFrame({
      kind: 'value',
      createdAt: now,
      freshUntil,
      revalidateUntil,
      keepUntil,
      encoding,
      shape,
      payload,
      loadMs,
      marks,
    }),
    ttl: serverTtl(keepUntil - now),
    keepUntil,
  }
}

/** The same value, no longer fresh, for as long as its stale windows are. `undefined` where it has none. */
export function expireValue(frame: ValueFrame, now: number): SealedValue | undefined {
  // The windows first: summed in another order, rounding could make them end before they begin.
  const keepUntil = now + (frame.keepUntil - frame.freshUntil)
  if (!(keepUntil > now)) return undefined
  const revalidateUntil = now + (frame.revalidateUntil - frame.freshUntil)
  return {
    bytes: encodeFrame({ ...frame, freshUntil: now, revalidateUntil, keepUntil }),
    ttl: serverTtl(keepUntil - now),
    keepUntil,
  }
}

/** A lifetime as stores take it: they know no `Infinity`. */
export function serverTtl(lifeMs: number): number | undefined {
  return lifeMs === Number.POSITIVE_INFINITY ? undefined : lifeMs
}
