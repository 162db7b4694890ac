import type { Mark } from '../entry/frame.js'
import type { AnyCall } from './call.js'
import type { Flight } from './flight.js'
import type { NamedMark } from './marks.js'

interface Wanted {
  readonly slot: string
  readonly marks: readonly Mark[]
}

/** The flights of this process: of each key at most one under a lease and one without. */
export class Flights {
  readonly #leased = new Map<string, Flight>()
  readonly #unleased = new Map<string, Flight>()

  /** The flight under a lease that a caller may join without asking the store. */
  leased({ slot, marks }: Wanted): Flight | undefined {
    const flight = this.#leased.get(slot)
    return flight?.admits(marks) ? flight : undefined
  }

  /**
   * The flight without a lease that a degraded call may join. Without the store no proof is possible and any will do,
   * but for deletes of this process, which detach it. Where the store answers, another process's delete may have come
   * before the call: then only a load that began after the call came.
   */
  unleased({ options, arrivedAt, degraded }: AnyCall): Flight | undefined {
    const flight = this.#unleased.get(options.slot)
    if (!flight?.open) return undefined
    return degraded === 'no-store' || flight.beganAfter(arrivedAt) ? flight : undefined
  }

  /** The flight of this process that holds the lease with this token. */
  holding(slot: string, token: string): Flight | undefined {
    const flight = this.#leased.get(slot)
    return flight?.token === token ? flight : undefined
  }

  /** Makes a flight the one to join for its key, until it has ended. */
  add(flight: Flight, { leased }: { readonly leased: boolean }): void {
    const flights = leased ? this.#leased : this.#unleased
    flights.set(flight.slot, flight)
    void flight.ended.then(() => {
      if (flights.get(flight.slot) === flight) flights.delete(flight.slot)
    })
  }

  /**
   * The key was changed by this process: nobody who comes from now on may join a load that began before. What that load
   * stores is refused by the store (docs/leases.md, T3).
   */
  detach(slot: string): void {
    for (const flights of [this.#leased, this.#unleased]) {
      const flight = flights.get(slot)
      if (flight !== undefined) {
        flight.open = false
        flights.delete(slot)
      }
    }
  }

  /** As `detach`, for all keys of a namespace. */
  detachAll(namespace: NamedMark): void {
    for (const flights of [this.#leased, this.#unleased]) {
      for (const [slot, flight] of flights) if (flight.namespace === namespace) this.detach(slot)
    }
  }
}
