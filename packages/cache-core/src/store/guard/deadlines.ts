import type { CancelTimer, Clock } from '../../base/clock.js'

interface Pending {
  readonly dueAt: number
  /** Rejects with what `toError` makes of the cause. */
  readonly fail: (cause: unknown) => void
}

/**
 * Deadlines of one length, kept by one timer however many operations are under way: they fall due in the order in
 * which they began. One that has settled is forgotten at once: kept until its deadline, thousands of them would be
 * copied by the garbage collector again and again.
 *
 * A timer that fires after the event loop was busy says nothing about the store: the answer may already lie in the
 * socket. So an operation that is due gets one poll phase more before it expires.
 */
export class Deadlines {
  readonly ms: number
  readonly #clock: Clock
  /** In the order of their deadlines. */
  readonly #pending = new Set<Pending>()
  #cancel: CancelTimer | undefined

  constructor(ms: number, clock: Clock) {
    this.ms = ms
    this.#clock = clock
  }

  /**
   * Settles as `operation` does, its error as `toError` translates it, or rejects with `toError(undefined)` when its
   * time is over. A late result is dropped.
   */
  bound<T>(operation: Promise<T>, toError: (cause: unknown) => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const pending: Pending = {
        dueAt: this.#clock.monotonic() + this.ms,
        fail: (cause) => reject(toError(cause)),
      }
      this.#pending.add(pending)
      this.#cancel ??= this.#clock.after(this.ms, this.#onTimer)
      operation.then(
        (value) => {
          this.#pending.delete(pending)
          resolve(value)
        },
        (error) => {
          if (this.#pending.delete(pending)) pending.fail(error)
        },
      )
    })
  }

  /** Rejects all that is under way. */
  failAll(error: () => Error): void {
    this.#cancel?.()
    this.#cancel = undefined
    const failed = [...this.#pending]
    this.#pending.clear()
    for (const pending of failed) pending.fail(error())
  }

  readonly #onTimer = (): void => {
    setImmediate(() => {
      this.#cancel = undefined
      const now = this.#clock.monotonic()
      for (const pending of this.#pending) {
        if (pending.dueAt > now) {
          this.#cancel = this.#clock.after(Math.max(1, pending.dueAt - now), this.#onTimer)
          return
        }
        this.#pending.delete(pending)
        pending.fail(undefined)
      }
    })
  }
}
