import { whenAborted } from '../base/abort.js'
import type { CancelTimer, Clock } from '../base/clock.js'
import { LoadTimeoutError } from '../base/errors.js'
import type { Encoded, Mark, ValueFrame } from '../entry/frame.js'
import type { Key } from './key.js'
import type { LoadLink } from './load-chain.js'
import type { MarkState } from './mark-record.js'
import type { NamespaceMark } from './marks.js'

/** The result of a load. */
export interface Loaded {
  /** What callers get; `undefined`: there is no value. */
  readonly encoded: Encoded | undefined
  /** How long it is fresh, in milliseconds, `Infinity` without end; 0: callers get it and it is not stored. */
  readonly ttlMs: number
  /** Its own stale windows. Default: those of the call. */
  readonly windows?: Pick<LoadOptions, 'staleWhileRevalidateMs' | 'staleIfErrorMs'>
  /** Its tags, those of the call and those that the loader has named. */
  readonly tags?: readonly string[]
  /** Whether a value that it was to replace stays, since the load learnt nothing about it. */
  readonly stays?: boolean
}

/** What a loader knows of its load. */
export interface LoadTerms {
  /** Aborted when `hardTimeout` passes or the last caller has gone. */
  readonly signal: AbortSignal
  /** The marks that the stored result will carry; `undefined`: it cannot be stored. */
  readonly marks: LoadMarks | undefined
  /** The value that stood there, stale or outlived, but not void. */
  readonly previous: ValueFrame | undefined
  /** The load, for calls that are made inside its loader. */
  readonly link: LoadLink
}

/** The marks as they stood before a load began: what is stored under them is void after a `clear`. */
export interface LoadMarks {
  /** The namespace's, then those of its tags. */
  readonly states: readonly MarkState[]
  /** Marks that are neither the namespace's nor of its tags. */
  readonly others: readonly Mark[]
  /** The namespace's epoch; absent where it could not be read, or the loader names no tags (G5). */
  readonly epoch: MarkState | undefined
}

/** The marks of a load as its frames carry them: the namespace's, those beside, those of tags. */
export function frameMarks({ states, others }: Pick<LoadMarks, 'states' | 'others'>): readonly Mark[] {
  const [namespace, ...tags] = states
  return namespace === undefined ? others : [namespace, ...others, ...tags]
}

/** Loads a value, once. */
export type Loading = (terms: LoadTerms) => Promise<Loaded>

/** What is loaded, and within which limits. */
export interface LoadOptions {
  /** The caller's own, for diagnostics. */
  readonly key: Key
  readonly slot: string
  readonly namespace: NamespaceMark
  /** Tags of the value, beside those that its loader adds. */
  readonly tags: readonly string[]
  /** Whether what is loaded may be kept near. */
  readonly near?: boolean
  /** Whether it loads although a value stands there: then other processes may hold that one near. */
  readonly forceFresh?: boolean
  readonly load: Loading
  readonly leaseMs: number
  readonly hardTimeoutMs: number
  /** How long after its end the value may still be served while it is refreshed behind the answer. */
  readonly staleWhileRevalidateMs: number
  /** How long after its end the value may still be served when its load fails or is slow. */
  readonly staleIfErrorMs: number
  /** The share of its time by which a lifetime may be shortened at random, 0 to 1. */
  readonly jitter: number
}

/**
 * Where an answer came from: the store, fresh or stale, the caller's own load, a load of this process, a load without a
 * lease.
 */
export type Source = 'hit' | 'stale' | 'load' | 'join' | 'unleased'

export interface Answer<T> {
  readonly value: T | undefined
  readonly source: Source
}

/** One call of `getOrSet`. */
export interface CallOptions<T> extends LoadOptions {
  /** Marks beside the namespace's that the entry depends on, read after the caller came. */
  readonly marks: readonly Mark[]
  /** Whether the loader may name tags. */
  readonly namesTags: boolean
  /** Decodes what this caller gets. Throws when something else wrote the bytes: the entry is then dead. */
  readonly open: (encoded: Encoded) => T
  readonly waitTimeoutMs: number
  /** How long the caller waits for a load before it takes a stale value that may be served on error. */
  readonly softTimeoutMs: number | undefined
  /** Beta of XFetch: how eagerly what is still fresh is refreshed behind the answer; 0, never. */
  readonly eagerRefresh: number
  /** Loads whatever stands there. */
  readonly forceFresh: boolean
  /**
   * How callers load that can have no lease, or have waited for long enough: once for all of them in this process, or each
   * by itself.
   */
  readonly fallback: 'shared' | 'own'
  readonly signal: AbortSignal | undefined
  /** The near value for a call that the store does not answer (N3); `undefined`: none. */
  readonly nearAlone?: (() => Answer<T> | undefined) | undefined
  /** Decodes the stale near value to serve on error while the store does not answer; `undefined`: there is none. */
  readonly staleNear?: (() => (() => T) | undefined) | undefined
  /** Called when the call begins to wait for a load that is not its own. */
  readonly onDepends?: () => void
}

/** A call of any type of value. */
export type AnyCall = Pick<
  Call<unknown>,
  | 'answer'
  | 'fail'
  | 'attach'
  | 'detach'
  | 'arrivedAt'
  | 'degraded'
  | 'heldBy'
  | 'endedLeases'
  | 'waitUntil'
  | 'waitsSince'
> & {
  readonly options: Omit<CallOptions<unknown>, 'open' | 'nearAlone' | 'staleNear'>
}

/**
 * Why a call loads without a lease, and stores nothing.
 * `'no-store'`: the store did not answer in time, or gives no leases; the call awaits no further operation of the store.
 * `'waited-out'`: the store answers, but the call has waited for the leases of others for long enough.
 * `'held'`: the key was deleted with `holdOff`, and nothing is stored under it yet.
 */
export type Degraded = 'no-store' | 'waited-out' | 'held'

/**
 * One caller of `getOrSet` on its way to an answer. Ends once: answered, failed, timed out (P3), or aborted by its own
 * signal. Whatever it is attached to is told when it has gone.
 */
export class Call<T> {
  readonly options: CallOptions<T>
  readonly result: Promise<Answer<T>>
  /** When the caller came, on the monotonic clock. */
  readonly arrivedAt: number
  degraded: Degraded | undefined
  /** The token of the hold that the call has read, where that is why it loads without a lease. */
  heldBy: string | undefined
  /** Leases of others that ended without a value while this call waited. */
  endedLeases = 0
  /** Claims lost; after one the call reads again at once, after two it waits as on a lease. */
  lostClaims = 0
  waitUntil: number | undefined
  /** Since when it waits for loads of other processes, or since it last had one begun beside them. */
  waitsSince: number | undefined
  done = false
  /** The stale value to take when the load fails, or takes longer than `softTimeout`. */
  #stale: { readonly value: () => T | undefined; readonly onTaken: () => void } | undefined
  #cancelSoftTimer: CancelTimer | undefined
  readonly #clock: Clock
  #onGone: ((served: boolean) => void) | undefined
  #resolve!: (answer: Answer<T>) => void
  #reject!: (error: unknown) => void
  readonly #cancelTimer: CancelTimer
  #ignoreSignal: (() => void) | undefined

  constructor(options: CallOptions<T>, clock: Clock, arrivedAt: number) {
    this.options = options
    this.arrivedAt = arrivedAt
    this.#clock = clock
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    const { hardTimeoutMs, signal } = options
    const leftMs = Math.max(0, arrivedAt + hardTimeoutMs - clock.monotonic())
    this.#cancelTimer = clock.after(leftMs, () => this.fail(new LoadTimeoutError(hardTimeoutMs)))
    if (signal !== undefined) this.#ignoreSignal = whenAborted(signal, this.#onAbort)
    if (signal?.aborted) this.#onAbort()
  }

  answer(encoded: Encoded | undefined, source: Source): void {
    if (this.done) return
    try {
      this.give({ value: encoded === undefined ? undefined : this.options.open(encoded), source })
    } catch (error) {
      this.fail(error)
    }
  }

  give(answer: Answer<T>): void {
    if (this.#end(true)) this.#resolve(answer)
  }

  /** Ends the call with the error, unless there is a stale value to take instead. */
  fail(error: unknown): void {
    if (!this.takeStale() && this.#end(false)) this.#reject(error)
  }

  /**
   * A stale value was found that may be served on error. `onTaken` is called when the call ends with it.
   * @param value Decodes it. Throws where that is impossible.
   */
  offerStale(value: () => T | undefined, onTaken: () => void): void {
    this.#stale = { value, onTaken }
    const { softTimeoutMs } = this.options
    if (softTimeoutMs === undefined || this.#cancelSoftTimer !== undefined) return
    const leftMs = Math.max(0, this.arrivedAt + softTimeoutMs - this.#clock.monotonic())
    // The answer is at hand: the process must not end before it.
    this.#cancelSoftTimer = this.#clock.after(leftMs, () => this.takeStale(), true)
  }

  get offersStale(): boolean {
    return this.#stale !== undefined
  }

  /** Ends the call with the stale value. Whether there was one. */
  takeStale(): boolean {
    if (this.#stale === undefined || this.done) return false
    try {
      const { value, onTaken } = this.#stale
      this.give({ value: value(), source: 'stale' })
      onTaken()
      return true
    } catch {
      return false
    }
  }

  /**
   * The call now depends on a flight or a poller. `onGone` is called when the call ends before it was detached, with whether
   * it was served with something else.
   */
  attach(onGone: (served: boolean) => void): void {
    this.#onGone = onGone
  }

  /** The call no longer depends on anything. */
  detach(): void {
    this.#onGone = undefined
  }

  readonly #onAbort = (): void => {
    if (this.#end(false)) this.#reject(this.options.signal?.reason)
  }

  #end(served: boolean): boolean {
    if (this.done) return false
    this.done = true
    this.#cancelTimer()
    this.#cancelSoftTimer?.()
    this.#ignoreSignal?.()
    const onGone = this.#onGone
    this.detach()
    onGone?.(served)
    return true
  }
}
