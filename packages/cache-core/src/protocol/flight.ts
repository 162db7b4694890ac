import type { CancelTimer } from '../base/clock.js'
import { report } from '../base/diagnostics.js'
import { LoadTimeoutError } from '../base/errors.js'
import { type Encoded, encodeFrame, type Mark } from '../entry/frame.js'
import type { AnyCall, Degraded, Load, Loaded, LoadTerms } from './call.js'
import { sameMarks } from './classify.js'
import { keyName } from './key.js'
import type { Lease, LeaseOutcome } from './lease.js'
import type { NamespaceVersion } from './marks.js'
import type { Runtime } from './runtime.js'

/** Why a caller that joined is not answered: it goes back to the start, `'unproven'` with a read, else degraded. */
export type StartOver = 'unproven' | Degraded

interface LateJoiner {
  readonly call: AnyCall
  readonly startOver: (reason: StartOver) => void
  /** The namespace's version was known when the caller came; else it is read once the load is stored. */
  readonly marksKnown: boolean
}

/** One extension in each third of the lease, so that two may find no store. */
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
  readonly #accepted = new Map<AnyCall, (reason: StartOver) => void>()
  readonly #late = new Set<LateJoiner>()
  #marks: readonly Mark[] | undefined
  #phase: 'claiming' | 'loading' | 'settling' = 'claiming'
  #loadingSince = Number.NEGATIVE_INFINITY
  /** The extension under way. */
  #extending: Promise<LeaseOutcome> | undefined
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

  /** Whether the loader began after this time on the monotonic clock; surely, so not in the same instant. */
  beganAfter(time: number): boolean {
    return this.#loadingSince > time
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
    if (this.#phase === 'claiming') return true
    const [, ...others] = this.#marks as readonly Mark[]
    const held = this.namespace.held()
    return (held === undefined || held.version === this.#marks?.[0]?.version) && sameMarks(others, marks)
  }

  /** The caller is answered by this flight, or told to start over. `proven`: its own read showed this flight's lease. */
  join(call: AnyCall, proven: boolean, startOver: (reason: StartOver) => void): void {
    if (this.#phase === 'claiming' || proven || this.lease === undefined) {
      this.#accepted.set(call, startOver)
      call.onLeave = () => {
        this.#accepted.delete(call)
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
    const callers = [...this.#accepted]
    this.#accepted.clear()
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
      await lease?.release('write')
      this.#end()
      return
    }
    this.#marks = marks
    this.#phase = 'loading'
    this.#loadingSince = clock.monotonic()
    if (lease === undefined) counters.unleasedLoads++
    else counters.loads++
    const cancelTimeout = clock.after(options.hardTimeoutMs, () =>
      this.#abort.abort(new LoadTimeoutError(options.hardTimeoutMs)),
    )
    this.#scheduleExtension()
    let loaded: Loaded | undefined
    let failure: { readonly error: unknown } | undefined
    try {
      loaded = await orAborted(options.load, { signal: this.#abort.signal, leased: lease !== undefined })
    } catch (error) {
      failure = { error }
      counters.loadErrors++
    }
    cancelTimeout()
    this.#cancelExtension?.()
    // Closed before the result is sent: who comes from here on may know of a delete that the result does not.
    this.open = false
    this.#phase = 'settling'
    const loadedAt = clock.monotonic()
    this.#answerAccepted(loaded, failure)
    const stored = lease !== undefined && (await this.#settle(lease, loaded))
    if (stored) counters.stores++
    else if (loaded?.encoded !== undefined) counters.unstored++
    report('load', () => ({
      namespace: this.namespace.namespace,
      key: keyName(options.key),
      leased: lease !== undefined,
      stored,
      durationMs: loadedAt - this.#loadingSince,
    }))
    this.#end()
  }

  #answerAccepted(loaded: Loaded | undefined, failure: { readonly error: unknown } | undefined): void {
    const accepted = [...this.#accepted]
    this.#accepted.clear()
    if (failure !== undefined) {
      // A flight has its owner's time. Who came later, or has more, tries again until its own is over.
      const timedOut = this.#abort.signal.aborted && failure.error === this.#abort.signal.reason
      const joined = [...accepted, ...[...this.#late].map(({ call, startOver }) => [call, startOver] as const)]
      this.#late.clear()
      for (const [call, startOver] of joined) {
        call.onLeave = undefined
        if (timedOut && call !== this.#owner) startOver('unproven')
        else call.fail(failure.error)
      }
      return
    }
    for (const [call] of accepted) {
      call.onLeave = undefined
      if (this.lease === undefined) this.#give(call, loaded?.encoded, 'unleased')
      else this.#give(call, loaded?.encoded, call === this.#owner ? 'load' : 'join')
    }
  }

  /** T3 or T5, then the late joiners. Whether the value was stored. */
  async #settle(lease: Lease, loaded: Loaded | undefined): Promise<boolean> {
    const frame = loaded && this.#frameOf(loaded)
    // An extension under way would make our version the old one. Who has waited for one timeout waits for no other.
    if (this.#extending !== undefined && (await this.#extending) === 'timed-out') this.#startOverLate('no-store')
    const deadline = this.#late.size > 0 ? 'read' : 'write'
    const outcome = await (frame === undefined
      ? lease.release(deadline)
      : lease.complete(frame.bytes, frame.ttl, deadline))
    await this.#answerLate(outcome, loaded?.encoded)
    return frame !== undefined && outcome === 'won'
  }

  async #answerLate(outcome: LeaseOutcome, encoded: Encoded | undefined): Promise<void> {
    if (outcome !== 'won') {
      this.#startOverLate(outcome === 'timed-out' || outcome === 'failed' ? 'no-store' : 'unproven')
      return
    }
    for (const joiner of [...this.#late]) if (joiner.marksKnown) this.#giveLate(joiner, encoded)
    if (this.#late.size === 0) return
    // The final write proves nothing about versions in other slots: joiners that did not know them need a read (G4).
    let present: Mark | undefined
    try {
      present = await this.namespace.read()
    } catch {
      this.#startOverLate('no-store')
      return
    }
    if (present?.version !== this.#marks?.[0]?.version) this.#startOverLate('unproven')
    else for (const joiner of [...this.#late]) this.#giveLate(joiner, encoded)
  }

  #giveLate(joiner: LateJoiner, encoded: Encoded | undefined): void {
    joiner.call.onLeave = undefined
    this.#late.delete(joiner)
    this.#give(joiner.call, encoded, 'join')
  }

  #startOverLate(reason: StartOver): void {
    const late = [...this.#late]
    this.#late.clear()
    for (const { call, startOver } of late) {
      call.onLeave = undefined
      startOver(reason)
    }
  }

  #give(call: AnyCall, encoded: Encoded | undefined, source: 'load' | 'join' | 'unleased'): void {
    if (source === 'join') this.#runtime.counters.joins++
    call.answer(encoded, source)
  }

  /** The value's frame and its server TTL, or nothing when it is not to be stored, or too large to be. */
  #frameOf({ encoded, ttlMs }: Loaded): { bytes: Uint8Array; ttl: number | undefined } | undefined {
    const { maxValueBytes } = this.#runtime.store.capabilities
    if (encoded === undefined || ttlMs <= 0 || encoded.payload.byteLength > maxValueBytes) return undefined
    const createdAt = this.#runtime.clock.now()
    const until = createdAt + ttlMs
    const times = { createdAt, freshUntil: until, revalidateUntil: until, keepUntil: until }
    const bytes = encodeFrame({ kind: 'value', ...times, ...encoded, marks: this.#marks as readonly Mark[] })
    if (bytes.byteLength > maxValueBytes) return undefined
    return { bytes, ttl: ttlMs === Number.POSITIVE_INFINITY ? undefined : ttlMs }
  }

  /** T4, while the loader runs. */
  #scheduleExtension(): void {
    const { lease } = this
    if (lease === undefined) return
    const everyMs = this.#owner.options.leaseMs / EXTENSIONS_PER_LEASE
    this.#cancelExtension = this.#runtime.clock.after(everyMs, () => {
      this.#extending = lease.extend().then((outcome) => {
        this.#extending = undefined
        // `'failed'` has changed nothing. After any other answer the lease may be another's: T3 decides.
        if (outcome !== 'won' && outcome !== 'failed') this.open = false
        if (this.open) this.#scheduleExtension()
        return outcome
      })
    })
  }

  /** A load is aborted only when its last caller has gone. */
  #onLeave(): void {
    if (this.#phase !== 'loading' || this.#accepted.size + this.#late.size > 0) return
    this.open = false
    this.#abort.abort(new DOMException('every caller has gone', 'AbortError'))
  }
}

/** The load, or the signal's reason as soon as it is aborted: a loader that ignores its signal holds nobody up. */
function orAborted(load: Load, terms: LoadTerms): Promise<Loaded> {
  const { signal } = terms
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    load(terms).then(resolve, reject)
  })
}
