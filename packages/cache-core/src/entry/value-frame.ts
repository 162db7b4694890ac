import { type Encoded, encodeFrame, type Mark } from './frame.js'

/** A value as it is written: its frame, and the lifetime that the store is given. */
export interface SealedValue {
  readonly bytes: Uint8Array
  /** Milliseconds; `undefined`: without end. */
  readonly ttl: number | undefined
  /** When it ends, wall clock: every mark that it carries must live as long (G3). */
  readonly keepUntil: number
}

export interface ValueTerms {
  /** Wall clock, milliseconds since the epoch. */
  readonly now: number
  /** How long it is fresh, in milliseconds, above 0; `Infinity`: without end. */
  readonly ttlMs: number
  /** How long its load took, in milliseconds. Default 0: it was not loaded. */
  readonly loadMs?: number
  /** All that it depends on, as it was read before the value was made. */
  readonly marks: readonly Mark[]
}

/**
 * Makes the frame of a value, with its times, the lifetime in the store and its marks. Nothing else does, so that what
 * is stored under a URL, by a load, a `set` or an `add` follows the same rules.
 */
export function sealValue(encoded: Encoded, { now, ttlMs, loadMs = 0, marks }: ValueTerms): SealedValue {
  const until = now + ttlMs
  const times = { createdAt: now, freshUntil: until, revalidateUntil: until, keepUntil: until }
  return {
    bytes: encodeFrame({ kind: 'value', ...times, ...encoded, loadMs, marks }),
    ttl: serverTtl(ttlMs),
    keepUntil: until,
  }
}

/** The lifetime that a store is given for what lives so long: it knows no endless one. */
export function serverTtl(lifeMs: number): number | undefined {
  return lifeMs === Number.POSITIVE_INFINITY ? undefined : lifeMs
}
