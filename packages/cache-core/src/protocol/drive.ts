import type { Clock } from '../base/clock.js'
import type { ValueFrame } from '../entry/frame.js'
import { type Answer, Call, type CallOptions } from './call.js'
import { claimUnderMarks } from './claim.js'
import type { SlotState } from './classify.js'
import { Flight, type StartOver } from './flight.js'
import type { FlightKind, Flights } from './flights.js'
import { beside, HedgeLease } from './hedge-lease.js'
import { Lease } from './lease.js'
import { Load, type LoadRight } from './load.js'
import { checkCircle, currentLoads, LoadLink, waitsForAny } from './load-chain.js'
import type { Found } from './lookup.js'
import { keepAlone } from './near-load.js'
import { answerAlone, lookUpAndKeep } from './near-lookup.js'
import type { PresentMarks } from './present-marks.js'
import type { Refreshes } from './refresh.js'
import { RefreshLease, sameValue } from './refresh-lease.js'
import { serve } from './serve.js'
import type { Slots } from './slots.js'
import { mayServeOnError } from './stale.js'
import type { Stats } from './stats.js'
import { type LeaseState, MAX_ENDED_LEASES, type Waiters } from './waiter.js'

/*
 * The story of a getOrSet (docs/leases.md):
 *
 *   look    read the slot; answer with a fresh value, or with a stale one that is refreshed behind the answer
 *   join    a load of this process is running, or its lease was found: be answered by it, with proof that no delete came
 *           in between
 *   claim   there is nothing to serve: `add` a lease, or `compareAndSet` one over what is dead; the winner loads. A stale
 *           value stays where it is: the winner of the right to refresh it loads, the others wait
 *   wait    another process loads: poll until there is a value, or a slot to claim
 *   hedge   that takes suspiciously long: one of all waiting callers loads beside it
 *
 * and again, until the call is answered, fails or times out. Where the store does not answer, a caller has waited for long
 * enough, or the key is held off, the caller loads without a lease, together with the others of its process, and nothing
 * is stored.
 * No step writes unconditionally.
 */

/** After losing so many claims a call waits as on a lease. */
const MAX_LOST_CLAIMS = 2

interface Parts {
  readonly slots: Slots
  readonly clock: Clock
  readonly stats: Stats
  readonly flights: Flights
  readonly waiters: Waiters
  readonly refreshes: Refreshes
}

/**
 * The value of a slot: from the store, or from one load among all processes.
 * @throws what the loader throws; LoadTimeoutError; the reason of the caller's signal. Never a store's error.
 */
export async function getOrSet<T>(parts: Parts, options: CallOptions<T>): Promise<Answer<T>> {
  const arrivedAt = parts.clock.monotonic()
  let found: Found | undefined
  // Most calls are answered by their first look, so no `Call` is made for it.
  if (options.forceFresh || parts.flights.leased(options) === undefined) {
    try {
      found = await lookUpAndKeep(parts, options)
    } catch {
      return joinOrLoad(parts, options, 'unreachable', arrivedAt)
    }
    const answer = serve(parts, options, found)
    if (answer !== undefined) return answer
  }
  return joinOrLoad(parts, options, found, arrivedAt)
}

/**
 * The second half of `getOrSet`, for a caller that has looked already and found nothing to serve.
 * @param found What it found, by a read that began after the caller came; `undefined` where it has not looked.
 * @param arrivedAt When the caller came, on the monotonic clock.
 */
export function joinOrLoad<T>(
  parts: Parts,
  options: CallOptions<T>,
  found: Found | 'unreachable' | undefined,
  arrivedAt = parts.clock.monotonic(),
): Promise<Answer<T>> {
  const alone = found === 'unreachable' ? answerAlone(options) : undefined
  if (alone !== undefined) return Promise.resolve(alone)
  parts.stats.miss(options.namespace, options.key)
  const inside = currentLoads()
  checkCircle(inside, options.key, options.slot, parts.slots)
  const call = new Call(options, parts.clock, arrivedAt)
  // A call waits for one timeout of the store, and no more.
  if (found === 'unreachable') call.degraded = 'no-store'
  void new Drive(parts, call, inside).run(found === 'unreachable' ? undefined : found)
  return call.result
}

/** The way of a call that found nothing to serve. */
class Drive<T> {
  readonly #parts: Parts
  readonly #call: Call<T>
  readonly #options: CallOptions<T>
  readonly #inside: readonly LoadLink[]

  /** @param inside The loads inside of which the call is made. */
  constructor(parts: Parts, call: Call<T>, inside: readonly LoadLink[]) {
    this.#parts = parts
    this.#call = call
    this.#options = call.options
    this.#inside = inside
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

  /** One step, from what was found. Returns what the call has found by then, `undefined` where it must look again. */
  async #step(found: Found | undefined): Promise<Found | undefined> {
    if (found?.state.is === 'held') {
      this.#call.degraded = 'held'
      this.#call.heldBy = found.state.frame.token
      return undefined
    }
    if (found !== undefined) this.#offerStale(found.state)
    // First of all: of many callers that have looked at once, one claims and the others join.
    const holder = found && this.#holder(found.state)
    const flight = holder ?? this.#joinable(found)
    if (flight !== undefined) {
      await this.#join(flight, flight === holder)
      return undefined
    }
    if (found === undefined) return this.#look()
    return this.#claimOrWait(found)
  }

  /** Reads the slot. A value ends the call; without an answer of the store it is degraded. */
  async #look(): Promise<Found | undefined> {
    try {
      return this.#served(await lookUpAndKeep(this.#parts, this.#options))
    } catch {
      const alone = answerAlone(this.#options)
      if (alone !== undefined) this.#call.give(alone)
      else this.#call.degraded = 'no-store'
      return undefined
    }
  }

  #served(found: Found): Found | undefined {
    const answer = serve(this.#parts, this.#options, found)
    if (answer === undefined) return found
    this.#call.give(answer)
    return undefined
  }

  /** The flight of this process whose lease was found. That is proof enough to be answered by it, whenever it began. */
  #holder(state: SlotState): Flight | undefined {
    if (state.is !== 'lease') return undefined
    const flight = this.#parts.flights.holding(this.#options.slot, state.frame.token)
    return flight?.open ? flight : undefined
  }

  #offerStale(state: SlotState): void {
    if (state.is !== 'stale' || this.#options.forceFresh) return
    const { clock, stats } = this.#parts
    const { namespace, key } = this.#options
    if (!mayServeOnError(state.frame, this.#options, clock.now())) return
    this.#call.offerStale(
      () => this.#options.open(state.frame),
      () => stats.stale(namespace, key),
    )
  }

  /** Where the store does not answer, a near value may be all that there is (N3). */
  #offerNear(): void {
    const { namespace, key, forceFresh, staleNear } = this.#options
    if (forceFresh || this.#call.offersStale) return
    const value = staleNear?.()
    if (value !== undefined) this.#call.offerStale(value, () => this.#parts.stats.stale(namespace, key))
  }

  /** The flight to join. With `forceFresh` not one whose load began before the caller came. */
  #joinable(found: Found | undefined): Flight | undefined {
    const { flights } = this.#parts
    const stale = found?.state.is === 'stale' || (found?.state.is === 'fresh' && this.#options.forceFresh)
    const flight = flights.leased(this.#options) ?? (stale ? flights.refreshing(this.#options) : undefined)
    if (flight === undefined || !this.#options.forceFresh) return flight
    return flight.isClaiming || flight.beganAfter(this.#call.arrivedAt) ? flight : undefined
  }

  async #claimOrWait(found: Found): Promise<Found | undefined> {
    const call = this.#call
    const { forceFresh } = this.#options
    // A fresh value that was not served cannot be read by this caller.
    const isDead = found.state.is === 'fresh' && !forceFresh
    const state: SlotState = isDead ? { is: 'dead', version: found.state.version } : found.state
    if (state.is === 'stale' || state.is === 'fresh') return this.#replace(state, found.present)
    if (state.is === 'lease') {
      if (!forceFresh) return this.#wait(state)
      // The load of that lease began before this call.
      call.degraded = 'waited-out'
      return undefined
    }
    if (call.lostClaims >= MAX_LOST_CLAIMS) {
      call.lostClaims = 0
      return this.#wait(state)
    }
    await this.#claim(state, found.present)
    return undefined
  }

  async #wait(state: SlotState): Promise<Found | undefined> {
    const call = this.#call
    if (call.endedLeases >= MAX_ENDED_LEASES) {
      call.degraded = 'waited-out'
      return undefined
    }
    if (!this.#parts.slots.takesWrites(this.#options.slot)) {
      // Most probably the holder can store nothing either.
      call.degraded = 'no-store'
      return undefined
    }
    this.#options.onDepends?.()
    const waited = await this.#parts.waiters.wait(call, state)
    if (waited.next === 'use') return this.#served({ state: waited.state, present: undefined })
    if (waited.next === 'hedge') await this.#hedge(waited.lease)
    else if (waited.next !== 'start-over') call.degraded = waited.next
    return undefined
  }

  /** T1 or T2, then the load. Callers that come meanwhile join. */
  async #claim(state: SlotState, present: PresentMarks | undefined): Promise<void> {
    const { slots, clock } = this.#parts
    const { slot, leaseMs } = this.#options
    const over = state.is === 'absent' ? undefined : state.version
    await this.#fly('leased', state.is === 'dead' ? state.outlived : undefined, async () => {
      const right = await claimUnderMarks<StartOver>(this.#options, present, async (marks) => {
        const claim = await Lease.claim({ slots, clock, slot, leaseMs, marks }, over)
        if (typeof claim === 'object') return claim
        return claim === 'lost' || claim === 'ambiguous' ? 'unproven' : 'no-store'
      })
      if (right === 'unproven') this.#call.lostClaims++
      return right
    })
  }

  /**
   * T6 in front of the caller: loads anew what is stale and may not be served at once, and still takes the stale value when
   * the load fails or is slow. With `forceFresh` also what is fresh, which is not taken.
   */
  async #replace(
    state: Extract<SlotState, { is: 'stale' | 'fresh' }>,
    present: PresentMarks | undefined,
  ): Promise<Found | undefined> {
    const call = this.#call
    const { slots, refreshes } = this.#parts
    const { slot, leaseMs, forceFresh } = this.#options
    const { frame, version } = state
    const obstacle = forceFresh ? undefined : refreshes.obstacle(slot)
    if (obstacle === 'running') return this.#wait(state)
    if (obstacle === 'backing-off' && call.takeStale()) return undefined
    const terms = { slots, slot, over: version, stands: sameValue(frame.createdAt), leaseMs }
    await this.#fly('refreshing', frame, () =>
      claimUnderMarks<StartOver>(this.#options, present, async () => {
        const claim = await new RefreshLease(terms).claim()
        if (typeof claim === 'object') return claim
        if (claim === 'failed') return 'no-store'
        if (claim === 'overtaken') return 'unproven'
        // A caller that may take the stale value does not load beside another load, nor right after one has failed.
        if (forceFresh || (claim === 'backing-off' && !call.offersStale)) {
          return { won: new RefreshLease(terms) }
        }
        refreshes.remember(this.#options, claim)
        return 'unproven'
      }),
    )
    return undefined
  }

  /** Claims the right to load, and loads under it. */
  async #fly(
    kind: FlightKind,
    previous: ValueFrame | undefined,
    claim: () => Promise<LoadRight | StartOver>,
  ): Promise<void> {
    const flight = this.#newFlight()
    this.#parts.flights.add(flight, kind)
    const joined = this.#join(flight, false)
    void claim().then((right) => {
      if (typeof right === 'object')
        return flight.run(new Load(this.#parts, this.#options, flight.link, right, previous))
      flight.dissolve(right)
    })
    await joined
  }

  /** Beside another process's load that takes suspiciously long. What is loaded is stored unless that one is first. */
  async #hedge({ frame, version }: LeaseState): Promise<void> {
    const { slots, stats } = this.#parts
    const { slot, leaseMs } = this.#options
    await this.#fly('hedging', undefined, () =>
      claimUnderMarks<StartOver>(this.#options, undefined, async () => {
        const terms = { slots, slot, over: version, leaseMs, ...beside(frame.token) }
        const claim = await new HedgeLease(terms).claim()
        if (typeof claim !== 'object') return claim === 'failed' ? 'no-store' : 'unproven'
        stats.hedging()
        return claim
      }),
    )
  }

  /** With the others of this process that have no lease, or alone; nothing is stored. */
  async #loadWithoutLease(): Promise<void> {
    const { flights, slots, clock, refreshes } = this.#parts
    const isAlone = this.#call.degraded === 'no-store'
    if (isAlone) {
      this.#offerNear()
      if (refreshes.obstacle(this.#options.slot) === 'backing-off' && this.#call.takeStale()) return
    }
    const running = flights.unleased(this.#call)
    if (running !== undefined && !waitsForAny(running.link, this.#inside)) return this.#join(running, false)
    const flight = this.#newFlight()
    if (this.#options.fallback === 'shared') flights.add(flight, 'unleased')
    const joined = this.#join(flight, false)
    const mayKeep = isAlone && !slots.journal.holdsOff(this.#options.slot)
    const keep = mayKeep ? keepAlone(slots, clock, this.#options) : undefined
    void flight.run(new Load(this.#parts, this.#options, flight.link, undefined)).then((result) => {
      keep?.(result !== undefined && 'loaded' in result ? result.loaded : undefined)
      // As after a refresh: the stale value is served meanwhile.
      const hasFailed = result !== undefined && 'error' in result && !result.deserted
      if (isAlone && hasFailed && this.#call.offersStale) refreshes.remember(this.#options, 'backing-off')
    })
    await joined
  }

  #newFlight(): Flight {
    const { slots, stats } = this.#parts
    const { key, slot } = this.#options
    return new Flight(stats, this.#options, this.#call, new LoadLink(key, slot, slots, this.#inside))
  }

  /** Waits until the flight has answered, or the call has to start over. */
  async #join(flight: Flight, proven: boolean): Promise<void> {
    const call = this.#call
    const { fallback, waitTimeoutMs } = this.#options
    const own = flight.isOwnedBy(call)
    if (!own && waitsForAny(flight.link, this.#inside)) {
      // That load waits for this call: both would wait for ever.
      call.degraded = 'waited-out'
      return
    }
    for (const link of this.#inside) link.waitsFor.add(flight.link)
    if (!own) this.#options.onDepends?.()
    // A caller that would load for itself alone waits for its own process no longer than for another one.
    const bounded = fallback === 'own' && !own
    const cancelBound = bounded
      ? this.#parts.clock.after(waitTimeoutMs, () => flight.leave(call, 'waited-out'))
      : undefined
    const reason = await flight.join(call, proven)
    cancelBound?.()
    for (const link of this.#inside) link.waitsFor.delete(flight.link)
    if (reason !== undefined && reason !== 'unproven') call.degraded = reason
  }
}
