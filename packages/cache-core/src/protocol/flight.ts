import type { Mark } from '../entry/frame.js'
import type { AnyCall, Degraded, Loaded, LoadOptions } from './call.js'
import type { LeaseOutcome } from './lease.js'
import type { Load, LoadResult } from './load.js'
import type { LoadLink } from './load-chain.js'
import { type MarkState, sameVersion } from './mark-record.js'
import type { NamespaceMark } from './marks.js'
import type { NamedMark } from './named-mark.js'
import type { Stats } from './stats.js'

/** Why a caller that joined is not answered and starts over: `'unproven'` with a read, otherwise degraded. */
export type StartOver = 'unproven' | Degraded

/** A caller that has joined. */
interface Passenger {
  /** Told `undefined` when the call is over, otherwise why it starts over. */
  readonly leave: (reason: StartOver | undefined) => void
  /** It came while the loader ran, without a read of its own, and is answered only if the lease proves to be untouched. */
  readonly late: boolean
  /** The marks were held when the caller came; otherwise they are read once the load is stored. */
  readonly marksKnown: boolean
}

/**
 * Who is answered by one load of one key in this process.
 *
 * | joined | accepted when |
 * |---|---|
 * | before the loader began, or after a read of their own that showed this lease | always |
 * | while the loader ran | the final compareAndSet or compareAndDelete succeeded: the lease was untouched until then |
 * | after that was sent | never: the flight is closed before |
 *
 * A plain promise per key would answer a caller that came after a delete with what was loaded before the delete.
 */
export class Flight {
  readonly slot: string
  /** The load as calls made inside its loader know it. */
  readonly link: LoadLink
  readonly namespace: NamespaceMark
  /** The tags known before the load. */
  readonly tags: readonly string[]
  /** Whether callers may join. Closed before the result is sent, and when the lease may no longer be ours. */
  open = true
  /** Resolves when nothing is under way any more. */
  readonly ended: Promise<void>
  readonly #stats: Stats
  /** A refresh behind an answer has no owner, and goes on although nobody waits for it. */
  readonly #owner: AnyCall | undefined
  #goesOn: boolean
  readonly #passengers = new Map<AnyCall, Passenger>()
  /** Absent while the lease is being claimed. */
  #load: Load | undefined
  #loading = false
  #end!: () => void

  constructor(
    stats: Stats,
    what: Pick<LoadOptions, 'slot' | 'namespace' | 'tags'>,
    owner: AnyCall | undefined,
    link: LoadLink,
  ) {
    this.link = link
    this.#stats = stats
    this.#owner = owner
    this.#goesOn = owner === undefined
    this.slot = what.slot
    this.namespace = what.namespace
    this.tags = what.tags
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** The token of the hold that its owner has read, where that is why it has no lease. */
  get heldBy(): string | undefined {
    return this.#owner?.heldBy
  }

  /** The token of its lease, once it has one. */
  get token(): string | undefined {
    return this.#load?.right?.lease.token
  }

  /** Whether the loader began after this time on the monotonic clock. Not in the same instant, where the order is unknown. */
  beganAfter(time: number): boolean {
    return this.#load !== undefined && this.#load.beganAt > time
  }

  /** Whether its loader has not begun, so that it will see whatever is committed by now. */
  get isClaiming(): boolean {
    return this.#load === undefined
  }

  isOwnedBy(call: AnyCall): boolean {
    return call === this.#owner
  }

  /**
   * Whether a caller that has read nothing may join: before the load begins always, later only under the same marks.
   */
  admits(marks: readonly Mark[]): boolean {
    if (!this.open) return false
    if (this.#load === undefined) return true
    const { right } = this.#load
    const changed = this.#marks().some(({ mark, version }) => {
      const held = mark.held()
      return held !== undefined && !sameVersion(version, held.version)
    })
    return !changed && sameOthers(right?.others ?? [], marks)
  }

  /** The marks of the namespace and its tags under which it loads. */
  #marks(): readonly { readonly mark: NamedMark; readonly version: string }[] {
    const states = this.#load?.right?.states ?? []
    return states.map((state) => ({ mark: this.namespace.of(state) as NamedMark, version: state.version }))
  }

  /**
   * Resolves when the call is over, or with the reason why it must start over.
   * @param proven Its own read showed this flight's lease.
   */
  join(call: AnyCall, proven: boolean): Promise<StartOver | undefined> {
    const late = this.#load?.right !== undefined && !proven
    const marksKnown = late && this.#marks().every(({ mark }) => mark.held() !== undefined)
    return new Promise((leave) => {
      this.#passengers.set(call, { leave, late, marksKnown })
      call.attach((served) => {
        // A caller that took the stale value still wants it replaced.
        this.#goesOn ||= served
        this.leave(call, undefined)
      })
    })
  }

  /** The call no longer waits for this flight. */
  leave(call: AnyCall, reason: StartOver | undefined): void {
    this.#dismiss(call, reason)
    this.#abortIfEmpty()
  }

  /** Sends all callers back to the start, since the right to load was not won. */
  dissolve(reason: StartOver): void {
    this.open = false
    for (const call of this.#calls()) this.#dismiss(call, reason)
    this.#end()
  }

  /** Runs the load, and answers. The result of the load; `undefined` where all had gone before it began. Never rejects. */
  async run(load: Load): Promise<LoadResult | undefined> {
    if (this.#isDeserted()) {
      // All have gone while the lease was claimed.
      this.open = false
      await load.right?.lease.release('write', 'abandoned')
      this.#end()
      return undefined
    }
    this.#load = load
    load.onDoubt = () => {
      this.open = false
    }
    this.#loading = true
    const result = await load.run()
    this.#loading = false
    // Closed before the result is sent: a caller that comes from here on may know of a delete that the result predates.
    this.open = false
    if ('error' in result) this.#failAll(result)
    else for (const call of this.#calls({ late: false })) this.#give(call, result.loaded)
    await this.#settle(load, result)
    this.#end()
    return result
  }

  /** T3 or T5, then the late joiners. */
  async #settle(load: Load, result: LoadResult): Promise<void> {
    // A caller waits for one timeout of the store, and no more.
    if ((await load.lastExtension()) === 'timed-out') this.#startOver('no-store')
    const outcome = await load.settle(result, this.#passengers.size > 0 ? 'read' : 'write')
    if (this.#passengers.size > 0 && 'loaded' in result) await this.#answerLate(outcome, result.loaded)
  }

  async #answerLate(outcome: LeaseOutcome | undefined, loaded: Loaded): Promise<void> {
    if (outcome !== 'won') {
      this.#startOver(outcome === 'timed-out' || outcome === 'failed' ? 'no-store' : 'unproven')
      return
    }
    for (const call of this.#calls({ marksKnown: true })) this.#give(call, loaded)
    if (this.#passengers.size === 0) return
    // The final write proves nothing about marks, which stand in other slots: joiners that did not hold them need a read (G4).
    let stand: boolean
    try {
      stand = await this.marksStand()
    } catch {
      this.#startOver('no-store')
      return
    }
    if (stand) for (const call of this.#calls()) this.#give(call, loaded)
    else this.#startOver('unproven')
  }

  /** Reads the marks of the load again: whether they still stand as they did before it. @throws the store's errors. */
  async marksStand(): Promise<boolean> {
    const marks = this.#marks()
    const present = await Promise.all(marks.map(({ mark }) => mark.read()))
    return marks.every(({ version }, index) => isSame(version, present[index]))
  }

  /** All get the error. A timeout is the owner's: other callers may have time left, and try again. */
  #failAll({ error, timedOut }: Extract<LoadResult, { error: unknown }>): void {
    for (const call of this.#calls()) {
      if (timedOut && !this.isOwnedBy(call)) this.#dismiss(call, 'unproven')
      else {
        call.detach()
        call.fail(error)
        this.#dismiss(call, undefined)
      }
    }
  }

  #give(call: AnyCall, { encoded }: Loaded): void {
    call.detach()
    if (this.#load?.right === undefined) call.answer(encoded, 'unleased')
    else if (this.isOwnedBy(call)) call.answer(encoded, 'load')
    else {
      this.#stats.joined()
      call.answer(encoded, 'join')
    }
    this.#dismiss(call, undefined)
  }

  #startOver(reason: StartOver): void {
    for (const call of this.#calls()) this.#dismiss(call, reason)
  }

  #dismiss(call: AnyCall, reason: StartOver | undefined): void {
    const passenger = this.#passengers.get(call)
    if (passenger === undefined) return
    this.#passengers.delete(call)
    call.detach()
    passenger.leave(reason)
  }

  /** The callers that have joined, or those of them that are `which`. */
  #calls(which: Partial<Pick<Passenger, 'late' | 'marksKnown'>> = {}): AnyCall[] {
    const calls: AnyCall[] = []
    for (const [call, { late, marksKnown }] of this.#passengers) {
      if ((which.late ?? late) === late && (which.marksKnown ?? marksKnown) === marksKnown) calls.push(call)
    }
    return calls
  }

  #isDeserted(): boolean {
    return !this.#goesOn && this.#passengers.size === 0
  }

  /** A load is aborted only when its last caller has gone. */
  #abortIfEmpty(): void {
    if (!this.#loading || !this.#isDeserted()) return
    this.open = false
    this.#load?.desert()
  }
}

function isSame(version: string, present: MarkState | undefined): boolean {
  return present !== undefined && sameVersion(version, present.version)
}

/** Whether two callers go by the same marks beside those of the namespace. */
function sameOthers(left: readonly Mark[], right: readonly Mark[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ name, version }, index) => name === right[index]?.name && version === right[index]?.version)
  )
}
