import type { CancelTimer, Clock } from '../base/clock.js'
import { LoadTimeoutError } from '../base/errors.js'
import { isTraced, type TraceContexts, traced } from '../base/tracing.js'
import type { Encoded, ValueFrame } from '../entry/frame.js'
import { type SealedValue, sealValue } from '../entry/value-frame.js'
import type { DeadlineClass } from '../store/guard/attempts.js'
import { frameMarks, type Loaded, type Loading, type LoadMarks, type LoadOptions, type LoadTerms } from './call.js'
import { keyName } from './key.js'
import type { LeaseOutcome, LoadLease } from './lease.js'
import type { LoadLink } from './load-chain.js'
import { namedSince, nameTags } from './named-tags.js'
import { keepIfWon } from './near-load.js'
import type { Slots } from './slots.js'
import type { Stats } from './stats.js'

/** One extension in each third of the lease, so that two may fail to reach the store. */
const EXTENSIONS_PER_LEASE = 3

/** The right to load and to store what was loaded. */
export interface LoadRight extends LoadMarks {
  readonly lease: LoadLease
}

/** The outcome of the loader. */
export type LoadResult =
  | { readonly loaded: Loaded }
  /** `timedOut`: the load was aborted before the loader ended, `deserted` since its last caller had gone. */
  | { readonly error: unknown; readonly timedOut: boolean; readonly deserted: boolean }

interface Parts {
  readonly slots: Slots
  readonly clock: Clock
  readonly stats: Stats
}

/**
 * Runs a loader under a lease, or without one: bounded in time, its lease extended while it runs, its result stored over the
 * lease. Needs no caller.
 *
 * What it stores goes over the version of its lease and nothing else. A delete has removed that, so what was read
 * before the delete is not stored (docs/leases.md, T3).
 */
export class Load {
  /** Called when the lease may no longer be ours: nobody may join any more. */
  onDoubt: () => void = () => {}
  /** When the loader began, on the monotonic clock. */
  beganAt = Number.NEGATIVE_INFINITY
  readonly right: LoadRight | undefined
  readonly #parts: Parts
  readonly #options: LoadOptions
  readonly #link: LoadLink
  readonly #previous: ValueFrame | undefined
  readonly #abort = new AbortController()
  #deserted = false
  #loadMs = 0
  #running = false
  #inDoubt = false
  /** The extension under way. */
  #extending: Promise<LeaseOutcome> | undefined
  #cancelExtension: CancelTimer | undefined

  /**
   * @param link The load as calls made inside its loader know it.
   * @param right Absent: nothing is stored.
   * @param previous A value that the loader may start from.
   */
  constructor(parts: Parts, options: LoadOptions, link: LoadLink, right: LoadRight | undefined, previous?: ValueFrame) {
    this.#link = link
    this.#parts = parts
    this.#options = options
    this.right = right
    this.#previous = previous
  }

  /** Runs the loader. Never rejects. */
  async run(): Promise<LoadResult> {
    const { clock, stats } = this.#parts
    const { load, hardTimeoutMs } = this.#options
    this.beganAt = clock.monotonic()
    this.#running = true
    stats.loading(this.right !== undefined)
    const cancelTimeout = clock.after(hardTimeoutMs, () => this.#abort.abort(new LoadTimeoutError(hardTimeoutMs)))
    this.#scheduleExtension()
    try {
      const terms = { signal: this.#abort.signal, marks: this.right, previous: this.#previous, link: this.#link }
      const run = (): Promise<Loaded> => orAborted(load, terms)
      return { loaded: await (isTraced('load') ? traced('load', this.#traceContext(), run) : run()) }
    } catch (error) {
      stats.loadFailed(this.#options.namespace, this.#options.key, error)
      const { aborted, reason } = this.#abort.signal
      return { error, timedOut: aborted && error === reason, deserted: this.#deserted }
    } finally {
      cancelTimeout()
      this.#cancelExtension?.()
      this.#running = false
      this.#loadMs = clock.monotonic() - this.beganAt
    }
  }

  #traceContext(): TraceContexts['load'] {
    const { namespace, key } = this.#options
    return { namespace: namespace.label, key: keyName(key), leased: this.right !== undefined }
  }

  /** Its last caller has gone: that says nothing of the source. */
  desert(): void {
    this.#deserted = true
    this.#abort.abort(new DOMException('every caller has gone', 'AbortError'))
  }

  /** The outcome of the extension under way, if there is one: it will replace the version that we know. */
  async lastExtension(): Promise<LeaseOutcome | undefined> {
    return this.#extending
  }

  /**
   * T3, or T5 where there is nothing to store. `'won'`: the lease was untouched until now. Without a lease `undefined`.
   * @param deadline `'read'` where callers wait for the answer and may have to load by themselves. Never rejects.
   */
  async settle(result: LoadResult, deadline: DeadlineClass): Promise<LeaseOutcome | undefined> {
    const { right } = this
    const loaded = 'loaded' in result ? result.loaded : undefined
    let stored = false
    let outcome: LeaseOutcome | undefined
    if (right !== undefined) {
      if (loaded !== undefined && this.#isStorable(loaded)) {
        outcome = await this.#store(right, loaded, deadline)
        stored = outcome === 'won'
      }
      outcome ??= await this.#release(right, loaded, deadline)
    }
    if (loaded !== undefined) this.#parts.stats.loadTimes.record(this.#options.slot, this.#loadMs)
    this.#parts.stats.loaded(this.#options.namespace, this.#options.key, {
      leased: right !== undefined,
      value: loaded?.encoded !== undefined,
      failed: loaded === undefined,
      stored,
      durationMs: this.#loadMs,
    })
    return outcome
  }

  #isStorable({ encoded, ttlMs }: Loaded): boolean {
    return (
      encoded !== undefined && ttlMs > 0 && encoded.payload.byteLength <= this.#parts.slots.capabilities.maxValueBytes
    )
  }

  /** T3. `undefined` where the value turns out to be too large. */
  async #store(right: LoadRight, loaded: Loaded, deadline: DeadlineClass): Promise<LeaseOutcome | undefined> {
    const named = await nameTags(this.#options.namespace, right, loaded.tags)
    if (typeof named === 'string') {
      await right.lease.release(deadline, 'abandoned')
      return named
    }
    const sealed = this.#seal(named, loaded)
    if (sealed === undefined) return undefined
    await this.#prolongMarks(named, sealed)
    return keepIfWon(this.#parts.slots, this.#options, sealed, () =>
      right.lease.complete(sealed.bytes, sealed.ttl, deadline),
    )
  }

  /** T5. */
  async #release(right: LoadRight, loaded: Loaded | undefined, deadline: DeadlineClass): Promise<LeaseOutcome> {
    if (loaded === undefined) return right.lease.release(deadline, this.#deserted ? 'abandoned' : 'failed')
    if (loaded.stays) return right.lease.release(deadline, 'abandoned')
    const doubt = deadline === 'read' ? await namedSince(this.#options.namespace, right, loaded.tags) : undefined
    const released = await right.lease.release(deadline, doubt === undefined ? 'nothing' : 'abandoned')
    return doubt ?? released
  }

  /** `undefined` where it is too large to be stored. */
  #seal(marks: LoadMarks, { encoded, ttlMs, windows = this.#options }: Loaded): SealedValue | undefined {
    const { slots, clock } = this.#parts
    const { staleWhileRevalidateMs, staleIfErrorMs } = windows
    const { jitter } = this.#options
    const sealed = sealValue(encoded as Encoded, {
      now: clock.now(),
      ttlMs,
      staleWhileRevalidateMs,
      staleIfErrorMs,
      jitter,
      loadMs: this.#loadMs,
      marks: frameMarks(marks),
    })
    return sealed.bytes.byteLength > slots.capabilities.maxValueBytes ? undefined : sealed
  }

  /** G3. A mark that cannot be prolonged takes its entries with it when it ends: that costs loads, never a wrong value. */
  async #prolongMarks({ states }: LoadMarks, { keepUntil }: SealedValue): Promise<void> {
    try {
      await this.#options.namespace.outliveAll(states, keepUntil)
    } catch {
      // Writing the value will show what is wrong with the store.
    }
  }

  /** T4, while the loader runs. */
  #scheduleExtension(): void {
    if (this.right === undefined) return
    const { lease } = this.right
    this.#cancelExtension = this.#parts.clock.after(this.#options.leaseMs / EXTENSIONS_PER_LEASE, () => {
      this.#extending = lease.extend().then((outcome) => {
        this.#extending = undefined
        // `'failed'` has changed nothing. After any other answer the lease may be another's: T3 decides.
        if (outcome !== 'won' && outcome !== 'failed') {
          this.#inDoubt = true
          this.onDoubt()
        }
        if (this.#running && !this.#inDoubt) this.#scheduleExtension()
        return outcome
      })
    })
  }
}

/** Settles as the load does, or rejects as soon as the signal is aborted: a loader that ignores its signal delays nobody. */
function orAborted(load: Loading, terms: LoadTerms): Promise<Loaded> {
  const { signal } = terms
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    load(terms).then(resolve, reject)
  })
}
