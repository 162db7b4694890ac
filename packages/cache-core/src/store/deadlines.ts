import type { CancelTimer, Clock } from '../base/clock.js'

interface Pending {
  readonly dueAt: number
  readonly fail: (error: Error) => void
  readonly onExpired: () => Error
  settled: boolean
}

/**
 * Deadlines of one length, kept by one timer however many operations are under way: they fall due in the order in
 * which they began.
 *
 * A timer that fires after the event loop was busy says nothing about the store: the answer may already lie in the
 * socket. So an operation that is due gets one poll phase more before it expires.
 */
export class Deadlines {
  readonly ms: number
  readonly #clock: Clock
  #queue: Pending[] = []
  #cancel: CancelTimer | undefined

  constructor(ms: number, clock: Clock) {
    this.ms = ms
    this.#clock = clock
  }

  /** Settles as `operation` does, or rejects with `onExpired()` when its time is over. A late result is dropped. */
  bound<T>(operation: Promise<T>, onExpired: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const pending: Pending = {
        dueAt: this.#clock.monotonic() + this.ms,
        fail: reject,
        onExpired,
        settled: false,
      }
      this.#queue.push(pending)
      this.#cancel ??= this.#clock.after(this.ms, this.#onTimer)
      operation.then(
        (value) => {
          pending.settled = true
          resolve(value)
        },
        (error) => {
          pending.settled = true
          reject(error)
        },
      )
    })
  }

  /** Rejects all that is under way. */
  failAll(error: () => Error): void {
    this.#cancel?.()
    this.#cancel = undefined
    const queue = this.#queue
    this.#queue = []
    for (const pending of queue) if (!pending.settled) pending.fail(error())
  }

  readonly #onTimer = (): void => {
    setImmediate(() => {
      this.#cancel = undefined
      const now = this.#clock.monotonic()
      const alive = this.#queue.findIndex((pending) => !pending.settled && pending.dueAt > now)
      const due = this.#queue.splice(0, alive === -1 ? this.#queue.length : alive)
      for (const pending of due) if (!pending.settled) pending.fail(pending.onExpired())
      const next = this.#queue[0]
      if (next !== undefined) this.#cancel = this.#clock.after(Math.max(1, next.dueAt - now), this.#onTimer)
    })
  }
}
