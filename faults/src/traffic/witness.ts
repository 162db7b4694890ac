import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from '@tiercel/cache-core/store'

const ASK_EVERY_MS = 10
/** Half of what a read may take: on a machine that is as busy, a caller's read may well be late. */
const LATE_MS = 25

/**
 * Asks the server all the time, past what is wrong with the line, and without a cache: where it is answered late, the
 * machine is busy.
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

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#asking
    await this.#store.close()
  }

  async #ask(): Promise<void> {
    let from = performance.now()
    while (!this.#stopped) {
      await this.#store.ping().catch(() => {})
      await delay(ASK_EVERY_MS)
      const to = performance.now()
      if (to - from > LATE_MS) this.#late.push({ from, to })
      from = to
    }
  }
}
