import type { Clock } from '../base/clock.js'
import type { Stats } from './stats.js'

interface Parts {
  readonly clock: Clock
  readonly stats: Stats
}

/**
 * Whether another process loads for suspiciously long: its holder may be cut off, and a caller is to load beside it. Well
 * beyond the usual time of the key, and once for each holder that was seen.
 */
export class Suspicion {
  readonly #parts: Parts
  readonly #slot: string
  #token: string | undefined
  /** Since when that holder was waited for. */
  #since: number
  #told = false

  constructor(parts: Parts, slot: string) {
    this.#parts = parts
    this.#slot = slot
    this.#since = parts.clock.monotonic()
  }

  /** When that is, on the monotonic clock, should this holder go on. */
  get dueAt(): number {
    return this.#told ? Number.POSITIVE_INFINITY : this.#since + this.#parts.stats.loadTimes.suspicious(this.#slot)
  }

  /** @param token Of the lease that stands now. */
  grows(token: string): boolean {
    const { clock, stats } = this.#parts
    if (token !== this.#token) {
      // The first one stood when the waiting began.
      if (this.#token !== undefined) this.#since = clock.monotonic()
      this.#token = token
      this.#told = false
    }
    if (this.#told || clock.monotonic() - this.#since < stats.loadTimes.suspicious(this.#slot)) return false
    this.#told = true
    return true
  }
}
