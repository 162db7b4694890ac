/** The pause after the first attempt, and the longest pause. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

/** Attempts at growing, jittered intervals. The first one comes at once, as does one after a quiet time. */
export class Spacing {
  #nextAt = 0
  #pauseMs = FIRST_PAUSE_MS

  /** Whether it is time for an attempt, which then counts as made. */
  take(now = performance.now()): boolean {
    if (now < this.#nextAt) return false
    if (now - this.#nextAt > LONGEST_PAUSE_MS) this.#pauseMs = FIRST_PAUSE_MS
    this.#nextAt = now + this.#pauseMs * (1 + Math.random() / 4)
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
    return true
  }
}
