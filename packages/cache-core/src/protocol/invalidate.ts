import { StoreClosedError } from '../base/errors.js'
import type { Flights } from './flights.js'
import type { Delivery } from './journal.js'
import type { Key } from './key.js'
import type { NamedMark } from './marks.js'
import type { Slots } from './slots.js'
import type { Stats } from './stats.js'

interface Parts {
  readonly slots: Slots
  readonly flights: Flights
  readonly stats: Stats
}

/**
 * The one way to invalidate: delivered to the store, or journaled until it is back; reported either way. Effective in
 * this process at once.
 */
export class Invalidations {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * T7. A delete wins over every load that began before it: in other processes because it removes their lease, so that
   * they have nothing to write over (docs/leases.md, T3); in this one because nobody joins such a load any more.
   *
   * @param key The caller's own, for diagnostics. @throws StoreClosedError
   */
  async delete(slot: string, room: NamedMark, key: Key): Promise<Delivery> {
    const { slots, flights } = this.#parts
    flights.detach(slot)
    return this.#deliver(
      () => slots.delete(slot),
      () => slots.journal.addKey(slot, room),
      room,
      key,
    )
  }

  /** T10 for everything under the mark. Other processes see it at most `tagHold` later. @throws StoreClosedError */
  async clear(mark: NamedMark): Promise<Delivery> {
    const { slots, flights } = this.#parts
    flights.detachAll(mark)
    return this.#deliver(
      () => mark.renew(),
      () => slots.journal.addRoom(mark),
      mark,
      undefined,
    )
  }

  async #deliver(
    send: () => Promise<void>,
    journal: () => void,
    room: NamedMark,
    key: Key | undefined,
  ): Promise<Delivery> {
    let outcome: Delivery = 'delivered'
    try {
      await send()
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      journal()
      outcome = 'journaled'
    }
    this.#parts.stats.invalidated(room, key, outcome)
    return outcome
  }
}
