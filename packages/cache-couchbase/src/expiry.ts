/** From here on a number would be taken as a point in time: relative expiries are below 30 days. */
const LONGEST_RELATIVE_S = 30 * 86_400 - 1
/** The server keeps the end as 32 bits of seconds since 1970: 2106-02-07. */
const LATEST_MS = 4_294_967_295_000

/**
 * How long after its TTL a document may still be there. Couchbase counts whole seconds: one because the TTL is
 * rounded up, one added so that the second in which it is written does not cost any of it, one because the document
 * lives through its last second.
 */
export const TTL_RESOLUTION_MS = 3_000

/**
 * The expiry of a document that must live for `ttlMs`: seconds from the server's own clock, or a `Date` where that is
 * too far. `undefined` is no end: no TTL, or one beyond what the server can say. Whole seconds always: the SDK turns
 * 0.4 into none at all.
 */
export function expiryOf(ttlMs: number | undefined): number | Date | undefined {
  if (ttlMs === undefined) return undefined
  const seconds = Math.ceil(ttlMs / 1_000) + 1
  if (seconds <= LONGEST_RELATIVE_S) return seconds
  const end = Date.now() + seconds * 1_000
  return end > LATEST_MS ? undefined : new Date(end)
}
