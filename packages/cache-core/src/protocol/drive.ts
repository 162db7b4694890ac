import type { Clock } from '../base/clock.js'
import type { Version } from '../store/store.js'
import { type Answer, Call, type CallOptions } from './call.js'
import type { SlotState } from './classify.js'
import { Flight, type StartOver } from './flight.js'
import type { Flights } from './flights.js'
import { type Claim, Lease } from './lease.js'
import { Load, type LoadRight } from './load.js'
import { type Found, lookUp } from './lookup.js'
import type { MarkRecord } from './mark-record.js'
import type { Slots } from './slots.js'
import type { Stats } from './stats.js'
import { MAX_ENDED_LEASES, type Waiters } from './waiter.js'

/*
 * The story of a getOrSet (docs/leases.md):
 *
 *   look    read the slot; a fresh value is the answer
 *   join    a load of this process runs, or its lease was found: be answered by it, with proof that no delete came between
 *   claim   nothing to serve: `add` a lease, or `compareAndSet` one over what is dead; who wins loads
 *   wait    another process holds a lease: poll until there is a value, or a slot to claim
 *
 * and over again, until the call is answered, fails or times out. A caller to which the store does not answer, or that
 * has waited to its bound, loads without a lease: together with the others of its process, and nothing is stored.
 * Never an unconditional write.
 */

/** After so many claims lost to others a call waits as on a lease. */
const MAX_LOST_CLAIMS = 2

interface Parts {
  readonly slots: Slots
  readonly clock: Clock
  readonly stats: Stats
  readonly flights: Flights
  readonly waiters: Waiters
}

/**
 * The value of a slot: from the store, or from one load among all processes.
 * @throws what the loader throws; LoadTimeoutError; the reason of the caller's signal. Never a store's error.
 */
export async function getOrSet<T>(parts: Parts, options: CallOptions<T>): Promise<Answer<T>> {
  const arrivedAt = parts.clock.monotonic()
  let found: Found | undefined
  // The first look of most calls is their last: it needs no call to be kept of.
  if (parts.flights.leased(options) === undefined) {
    try {
      found = await lookUp(parts, options)
    } catch {
      return joinOrLoad(parts, options, 'unreachable', arrivedAt)
    }
    const answer = serve(parts, options, found.state)
    if (answer !== undefined) return answer
  }
  return joinOrLoad(parts, options, found, arrivedAt)
}

/**
 * The second half of `getOrSet`, for a caller that has looked by itself and found nothing to serve.
 * @param found What it found, by a read begun after the caller came; nothing where it has not looked.
 * @param arrivedAt When the caller came, on the monotonic clock.
 */
export function joinOrLoad<T>(
  parts: Parts,
  options: CallOptions<T>,
  found: Found | 'unreachable' | undefined,
  arrivedAt = parts.clock.monotonic(),
): Promise<Answer<T>> {
  parts.stats.miss(options.namespace, options.key)
  const call = new Call(options, parts.clock, arrivedAt)
  // One timeout is all that a call waits for.
  if (found === 'unreachable') call.degraded = 'no-store'
  void new Drive(parts, call).run(found === 'unreachable' ? undefined : found)
  return call.result
}

/** The answer of a fresh slot, or `undefined` where there is none, also when its bytes were written by something else. */
function serve<T>({ stats }: Parts, options: CallOptions<T>, state: SlotState): Answer<T> | undefined {
  if (state.is !== 'fresh') return undefined
  try {
    const value = options.open(state.frame)
    stats.hit(options.namespace, options.key)
    return { value, source: 'hit' }
  } catch {
    return undefined
  }
}

/** A call that found nothing to serve, on its way. */
class Drive<T> {
  readonly #parts: Parts
  readonly #call: Call<T>
  readonly #options: CallOptions<T>

  constructor(parts: Parts, call: Call<T>) {
    this.#parts = parts
    this.#call = call
    this.#options = call.options
  }

  /** Ends with the call. Never rejects. */
  async run(first: Found | undefined): Promise<void> {
    const call = this.#call
    let found = first
    while (!call.done) {
      if (!this.#parts.slots.leasable) call.degraded ??= 'no-store'
      if (call.degraded !== undefined) await this.#loadWithoutLease()
      else found = await this.#step(found)
    }
  }

  /** One step from what was found. What the call has in hand afterwards. */
  async #step(found: Found | undefined): Promise<Found | undefined> {
    const { flights } = this.#parts
    // Before all else: many callers may have looked at once, and one of them claims.
    const holder = found && this.#holder(found.state)
    const flight = holder ?? flights.leased(this.#options)
    if (flight !== undefined) {
      await this.#join(flight, flight === holder)
      return undefined
    }
    if (found === undefined) return this.#look()
    return this.#claimOrWait(found)
  }

  /** Reads the slot. A value ends the call, a store that does not answer degrades it. */
  async #look(): Promise<Found | undefined> {
    try {
      return this.#served(await lookUp(this.#parts, this.#options))
    } catch {
      this.#call.degraded = 'no-store'
      return undefined
    }
  }

  #served(found: Found): Found | undefined {
    const answer = serve(this.#parts, this.#options, found.state)
    if (answer === undefined) return found
    this.#call.give(answer)
    return undefined
  }

  /** The flight of this process whose lease was found: proof enough to be answered by it, whenever it began. */
  #holder(state: SlotState): Flight | undefined {
    if (state.is !== 'lease') return undefined
    const flight = this.#parts.flights.holding(this.#options.slot, state.frame.token)
    return flight?.open ? flight : undefined
  }

  async #claimOrWait({ state, mark }: Found): Promise<Found | undefined> {
    const call = this.#call
    if (state.is === 'lease') return this.#wait(state)
    if (call.lostClaims >= MAX_LOST_CLAIMS) {
      call.lostClaims = 0
      return this.#wait(state)
    }
    await this.#claim(state, mark)
    return undefined
  }

  async #wait(state: SlotState): Promise<Found | undefined> {
    const call = this.#call
    if (call.endedLeases >= MAX_ENDED_LEASES) {
      call.degraded = 'waited-out'
      return undefined
    }
    const waited = await this.#parts.waiters.wait(call, state.is === 'lease' ? state.frame : undefined)
    if (waited.next === 'use') return this.#served({ state: waited.state, mark: undefined })
    if (waited.next !== 'start-over') call.degraded = waited.next
    return undefined
  }

  /** T1 or T2, then the load. Callers that come meanwhile join. */
  async #claim(state: SlotState, mark: MarkRecord | undefined): Promise<void> {
    const flight = new Flight(this.#parts.stats, this.#call)
    this.#parts.flights.add(flight, { leased: true })
    const joined = this.#join(flight, false)
    void this.#takeOff(flight, state.is === 'absent' ? undefined : state.version, mark)
    await joined
  }

  /** @param over What stands in the slot. @param mark The namespace's, where it was read from the store for this call. */
  async #takeOff(flight: Flight, over: Version | undefined, mark: MarkRecord | undefined): Promise<void> {
    const right = await this.#claimLease(over, mark)
    if (typeof right === 'object') {
      await flight.run(new Load(this.#parts, this.#options, right))
    } else {
      if (right === 'unproven') this.#call.lostClaims++
      flight.dissolve(right)
    }
  }

  /**
   * A load begins under marks read from the store (G2). The claim need not wait for that read where a mark is held: it
   * goes out under the held one, at the same time. Versions are never used twice, so an equal one has stood all along;
   * a lease under another one is void, and given back.
   */
  async #claimLease(over: Version | undefined, read: MarkRecord | undefined): Promise<LoadRight | StartOver> {
    const { namespace, marks } = this.#options
    const held = read === undefined ? namespace.held() : undefined
    try {
      if (held === undefined) {
        const namespaceMark = read ?? (await namespace.ensure())
        return rightOf(await this.#sendClaim(namespaceMark, over), namespaceMark, marks)
      }
      const [claim, present] = await Promise.all([
        this.#sendClaim(held, over),
        namespace.ensure().catch(() => undefined),
      ])
      if (present?.version === held.version) return rightOf(claim, present, marks)
      if (typeof claim === 'object') void claim.won.release('write')
      return present === undefined ? 'no-store' : 'unproven'
    } catch {
      return 'no-store'
    }
  }

  #sendClaim(namespaceMark: MarkRecord, over: Version | undefined): Promise<Claim> {
    const { slots, clock } = this.#parts
    const { slot, leaseMs, marks } = this.#options
    return Lease.claim({ slots, clock, slot, leaseMs, marks: [namespaceMark, ...marks] }, over)
  }

  /** With the others of this process that have no lease, or alone; nothing is stored. */
  async #loadWithoutLease(): Promise<void> {
    const { flights, stats } = this.#parts
    const running = flights.unleased(this.#call)
    if (running !== undefined) return this.#join(running, false)
    const flight = new Flight(stats, this.#call)
    if (this.#options.fallback === 'shared') flights.add(flight, { leased: false })
    const joined = this.#join(flight, false)
    void flight.run(new Load(this.#parts, this.#options, undefined))
    await joined
  }

  /** Until the flight has answered, or the call has to start over. */
  async #join(flight: Flight, proven: boolean): Promise<void> {
    const call = this.#call
    const { fallback, waitTimeoutMs } = this.#options
    // Who would load for itself alone does not wait longer for its own process than for another one.
    const bounded = fallback === 'own' && !flight.isOwnedBy(call)
    const cancelBound = bounded
      ? this.#parts.clock.after(waitTimeoutMs, () => flight.leave(call, 'waited-out'))
      : undefined
    const reason = await flight.join(call, proven)
    cancelBound?.()
    if (reason !== undefined && reason !== 'unproven') call.degraded = reason
  }
}

function rightOf(claim: Claim, namespaceMark: MarkRecord, others: LoadRight['others']): LoadRight | StartOver {
  if (typeof claim === 'object') return { lease: claim.won, namespaceMark, others }
  return claim === 'lost' || claim === 'ambiguous' ? 'unproven' : 'no-store'
}
