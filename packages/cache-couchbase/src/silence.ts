/** If nothing has been answered for this long, something is wrong. All times here are in milliseconds. */
const TROUBLED_MS = 100
/**
 * After this long, new connections are tried: the peers of the existing ones may have vanished or may send what cannot
 * be read any more, neither of which the SDK notices.
 */
const SILENT_MS = 2_000
/** If the new connections are silent, too, the wait for the next ones doubles, up to this. */
const LONGEST_SILENT_MS = 60_000

/** Measures how long requests have gone unanswered. */
export class Silence {
  #since: number | undefined
  #patienceMs = SILENT_MS

  /** To be called for each request. @returns Whether the silence has lasted for some time. */
  asked(): boolean {
    const now = performance.now()
    this.#since ??= now
    return now - this.#since > TROUBLED_MS
  }

  answered(): void {
    this.#since = undefined
    this.#patienceMs = SILENT_MS
  }

  /** Whether new connections should be tried. If so, the measurement starts again. */
  isTooLong(): boolean {
    if (this.#since === undefined || performance.now() - this.#since <= this.#patienceMs) return false
    this.#since = undefined
    this.#patienceMs = Math.min(2 * this.#patienceMs, LONGEST_SILENT_MS)
    return true
  }
}
