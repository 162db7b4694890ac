/** Nothing that was asked in this time has an answer: something is wrong. In milliseconds, as all here. */
const TROUBLED_MS = 100
/**
 * The peers of these connections may be gone without a word, or what they say cannot be read any more, neither of which
 * the SDK notices. New connections may be answered,
 */
const SILENT_MS = 1_000
/** and if they are as silent, those were not what was missing: it takes twice as long until the next ones. */
const LONGEST_SILENT_MS = 60_000

/** For how long nothing that was asked has an answer. */
export class Silence {
  #since: number | undefined
  #patienceMs = SILENT_MS

  /** Whether it lasts for some time already. */
  asked(): boolean {
    const now = performance.now()
    this.#since ??= now
    return now - this.#since > TROUBLED_MS
  }

  answered(): void {
    this.#since = undefined
    this.#patienceMs = SILENT_MS
  }

  /** Whether new connections should be tried; if so it counts anew. */
  isTooLong(): boolean {
    if (this.#since === undefined || performance.now() - this.#since <= this.#patienceMs) return false
    this.#since = undefined
    this.#patienceMs = Math.min(2 * this.#patienceMs, LONGEST_SILENT_MS)
    return true
  }
}
