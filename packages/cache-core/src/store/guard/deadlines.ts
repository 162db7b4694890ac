import type { CancelTimer, Clock } from '../../base/clock.js'

/** The cause given when the deadline passed. Not `undefined`, since an operation may reject with that. */
export const EXPIRED = Symbol('expired')

/** A timer that is later than this was held up by a busy event loop. Milliseconds. */
const HELD_UP_MS = 5
/** How often an operation may be prolonged: after a long turn of the event loop the next ones are long as well. */
const MAX_PROLONGED = 4

/** An operation under way, a link in the list of those with the same time to answer. */
interface Pending {
  readonly dueAt: number
  /** How often it was given more time. */
  prolonged: number
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
 * socket, or the question not have left the process. So an operation that is due gets one poll phase more before it
 * expires, and a few times as much time as the timer was late, up to its whole time.
 */
export class Deadlines {
  readonly ms: number
  readonly #clock: Clock
  /** The first to fall due, and the last. */
  #first: Pending | undefined
  #last: Pending | undefined
  #cancel: CancelTimer | undefined
  /** When the timer should fire. */
  #wakesAt = 0

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
    const pending: Pending = { dueAt, fail, prolonged: 0, before: this.#last, after: undefined, settled: false }
    if (this.#last === undefined) this.#first = pending
    else this.#last.after = pending
    this.#last = pending
    if (this.#cancel === undefined) this.#wakeAt(dueAt, this.ms)
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

  #wakeAt(time: number, inMs: number): void {
    this.#wakesAt = time
    this.#cancel = this.#clock.after(inMs, this.#onTimer)
  }

  readonly #onTimer = (): void => {
    const lateMs = this.#clock.monotonic() - this.#wakesAt
    const moreMs = lateMs > HELD_UP_MS ? Math.min(lateMs, this.ms) : 0
    setImmediate(() => {
      const now = this.#clock.monotonic()
      const prolonged = this.#expire(now, moreMs > 0)
      this.#cancel = undefined
      const wakesAt = prolonged ? now + moreMs : this.#first?.dueAt
      if (wakesAt !== undefined) this.#wakeAt(wakesAt, wakesAt - now)
    })
  }

  /** Fails what is due, unless it is to be prolonged once more. Whether anything was prolonged. */
  #expire(now: number, prolongs: boolean): boolean {
    let prolonged = false
    let pending = this.#first
    while (pending !== undefined && pending.dueAt <= now) {
      const { after } = pending
      if (prolongs && pending.prolonged < MAX_PROLONGED) {
        pending.prolonged++
        prolonged = true
      } else {
        this.#forget(pending)
        pending.fail(EXPIRED)
      }
      pending = after
    }
    return prolonged
  }
}
