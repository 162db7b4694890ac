import type { Mark } from '../entry/frame.js'
import type { AnyCall } from './call.js'
import type { Flight } from './flight.js'
import type { NamespaceMark } from './marks.js'
import { refreshTopic, type Wakes } from './wakes.js'

/** What a flight is looked for by. */
export interface Wanted {
  readonly slot: string
  readonly marks: readonly Mark[]
}

/** What stands behind a flight: a lease in the slot, a stale value that it replaces, another process's lease, or nothing. */
export type FlightKind = 'leased' | 'refreshing' | 'hedging' | 'unleased'

/** The flights of this process: of each key at most one of a kind to join. */
export class Flights {
  readonly #flights: Readonly<Record<FlightKind, Map<string, Flight>>> = {
    leased: new Map(),
    refreshing: new Map(),
    // Nobody joins: waiting callers go on waiting for whichever value comes first.
    hedging: new Map(),
    unleased: new Map(),
  }

  readonly #wakes: Wakes

  /** @param wakes Told when a flight has ended that others may wait for. */
  constructor(wakes: Wakes) {
    this.#wakes = wakes
  }

  /** The flight under a lease that a caller may join without asking the store. */
  leased({ slot, marks }: Wanted): Flight | undefined {
    const flight = this.#flights.leased.get(slot)
    return flight?.admits(marks) ? flight : undefined
  }

  /** The flight that replaces what is stale: for a caller that has read, and found only that. */
  refreshing({ slot, marks }: Wanted): Flight | undefined {
    const flight = this.#flights.refreshing.get(slot)
    return flight?.admits(marks) ? flight : undefined
  }

  /**
   * The flight without a lease that a degraded call may join. Without the store no proof is possible and any will do,
   * but for deletes of this process, which detach it. Where the store answers, another process's delete may have come
   * before the call: then only a load that began after the call came, or one whose owner has read the same hold. That
   * stood when the call came, so no delete lies between.
   */
  unleased({ options, arrivedAt, degraded, heldBy }: AnyCall): Flight | undefined {
    const flight = this.#flights.unleased.get(options.slot)
    if (!flight?.open) return undefined
    // What a load under a hold reads may be older than that hold's end: not for a caller that came after it.
    const shared = flight.heldBy === undefined ? degraded === 'no-store' : flight.heldBy === heldBy
    return shared || flight.beganAfter(arrivedAt) ? flight : undefined
  }

  /** The flight of this process that holds the lease with this token. */
  holding(slot: string, token: string): Flight | undefined {
    const flight = this.#flights.leased.get(slot)
    return flight?.token === token ? flight : undefined
  }

  /** Makes a flight the one to join for its key, until it has ended. */
  add(flight: Flight, kind: FlightKind): void {
    const flights = this.#flights[kind]
    flights.set(flight.slot, flight)
    void flight.ended.then(() => {
      if (flights.get(flight.slot) === flight) flights.delete(flight.slot)
      if (kind === 'leased') this.#wakes.ended(() => flight.token)
      else if (kind === 'refreshing') this.#wakes.ended(() => refreshTopic(flight.slot))
    })
  }

  /**
   * The key was changed by this process: no caller that comes from now on may join a load that began before. What that load
   * stores is refused by the store (docs/leases.md, T3).
   */
  detach(slot: string): void {
    for (const flights of Object.values(this.#flights)) {
      const flight = flights.get(slot)
      if (flight !== undefined) {
        flight.open = false
        flights.delete(slot)
      }
    }
  }

  /** As `detach`, for all keys of a namespace. */
  detachAll({ id }: NamespaceMark): void {
    for (const flights of Object.values(this.#flights)) {
      for (const [slot, flight] of flights) if (flight.namespace.id === id) this.detach(slot)
    }
  }

  /**
   * As `detach`, for what carries one of these tags. Without a lease nobody will ask whether what its loader has named
   * was invalidated meanwhile: then all of the namespace.
   */
  detachTagged({ id }: NamespaceMark, tags: ReadonlySet<string>): void {
    for (const flights of Object.values(this.#flights)) {
      for (const [slot, flight] of flights) {
        if (flight.namespace.id !== id) continue
        if (flights === this.#flights.unleased || flight.tags.some((tag) => tags.has(tag))) this.detach(slot)
      }
    }
  }
}
