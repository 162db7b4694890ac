import type { CancelTimer } from '../base/clock.js'
import { report } from '../base/diagnostics.js'
import { type Encoded, encodeFrame, type Mark } from '../entry/frame.js'
import { type AnyCall, type Load, type Loaded, LoadTimeoutError } from './call.js'
import { sameMarks } from './classify.js'
import type { Lease, LeaseOutcome } from './lease.js'
import type { Runtime } from './runtime.js'
import type { NamespaceVersion } from './versions.js'

/** Why a caller that joined is not answered: it goes back to the start, degraded when the store is what failed. */
export type StartOver = 'unproven' | 'unreachable'

interface LateJoiner {
  readonly call: AnyCall
  readonly startOver: (reason: StartOver) => void
  /** The namespace's version was known when the caller came; else it is read once the load is stored. */
  readonly marksKnown: boolean
}

/** One extension in each third of the lease, so that two may fail. */
const EXTENSIONS_PER_LEASE = 3

/**
 * One load of one key in this process, and the callers that it may answer.
 *
 * | joined | accepted when |
 * |---|---|
 * | before the loader began, or after a read of their own that showed this lease | always |
 * | while the loader ran | the final compareAndSet or compareAndDelete succeeded: the lease was untouched until then |
 * | after that was sent | never: the flight is closed before |
 *
 * A plain promise per key would answer a caller that came after a delete with what was loaded before it.
 */
export class Flight {
  readonly slot: string
  readonly namespace: NamespaceVersion
  /** Takes joiners. Closed before the result is sent, and when the lease is no longer surely ours. */
  open = true
  lease: Lease | undefined
  /** Resolves when nothing is under way any more. */
  readonly ended: Promise<void>
  readonly #runtime: Runtime
  readonly #owner: AnyCall
  readonly #abort = new AbortController()
  readonly #accepted = new Set<AnyCall>()
  readonly #late = new Set<LateJoiner>()
  #startOverAccepted = new Map<AnyCall, (reason: StartOver) => void>()
  #marks: readonly Mark[] | undefined
  #loading = false
  #abandoned = false
  #extending: Promise<unknown> = Promise.resolve()
  #cancelExtension: CancelTimer | undefined
  #end!: () => void

  constructor(runtime: Runtime, owner: AnyCall) {
    this.#runtime = runtime
    this.#owner = owner
    this.slot = owner.options.slot
    this.namespace = owner.options.namespace
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  isOwnedBy(call: AnyCall): boolean {
    return call === this.#owner
  }

  /**
   * Whether a caller that has not read anything may join: before the load began always, later only if it wants what is
   * being loaded (the same versions).
   */
  admits(marks: readonly Mark[]): boolean {
    if (!this.open) return false
    if (!this.#loading || this.lease === undefined) return true
    const [, ...others] = this.#marks as readonly Mark[]
    const held = this.namespace.held()
    return (held === undefined || held.version === this.#marks?.[0]?.version) && sameMarks(others, marks)
  }

  /** The caller is answered by this flight, or told to start over. `proven`: its own read showed this flight's lease. */
  join(call: AnyCall, proven: boolean, startOver: (reason: StartOver) => void): void {
    if (!this.#loading || proven || this.lease === undefined) {
      this.#accepted.add(call)
      this.#startOverAccepted.set(call, startOver)
      call.onLeave = () => {
        this.#accepted.delete(call)
        this.#startOverAccepted.delete(call)
        this.#onLeave()
      }
      return
    }
    const joiner = { call, startOver, marksKnown: this.namespace.held() !== undefined }
    this.#late.add(joiner)
    call.onLeave = () => {
      this.#late.delete(joiner)
      this.#onLeave()
    }
  }

  /** All callers go back to the start: the flight never took off. */
  dissolve(reason: StartOver): void {
    this.open = false
    const callers = [...this.#startOverAccepted]
    this.#forget()
    for (const [call, startOver] of callers) {
      call.onLeave = undefined
      startOver(reason)
    }
    this.#end()
  }

  /** Runs the owner's loader, under the lease or without one, and answers. Never rejects. */
  async run(lease: Lease | undefined, marks: readonly Mark[]): Promise<void> {
    const { clock, counters } = this.#runtime
    const { options } = this.#owner
    this.lease = lease
    if (this.#accepted.size === 0) {
      // All have gone while the lease was claimed.
      this.open = false
      await lease?.release()
      this.#end()
      return
    }
    this.#marks = marks
    this.#loading = true
    if (lease === undefined) counters.unleasedLoads++
    else counters.loads++
    const startedAt = clock.monotonic()
    const cancelTimeout = clock.after(options.hardTimeoutMs, () =>
      this.#abort.abort(new LoadTimeoutError(options.hardTimeoutMs)),
    )
    this.#scheduleExtension()
    let loaded: Loaded | undefined
    let failure: { readonly error: unknown } | undefined
    try {
      loaded = await orAborted(options.load, this.#abort.signal)
    } catch (error) {
      failure = { error }
      counters.loadErrors++
    }
    cancelTimeout()
    this.#cancelExtension?.()
    // Closed before the result is sent: who comes from here on may know of a delete that the result does not.
    this.open = false
    this.#answerAccepted(loaded, failure)
    const stored = lease !== undefined && (await this.#settle(lease, loaded, failure))
    counters[stored ? 'stores' : 'unstored']++
    report('load', () => ({
      namespace: this.namespace.namespace,
      key: this.#owner.options.key,
      leased: lease !== undefined,
      stored,
      durationMs: clock.monotonic() - startedAt,
    }))
    this.#end()
  }

  #answerAccepted(loaded: Loaded | undefined, failure: { readonly error: unknown } | undefined): void {
    const source = this.lease === undefined ? 'unleased' : 'join'
    const accepted = [...this.#accepted]
    this.#forget()
    for (const call of accepted) {
      call.onLeave = undefined
      if (failure !== undefined) call.fail(failure.error)
      else this.#give(call, loaded?.encoded, call === this.#owner && this.lease !== undefined ? 'load' : source)
    }
    if (failure === undefined) return
    for (const { call } of [...this.#late]) {
      call.onLeave = undefined
      call.fail(failure.error)
    }
    this.#late.clear()
  }

  /** T3 or T5, then the late joiners. Whether the value was stored. */
  async #settle(
    lease: Lease,
    loaded: Loaded | undefined,
    failure: { readonly error: unknown } | undefined,
  ): Promise<boolean> {
    // An extension under way would make our version the old one.
    await this.#extending
    const frame = failure === undefined && loaded !== undefined ? this.#frameOf(loaded) : undefined
    const outcome = frame === undefined ? await lease.release() : await lease.complete(frame.bytes, frame.ttl)
    await this.#answerLate(outcome, loaded?.encoded)
    return frame !== undefined && outcome === 'won'
  }

  async #answerLate(outcome: LeaseOutcome, encoded: Encoded | undefined): Promise<void> {
    if (this.#late.size === 0) return
    let unproven: StartOver | undefined
    if (outcome !== 'won') unproven = outcome === 'timed-out' || outcome === 'failed' ? 'unreachable' : 'unproven'
    const provenMarks = unproven === undefined && (await this.#marksStillStand())
    for (const { call, startOver, marksKnown } of [...this.#late]) {
      call.onLeave = undefined
      if (unproven === undefined && (marksKnown || provenMarks)) this.#give(call, encoded, 'join')
      else startOver(unproven ?? 'unproven')
    }
    this.#late.clear()
  }

  /** The final write proves nothing about versions in other slots: joiners that did not know them need a read (G4). */
  async #marksStillStand(): Promise<boolean> {
    if (![...this.#late].some(({ marksKnown }) => !marksKnown)) return false
    try {
      return (await this.namespace.read())?.version === this.#marks?.[0]?.version
    } catch {
      return false
    }
  }

  #give(call: AnyCall, encoded: Encoded | undefined, source: 'load' | 'join' | 'unleased'): void {
    if (source === 'join') this.#runtime.counters.joins++
    call.answer(encoded, source)
  }

  /** The value's frame and its server TTL, or nothing when it is not to be stored, or too large to be. */
  #frameOf({ encoded, ttlMs }: Loaded): { bytes: Uint8Array; ttl: number | undefined } | undefined {
    if (encoded === undefined || ttlMs <= 0) return undefined
    const createdAt = this.#runtime.clock.now()
    const until = createdAt + ttlMs
    const times = { createdAt, freshUntil: until, revalidateUntil: until, keepUntil: until }
    const bytes = encodeFrame({ kind: 'value', ...times, ...encoded, marks: this.#marks as readonly Mark[] })
    if (bytes.byteLength > this.#runtime.store.capabilities.maxValueBytes) return undefined
    return { bytes, ttl: ttlMs === Number.POSITIVE_INFINITY ? undefined : ttlMs }
  }

  /** T4, while the loader runs. */
  #scheduleExtension(): void {
    const { lease } = this
    if (lease === undefined) return
    const everyMs = this.#owner.options.leaseMs / EXTENSIONS_PER_LEASE
    this.#cancelExtension = this.#runtime.clock.after(everyMs, () => {
      this.#extending = lease.extend().then((outcome) => {
        if (outcome !== 'won') this.open = false
        else if (!this.#abandoned && this.open) this.#scheduleExtension()
      })
    })
  }

  /** A load is aborted only when its last caller has gone. */
  #onLeave(): void {
    if (!this.#loading || this.#abandoned || this.#accepted.size + this.#late.size > 0) return
    this.#abandoned = true
    this.open = false
    this.#abort.abort(new DOMException('every caller has gone', 'AbortError'))
  }

  #forget(): void {
    this.#accepted.clear()
    this.#startOverAccepted = new Map()
  }
}

/** The load, or the signal's reason as soon as it is aborted: a loader that ignores its signal holds nobody up. */
function orAborted(load: Load, signal: AbortSignal): Promise<Loaded> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    load({ signal }).then(resolve, reject)
  })
}
