import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from '@tiercel/cache-core/store'

const ASK_EVERY_MS = 10
/** Half of what a read may take: on a machine this busy, a caller's read may well be late. */
const LATE_MS = 25

/**
 * Asks the server all the time, without the faulty line and without a cache. If it is answered late or not at all, the
 * machine is busy, or the server is not back for anybody.
 */
export class Witness {
  readonly #store: Store
  readonly #late: { readonly from: number; readonly to: number }[] = []
  readonly #asking: Promise<void>
  #stopped = false

  constructor(store: Store) {
    this.#store = store
    this.#asking = this.#ask()
  }

  wasLate(from: number, to: number): boolean {
    return this.#late.some((late) => late.from <= to && late.to >= from)
  }

  /** For how much of the time it was answered promptly, in milliseconds. */
  wellMs(from: number, to: number): number {
    return this.#late.reduce(
      (ms, late) => ms - Math.max(0, Math.min(late.to, to) - Math.max(late.from, from)),
      to - from,
    )
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#asking
    await this.#store.close()
  }

  async #ask(): Promise<void> {
    let from = performance.now()
    while (!this.#stopped) {
      const answered = await this.#store.ping().then(
        () => true,
        () => false,
      )
      await delay(ASK_EVERY_MS)
      const to = performance.now()
      if (!answered || to - from > LATE_MS) this.#late.push({ from, to })
      from = to
    }
  }
}
