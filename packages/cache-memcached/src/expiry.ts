/** memcached takes a larger number of seconds for a date. */
const LONGEST_RELATIVE_S = 30 * 86_400
/** The last date that fits its 32 bits, in 2106. */
const LAST_DATE_S = 0xffffffff
/** memcached's word for "no end". */
const NO_END = 0

/**
 * memcached compares whole seconds of a clock that advances once a second. Its tick comes up to a millisecond late
 * each time (0.8 ms measured), so about every 20 minutes one tick advances the clock by two: a lifetime of n seconds
 * lasts from n - 2 to n.
 */
const EARLY_S = 2

/** At most this much longer than asked: the rounding up, `EARLY_S`, and the lateness of a tick. */
export const TTL_RESOLUTION_MS = 1_000 + EARLY_S * 1_000 + 100

/** A lifetime in milliseconds as memcached's expiration: never shorter. `undefined`: no end. */
export function expiryOf(ttlMs: number | undefined): number {
  if (ttlMs === undefined) return NO_END
  const seconds = Math.ceil(ttlMs / 1_000) + EARLY_S
  if (seconds <= LONGEST_RELATIVE_S) return seconds
  const date = Math.ceil(Date.now() / 1_000) + seconds
  return date <= LAST_DATE_S ? date : NO_END
}
