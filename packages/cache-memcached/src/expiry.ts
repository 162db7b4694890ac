/** memcached interprets more seconds than this as a date. */
const LONGEST_RELATIVE_S = 30 * 86_400
/** The last date that fits its 32 bits, in 2106. */
const LAST_DATE_S = 0xffffffff
/** To memcached: never. */
const NO_END = 0

/**
 * memcached compares whole seconds of a clock that ticks once a second. Each tick is up to a millisecond late (0.8 ms
 * measured), so about every 20 minutes one tick advances the clock by two: a lifetime of n seconds lasts from n - 2 to
 * n.
 */
const EARLY_S = 2

/** A value may live this much longer than requested: rounding up, `EARLY_S`, and a late tick. */
export const TTL_RESOLUTION_MS = 1_000 + EARLY_S * 1_000 + 100

/** Converts a lifetime in milliseconds to memcached's expiration, never a shorter one. `undefined`: never expires. */
export function expiryOf(ttlMs: number | undefined): number {
  if (ttlMs === undefined) return NO_END
  const seconds = Math.ceil(ttlMs / 1_000) + EARLY_S
  if (seconds <= LONGEST_RELATIVE_S) return seconds
  const date = Math.ceil(Date.now() / 1_000) + seconds
  return date <= LAST_DATE_S ? date : NO_END
}
