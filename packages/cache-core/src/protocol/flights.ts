import type { Mark } from '../entry/frame.js'
import type { AnyCall } from './call.js'
import type { Flight } from './flight.js'
import type { NamespaceMark } from './marks.js'
import { refreshTopic, type Wakes } from './wakes.js'

/** What a flight is found by. */
export interface Wanted {
  readonly slot: string
  readonly marks: readonly Mark[]
}

/** What stands behind a flight: a lease in the slot, a stale value that it replaces, another process's lease, or nothing. */
export type FlightKind = 'leased' | 'refreshing' | 'hedging' | 'unleased'

/** The flights of this process: at most one of each kind to join for a key. */
export class Flights {
  readonly #flights: Readonly<Record<FlightKind, Map<string, Flight>>> = {
    leased: new Map(),
    refreshing: new Map(),
    // Not to be joined: waiting callers go on waiting for whichever value comes first.
    hedging: new Map(),
    unleased: new Map(),
  }

  readonly #wakes: Wakes

  /** @param wakes Told of the end of flights that other processes may wait for. */
  constructor(wakes: Wakes) {
    this.#wakes = wakes
  }

  /** The flight under a lease that a caller may join without asking the store. */
  leased({ slot, marks }: Wanted): Flight | undefined {
    const flight = this.#flights.leased.get(slot)
    return flight?.admits(marks) ? flight : undefined
  }

  /** The flight that replaces a stale value, for a caller whose own read found only that. */
  refreshing({ slot, marks }: Wanted): Flight | undefined {
    const flight = this.#flights.refreshing.get(slot)
    return flight?.admits(marks) ? flight : undefined
  }

  /**
   * The flight without a lease that a degraded call may join. Without the store no proof is possible, so any flight will
   * do; deletes of this process detach it. Where the store answers, another process may have deleted the key before the
   * call came: then only a load that began after that, or one whose owner has read the same hold, since that stood when the
   * call came, so that no delete lies between.
   */
  unleased({ options, arrivedAt, degraded, heldBy }: AnyCall): Flight | undefined {
    const flight = this.#flights.unleased.get(options.slot)
    if (!flight?.open) return undefined
    // What a load under a hold reads may be older than the end of that hold, so it is not for callers that came after it.
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
   * This process has changed the key: from now on no caller may join a load that began before. The store refuses what that
   * load writes (docs/leases.md, T3).
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
   * As `detach`, for flights that carry one of these tags. Of those without a lease all of the namespace, since nothing
   * will check whether tags added by their loaders were invalidated meanwhile.
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
