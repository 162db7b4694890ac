import type { Clock } from '../base/clock.js'
import { StoreClosedError, StoreUnavailableError } from '../base/errors.js'
import type { Encoded } from '../entry/frame.js'
import { expireValue, type Life, sealValue } from '../entry/value-frame.js'
import type { Flights } from './flights.js'
import type { Delivery } from './journal.js'
import { lookUp, type Place } from './lookup.js'
import type { Slots } from './slots.js'

/** How often a change is tried while others change the slot as well. */
const MAX_ROUNDS = 10

interface Parts {
  readonly slots: Slots
  readonly clock: Clock
  readonly flights: Flights
}

/** Changes to a value that keep its payload (T9), or take it away, each over the version that was read. */
export class Retimes {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Gives a value a new life, from now on. Whether there was one. @throws the store's errors. */
  touch(place: Place, life: Life): Promise<boolean> {
    return this.#parts.slots.changing([place.slot], () => this.#touch(place, life))
  }

  async #touch(place: Place, life: Life): Promise<boolean> {
    const { slots, clock } = this.#parts
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { state } = await lookUp(this.#parts, place)
      if (state.is !== 'fresh' && state.is !== 'stale') return false
      const { frame, version } = state
      const { bytes, ttl, keepUntil } = sealValue(frame, {
        ...life,
        now: clock.now(),
        loadMs: frame.loadMs,
        marks: frame.marks,
      })
      await place.namespace.outliveFrame(frame.marks, keepUntil)
      if ((await slots.compareAndSet(place.slot, version, bytes, ttl)) !== undefined) return true
    }
    throw this.#tooFast('touch')
  }

  /**
   * Ends the freshness of a value, and keeps it for its stale windows. Outruns a load under way, as a delete does. Where that
   * cannot be delivered, a delete is journaled. @throws StoreClosedError
   */
  async expire(place: Place): Promise<Delivery> {
    const { slots, flights } = this.#parts
    const { slot, namespace } = place
    flights.detach(slot)
    try {
      if (await slots.changing([slot], () => this.#expire(place))) return 'delivered'
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
    }
    slots.journal.addKey(slot, namespace)
    return 'journaled'
  }

  async #expire(place: Place): Promise<boolean> {
    for (let round = 0; round < MAX_ROUNDS; round++) if (await this.#expireOnce(place)) return true
    return false
  }

  async #expireOnce(place: Place): Promise<boolean> {
    const { slots, clock } = this.#parts
    const { state } = await lookUp(this.#parts, place)
    if (state.is === 'absent' || state.is === 'stale' || state.is === 'held') return true
    const expired = state.is === 'fresh' ? expireValue(state.frame, clock.now()) : undefined
    if (expired === undefined) return slots.compareAndDelete(place.slot, state.version)
    return (await slots.compareAndSet(place.slot, state.version, expired.bytes, expired.ttl)) !== undefined
  }

  /** Takes a value away: of all callers at once, one gets it, if it is fresh. @throws the store's errors. */
  pull(place: Place): Promise<Encoded | undefined> {
    return this.#parts.slots.changing([place.slot], () => this.#pull(place))
  }

  async #pull(place: Place): Promise<Encoded | undefined> {
    const { slots, flights } = this.#parts
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { state } = await lookUp(this.#parts, place)
      if (state.is !== 'fresh' && state.is !== 'stale') return undefined
      if (await slots.compareAndDelete(place.slot, state.version)) {
        flights.detach(place.slot)
        return state.is === 'fresh' ? state.frame : undefined
      }
    }
    throw this.#tooFast('pull')
  }

  #tooFast(operation: string): StoreUnavailableError {
    return new StoreUnavailableError('the slot of this key changes too fast', {
      store: this.#parts.slots.name,
      operation,
    })
  }
}
