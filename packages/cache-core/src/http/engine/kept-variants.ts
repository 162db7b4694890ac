import { textLru } from '../../base/text-lru.js'

/** Memory for variants, in characters of the names of their slots. */
const MAX_CHARACTERS = 2_097_152

/** How long a variant still counts after its freshness. Milliseconds. */
const LATELY_MS = 60_000
/** Longest freshness that counts: later, a variant may have become one that is never stored. Milliseconds. */
const MAX_FRESH_MS = 3_600_000

/**
 * Which variants this process has stored lately. For these, one response that may not be stored leaves no pass mark.
 * Otherwise a client that knows how to elicit a cookie, a `private` or too large a body, by something that is not in the key,
 * could send all others past the cache.
 */
export class KeptVariants {
  /** Until when it counts, wall clock. */
  readonly #until = textLru<number>(MAX_CHARACTERS)

  kept(slot: string, now: number, freshUntil: number): void {
    this.#until.set(slot, Math.min(freshUntil, now + MAX_FRESH_MS) + LATELY_MS)
  }

  keptLately(slot: string, now: number): boolean {
    const until = this.#until.get(slot)
    return until !== undefined && now < until
  }
}
