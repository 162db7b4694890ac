import type { CancelTimer, Clock } from '../base/clock.js'
import { LoadTimeoutError } from '../base/errors.js'
import type { Encoded, EntryTimes, Mark } from '../entry/frame.js'
import type { Key } from './key.js'
import type { NamespaceVersion } from './marks.js'

/** What a load came to. */
export interface Loaded {
  /** What callers get; `undefined`: there is nothing to give. */
  readonly encoded: Encoded | undefined
  /** How long it is fresh, in milliseconds, `Infinity` without end; 0: it is answered and not stored. */
  readonly ttlMs: number
}

/** What a loader knows of its load. */
export interface LoadTerms {
  /** Aborted when `hardTimeout` is over or the last caller has gone. */
  readonly signal: AbortSignal
  /** Whether the result can be stored. */
  readonly leased: boolean
}

export type Load = (terms: LoadTerms) => Promise<Loaded>

/** Where an answer came from: the store, the caller's own load, a load of this process, a load without a lease. */
export type Source = 'hit' | 'load' | 'join' | 'unleased'

export interface Answer<T> {
  readonly value: T | undefined
  readonly source: Source
  /** The entry's, where the answer came from the store. */
  readonly times: EntryTimes | undefined
}

/** What a caller wants, as one `getOrSet` sees it. */
export interface CallOptions<T> {
  /** The caller's own, for diagnostics. */
  readonly key: Key
  readonly slot: string
  readonly namespace: NamespaceVersion
  /** Versions beside the namespace's that the entry depends on, read after the caller came. */
  readonly marks: readonly Mark[]
  readonly load: Load
  /** Bytes to what this caller gets. Throws when they were written by something else: the entry is then dead. */
  readonly open: (encoded: Encoded) => T
  readonly leaseMs: number
  readonly hardTimeoutMs: number
  readonly waitTimeoutMs: number
  /**
   * How a call loads that can have no lease, or has waited to its bound: once for all such callers of this process, or
   * each its own.
   */
  readonly fallback: 'shared' | 'own'
  readonly signal: AbortSignal | undefined
}

/** A call whose kind of value does not matter. */
export type AnyCall = Pick<
  Call<unknown>,
  'answer' | 'fail' | 'onLeave' | 'arrivedAt' | 'degraded' | 'endedLeases' | 'waitUntil'
> & {
  readonly options: Omit<CallOptions<unknown>, 'open'>
}

/**
 * Why a call loads without a lease, and stores nothing.
 * `'no-store'`: the store did not answer it in time, or gives no leases; it awaits no further operation of the store.
 * `'waited-out'`: the store answers, but waiting for the leases of others came to its bound.
 */
export type Degraded = 'no-store' | 'waited-out'

/**
 * One caller of `getOrSet` on its way to an answer. Ends once: answered, failed, timed out (P3), or aborted by the
 * caller's own signal; whatever it had joined is told that it has left.
 */
export class Call<T> {
  readonly options: CallOptions<T>
  readonly result: Promise<Answer<T>>
  /** When the caller came, on the monotonic clock. */
  readonly arrivedAt: number
  degraded: Degraded | undefined
  /** Leases of others that ended without a value while this call waited. */
  endedLeases = 0
  /** Claims lost; after one the call reads again at once, after two it waits as on a lease. */
  lostClaims = 0
  waitUntil: number | undefined
  done = false
  /** Told when the call ends before what it joined has answered it. */
  onLeave: (() => void) | undefined
  #resolve!: (answer: Answer<T>) => void
  #reject!: (error: unknown) => void
  readonly #cancelTimer: CancelTimer

  constructor(options: CallOptions<T>, clock: Clock, arrivedAt: number) {
    this.options = options
    this.arrivedAt = arrivedAt
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    const { hardTimeoutMs, signal } = options
    const leftMs = Math.max(0, arrivedAt + hardTimeoutMs - clock.monotonic())
    this.#cancelTimer = clock.after(leftMs, () => this.fail(new LoadTimeoutError(hardTimeoutMs)))
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted) this.#onAbort()
  }

  answer(encoded: Encoded | undefined, source: Source): void {
    if (this.done) return
    try {
      this.give({ value: encoded === undefined ? undefined : this.options.open(encoded), source, times: undefined })
    } catch (error) {
      this.fail(error)
    }
  }

  give(answer: Answer<T>): void {
    if (this.#end()) this.#resolve(answer)
  }

  fail(error: unknown): void {
    if (this.#end()) this.#reject(error)
  }

  readonly #onAbort = (): void => this.fail(this.options.signal?.reason)

  #end(): boolean {
    if (this.done) return false
    this.done = true
    this.#cancelTimer()
    this.options.signal?.removeEventListener('abort', this.#onAbort)
    this.leave()
    return true
  }

  /** Tells what the call had joined, if anything, that it waits no longer. */
  leave(): void {
    const { onLeave } = this
    this.onLeave = undefined
    onLeave?.()
  }
}
