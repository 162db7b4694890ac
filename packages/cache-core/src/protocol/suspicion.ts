import type { Clock } from '../base/clock.js'
import type { Stats } from './stats.js'

interface Parts {
  readonly clock: Clock
  readonly stats: Stats
}

/**
 * Whether callers have waited for suspiciously long, whoever held the lease: well beyond the usual load time of the key. The
 * holder may be cut off, so one of them should load beside it, and another one after as long again.
 */
export class Suspicion {
  readonly #parts: Parts
  readonly #slot: string
  #since: number

  /** @param since When the first of them began to wait, on the monotonic clock. */
  constructor(parts: Parts, slot: string, since: number) {
    this.#parts = parts
    this.#slot = slot
    this.#since = since
  }

  /** When the wait becomes suspicious, on the monotonic clock. */
  get dueAt(): number {
    return this.#since + this.#parts.stats.loadTimes.suspicious(this.#slot)
  }

  /** Whether one of them should load beside the holder now. Starts over if so. */
  grows(): boolean {
    const now = this.#parts.clock.monotonic()
    if (now < this.dueAt) return false
    this.#since = now
    return true
  }
}
