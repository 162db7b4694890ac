import { LRUCache } from 'lru-cache'

/** Memory for variants, in characters of the names of their slots. */
const MAX_CHARACTERS = 4_194_304

/** For so long after the end of what was stored it still counts. Milliseconds. */
const LATELY_MS = 60_000
/** What is stored for longer counts for no longer: a variant may have become one that is never stored. Milliseconds. */
const MAX_FRESH_MS = 3_600_000

/**
 * Which variants this process has stored lately. One response that may not be stored is then no witness against the
 * variant: a client that knows how to elicit a cookie, a `private` or a body too large, by what is not in the key, would
 * send all others past the cache.
 */
export class KeptVariants {
  /** Until when it counts, wall clock. */
  readonly #until = new LRUCache<string, number>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_until, slot) => slot.length + 1,
  })

  kept(slot: string, now: number, freshUntil: number): void {
    this.#until.set(slot, Math.min(freshUntil, now + MAX_FRESH_MS) + LATELY_MS)
  }

  keptLately(slot: string, now: number): boolean {
    const until = this.#until.get(slot)
    return until !== undefined && now < until
  }
}
