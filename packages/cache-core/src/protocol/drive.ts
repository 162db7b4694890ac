import { report } from '../base/diagnostics.js'
import type { Mark } from '../entry/frame.js'
import { type Answer, Call, type CallOptions } from './call.js'
import type { SlotState } from './classify.js'
import { Flight, type StartOver } from './flight.js'
import { keyName } from './key.js'
import { Lease } from './lease.js'
import { type Found, lookUp } from './lookup.js'
import type { Runtime } from './runtime.js'
import { MAX_ENDED_LEASES } from './waiter.js'

/** After so many claims lost to others a call waits as on a lease. */
const MAX_LOST_CLAIMS = 2

/**
 * The value of a slot: from the store, or from one load among all processes. Read, classify, act; never an
 * unconditional write. The protocol is `docs/leases.md`; transitions and outcomes are named after it.
 *
 * @throws what the loader throws; LoadTimeoutError; the reason of the caller's signal. Never a store's error.
 */
export async function getOrSet<T>(runtime: Runtime, options: CallOptions<T>): Promise<Answer<T>> {
  const { clock, flights, journal } = runtime
  const arrivedAt = clock.monotonic()
  let found: Found | undefined
  if (flights.leased(options) === undefined && !journal.distrusts(options.slot, options.namespace)) {
    try {
      found = await lookUp(runtime, options)
    } catch {
      return joinOrLoad(runtime, options, 'unreachable', arrivedAt)
    }
    const answer = serve(runtime, options, found.state)
    if (answer !== undefined) return answer
  }
  return joinOrLoad(runtime, options, found, arrivedAt)
}

/**
 * The second half of `getOrSet`, for a caller that has looked by itself and found nothing to serve.
 * @param found What it found, by a read begun after the caller came; nothing where it has not looked.
 * @param arrivedAt When the caller came, on the monotonic clock.
 */
export function joinOrLoad<T>(
  runtime: Runtime,
  options: CallOptions<T>,
  found: Found | 'unreachable' | undefined,
  arrivedAt = runtime.clock.monotonic(),
): Promise<Answer<T>> {
  runtime.counters.misses++
  report('miss', () => ({ namespace: options.namespace.namespace, key: keyName(options.key) }))
  const call = new Call(options, runtime.clock, arrivedAt)
  // One timeout is all that a call waits for.
  if (found === 'unreachable') call.degraded = 'no-store'
  void new Drive(runtime, call).run(found === 'unreachable' ? undefined : found)
  return call.result
}

/** The answer of a fresh slot, or `undefined` where there is none, also when its bytes were written by something else. */
function serve<T>({ counters }: Runtime, options: CallOptions<T>, state: SlotState): Answer<T> | undefined {
  if (state.is !== 'fresh') return undefined
  try {
    const value = options.open(state.frame)
    counters.hits++
    report('hit', () => ({ namespace: options.namespace.namespace, key: keyName(options.key) }))
    return { value, source: 'hit', times: state.frame }
  } catch {
    return undefined
  }
}

/** A call that found nothing to serve, on its way: join, claim or wait, as often as it takes. */
class Drive<T> {
  readonly #runtime: Runtime
  readonly #call: Call<T>
  readonly #options: CallOptions<T>

  constructor(runtime: Runtime, call: Call<T>) {
    this.#runtime = runtime
    this.#call = call
    this.#options = call.options
  }

  /** Never rejects. Once the call has joined a flight that answers it, nothing more is to be done. */
  async run(first: Found | undefined): Promise<void> {
    const { flights, journal, store } = this.#runtime
    const { slot, namespace } = this.#options
    const call = this.#call
    let found = first
    while (!call.done) {
      const leasable = store.capabilities.add && store.capabilities.compareAndSet
      if (!leasable || journal.distrusts(slot, namespace)) call.degraded ??= 'no-store'
      if (call.degraded !== undefined) {
        found = undefined
        const flight = flights.unleased(call)
        await (flight === undefined ? this.#loadWithoutLease() : this.#join(flight, false))
        continue
      }
      // Before all else: many callers may have looked at once, and one of them claims.
      const holder = found && this.#holder(found.state)
      const flight = holder ?? flights.leased(this.#options)
      if (flight !== undefined) {
        found = undefined
        await this.#join(flight, flight === holder)
      } else if (found === undefined) {
        found = await this.#look()
      } else {
        found = await this.#act(found)
      }
    }
  }

  /** Reads the slot. A value ends the call, a store that does not answer degrades it. */
  async #look(): Promise<Found | undefined> {
    try {
      return this.#served(await lookUp(this.#runtime, this.#options))
    } catch {
      this.#call.degraded = 'no-store'
      return undefined
    }
  }

  #served(found: Found): Found | undefined {
    const answer = serve(this.#runtime, this.#options, found.state)
    if (answer === undefined) return found
    this.#call.give(answer)
    return undefined
  }

  /** The flight of this process whose lease was found: proof enough to be answered by it, whenever it began. */
  #holder(state: SlotState): Flight | undefined {
    if (state.is !== 'lease') return undefined
    const flight = this.#runtime.flights.holding(this.#options.slot, state.frame.token)
    return flight?.open ? flight : undefined
  }

  /** One step from what was found, where there is nothing to serve or to join. What the call has in hand afterwards. */
  async #act({ state, mark }: Found): Promise<Found | undefined> {
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
    const waited = await this.#runtime.waiters.wait(call, state.is === 'lease' ? state.frame : undefined)
    if (waited.next === 'use') return this.#served({ state: waited.state, mark: undefined })
    if (waited.next !== 'start-over') call.degraded = waited.next
    return undefined
  }

  /** T1 or T2, then the load. Callers that come meanwhile join. */
  async #claim(state: SlotState, mark: Mark | undefined): Promise<void> {
    const flight = new Flight(this.#runtime, this.#call)
    this.#runtime.flights.add(flight, { leased: true })
    const joined = this.#join(flight, false)
    void this.#takeOff(flight, state.is === 'absent' ? undefined : (state as { version: object }).version, mark)
    await joined
  }

  async #takeOff(flight: Flight, over: object | undefined, mark: Mark | undefined): Promise<void> {
    const { store, clock } = this.#runtime
    const { slot, namespace, marks: others, leaseMs } = this.#options
    let marks: readonly Mark[]
    try {
      marks = [mark ?? (await namespace.ensure()), ...others]
    } catch {
      flight.dissolve('no-store')
      return
    }
    const claim = await Lease.claim({ store, clock, slot, leaseMs, marks }, over)
    if (typeof claim === 'object') {
      await flight.run(claim.won, marks)
    } else if (claim === 'lost' || claim === 'ambiguous') {
      this.#call.lostClaims++
      flight.dissolve('unproven')
    } else {
      flight.dissolve('no-store')
    }
  }

  /** One load for this process, nothing is stored. */
  async #loadWithoutLease(): Promise<void> {
    const flight = new Flight(this.#runtime, this.#call)
    if (this.#options.fallback === 'shared') this.#runtime.flights.add(flight, { leased: false })
    const joined = this.#join(flight, false)
    void flight.run(undefined, [])
    await joined
  }

  /** Resolves when the call has to start over; a call that was answered needs nothing more. */
  #join(flight: Flight, proven: boolean): Promise<void> {
    return new Promise((resolve) => {
      const call = this.#call
      const { fallback, waitTimeoutMs } = this.#options
      const startOver = (reason: StartOver): void => {
        cancelBound?.()
        if (reason !== 'unproven') call.degraded = reason
        resolve()
      }
      // Who would load for itself alone does not wait longer for its own process than for another one.
      const bounded = fallback === 'own' && !flight.isOwnedBy(call)
      const cancelBound = bounded
        ? this.#runtime.clock.after(waitTimeoutMs, () => {
            call.leave()
            startOver('waited-out')
          })
        : undefined
      if (cancelBound !== undefined) void call.result.then(cancelBound, cancelBound)
      flight.join(call, proven, startOver)
    })
  }
}
