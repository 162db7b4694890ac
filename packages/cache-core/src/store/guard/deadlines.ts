import type { CancelTimer, Clock } from '../../base/clock.js'

/** The cause given when the deadline passed. Not `undefined`, since an operation may reject with that. */
export const EXPIRED = Symbol('expired')

/** An operation under way, a link in the list of those with the same time to answer. */
interface Pending {
  readonly dueAt: number
  readonly fail: (cause: unknown) => void
  before: Pending | undefined
  after: Pending | undefined
  settled: boolean
}

/**
 * Deadlines of one length, kept by one timer however many operations are under way: they fall due in the order in
 * which they began. One that has settled is forgotten at once: kept until its deadline, thousands of them would be
 * copied by the garbage collector again and again. The list is linked, and a forgotten link points at nothing: a `Set`
 * cost three times as much with 64 operations under way, since its outgrown tables keep what they held (measured).
 *
 * A timer that fires after the event loop was busy says nothing about the store: the answer may already lie in the
 * socket. So an operation that is due gets one poll phase more before it expires.
 */
export class Deadlines {
  readonly ms: number
  readonly #clock: Clock
  /** The first to fall due, and the last. */
  #first: Pending | undefined
  #last: Pending | undefined
  #cancel: CancelTimer | undefined

  constructor(ms: number, clock: Clock) {
    this.ms = ms
    this.#clock = clock
  }

  /**
   * Settles as `operation` does, its error translated by `toError`, or rejects with `toError(EXPIRED)` at its deadline. A
   * late result is dropped.
   * @param onAnswer Told when it resolves in time, and after how many milliseconds.
   */
  bound<T>(operation: Promise<T>, toError: (cause: unknown) => unknown, onAnswer?: (ms: number) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.watch(operation, resolve, (cause) => reject(toError(cause)), onAnswer)
    })
  }

  /** As `bound`, with callbacks: exactly one is called, once and asynchronously. They must not throw. */
  watch<T>(
    operation: Promise<T>,
    onValue: (value: T) => void,
    onFailure: (cause: unknown) => void,
    onAnswer?: (ms: number) => void,
  ): void {
    const pending = this.#add(onFailure)
    operation.then(
      (value) => {
        if (!this.#forget(pending)) return
        onAnswer?.(this.#clock.monotonic() - pending.dueAt + this.ms)
        onValue(value)
      },
      (error) => {
        if (this.#forget(pending)) onFailure(error)
      },
    )
  }

  /** Rejects all that is under way. */
  failAll(error: () => Error): void {
    this.#cancel?.()
    this.#cancel = undefined
    for (let pending = this.#first; pending !== undefined; pending = this.#first) {
      this.#forget(pending)
      pending.fail(error())
    }
  }

  #add(fail: Pending['fail']): Pending {
    const dueAt = this.#clock.monotonic() + this.ms
    const pending: Pending = { dueAt, fail, before: this.#last, after: undefined, settled: false }
    if (this.#last === undefined) this.#first = pending
    else this.#last.after = pending
    this.#last = pending
    this.#cancel ??= this.#clock.after(this.ms, this.#onTimer)
    return pending
  }

  /** Whether it was still under way. */
  #forget(pending: Pending): boolean {
    if (pending.settled) return false
    pending.settled = true
    const { before, after } = pending
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    pending.before = undefined
    pending.after = undefined
    return true
  }

  readonly #onTimer = (): void => {
    setImmediate(() => {
      const now = this.#clock.monotonic()
      for (let pending = this.#first; pending !== undefined && pending.dueAt <= now; pending = this.#first) {
        this.#forget(pending)
        pending.fail(EXPIRED)
      }
      const next = this.#first
      this.#cancel = next && this.#clock.after(next.dueAt - now, this.#onTimer)
    })
  }
}
