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
  readonly #onTrouble: () => void
  #since: number | undefined
  #patienceMs = SILENT_MS
  #watched = false

  /** @param onTrouble Called when it has lasted for some time, whether anything else is asked or not. */
  constructor(onTrouble: () => void) {
    this.#onTrouble = onTrouble
  }

  /** To be called for each request. */
  asked(): void {
    this.#since ??= performance.now()
    if (!this.#watched) this.#watchFor(TROUBLED_MS)
  }

  answered(): void {
    this.#since = undefined
    this.#patienceMs = SILENT_MS
  }

  /** Whether new connections should be tried. If so, the measurement starts again. @param leastMs Not before. */
  isTooLong(leastMs = 0): boolean {
    if (this.#since === undefined || performance.now() - this.#since <= Math.max(leastMs, this.#patienceMs))
      return false
    this.#since = undefined
    this.#patienceMs = Math.min(2 * this.#patienceMs, LONGEST_SILENT_MS)
    return true
  }

  /** One timer for all requests: it is cheaper than one for each. */
  #watchFor(ms: number): void {
    this.#watched = true
    setTimeout(() => {
      this.#watched = false
      if (this.#since === undefined) return
      const leftMs = this.#since + TROUBLED_MS - performance.now()
      if (leftMs > 0) this.#watchFor(leftMs)
      else this.#onTrouble()
    }, ms).unref()
  }
}
