import type { Mark } from '../entry/frame.js'
import type { Flight } from './flight.js'
import type { NamespaceVersion } from './versions.js'

interface Wanted {
  readonly slot: string
  readonly marks: readonly Mark[]
}

/** The flights of this process: of each key at most one under a lease and one without. */
export class Flights {
  readonly #leased = new Map<string, Flight>()
  readonly #unleased = new Map<string, Flight>()

  /** The flight that a caller may join without asking the store. */
  joinable({ slot, marks }: Wanted, { leased }: { readonly leased: boolean }): Flight | undefined {
    const flight = (leased ? this.#leased : this.#unleased).get(slot)
    return flight?.admits(marks) ? flight : undefined
  }

  /** The flight of this process that holds the lease with this token. */
  holding(slot: string, token: string): Flight | undefined {
    const flight = this.#leased.get(slot)
    return flight?.lease?.token === token ? flight : undefined
  }

  /** Makes a flight the one to join for its key, until it has ended. */
  add(flight: Flight, { leased }: { readonly leased: boolean }): void {
    const flights = leased ? this.#leased : this.#unleased
    flights.set(flight.slot, flight)
    void flight.ended.then(() => {
      if (flights.get(flight.slot) === flight) flights.delete(flight.slot)
    })
  }

  /** The key was changed by this process: nobody who comes from now on may join a load that began before. */
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
  detachAll(namespace: NamespaceVersion): void {
    for (const flights of [this.#leased, this.#unleased]) {
      for (const [slot, flight] of flights) if (flight.namespace === namespace) this.detach(slot)
    }
  }
}
