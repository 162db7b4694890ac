import { StoreClosedError } from '../base/errors.js'
import type { Flights } from './flights.js'
import type { Delivery } from './journal.js'
import type { Key } from './key.js'
import type { NamespaceMark } from './marks.js'
import type { NamedMark } from './named-mark.js'
import type { Slots } from './slots.js'
import type { Stats } from './stats.js'

interface Parts {
  readonly slots: Slots
  readonly flights: Flights
  readonly stats: Stats
}

/**
 * The one way to invalidate: delivered to the store, or journaled until the store is back, and reported either way.
 * Effective in this process at once.
 */
export class Invalidations {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * T7. A delete wins over every load that began before it: in other processes because it removes their lease, so that
   * they find nothing to write over (docs/leases.md, T3); in this one because nobody joins such a load any more.
   *
   * @param key The caller's own, for diagnostics.
   * @param holdOffMs How long nothing is stored there afterwards. @throws StoreClosedError
   */
  async delete(slot: string, room: NamespaceMark, key: Key, holdOffMs = 0): Promise<Delivery> {
    const { slots, flights } = this.#parts
    flights.detach(slot)
    return this.#deliver(
      () => slots.delete(slot, holdOffMs),
      () => slots.journal.addKey(slot, room, holdOffMs),
      room,
      key,
    )
  }

  /** T10 for everything under the mark. Other processes see it at most `tagHold` later. @throws StoreClosedError */
  async clear(mark: NamespaceMark): Promise<Delivery> {
    const { slots, flights } = this.#parts
    flights.detachAll(mark)
    return this.#deliver(
      () => mark.renew(),
      () => slots.journal.addRoom(mark),
      mark,
      undefined,
    )
  }

  /**
   * T10 for every entry of the namespace, and every response of the HTTP cache over it, that carries one of the tags.
   * The epoch is renewed before the tags (G5): a load whose loader adds a tag only afterwards must not take the new version
   * for the one under which it loaded. Other processes see it at most `tagHold` later.
   * @param soft Makes stale what carries a tag, instead of void. @throws StoreClosedError
   */
  async tags(namespace: NamespaceMark, names: readonly string[], soft: boolean): Promise<Delivery> {
    const { flights, stats } = this.#parts
    const marks = names.map((name) => namespace.tag(soft ? 'soft' : 'tag', name))
    const tags = new Set(names)
    for (const room of namespace.rooms) flights.detachTagged(room, tags)
    for (const mark of marks) mark.forget()
    const undelivered = await this.#renewTags(namespace, marks)
    const { journal } = this.#parts.slots
    const { epoch, rooms } = namespace
    for (const mark of undelivered) journal.addTag({ id: mark.id, renew: () => mark.renew(), epoch, within: rooms })
    const outcome = undelivered.length === 0 ? 'delivered' : 'journaled'
    stats.tagsInvalidated(namespace, names, { soft, outcome })
    return outcome
  }

  /** Renews them; the ones that the store has not taken. @throws StoreClosedError */
  async #renewTags({ epoch }: NamespaceMark, marks: readonly NamedMark[]): Promise<readonly NamedMark[]> {
    try {
      await epoch.renew()
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      return marks
    }
    const renewals = await Promise.allSettled(marks.map((mark) => mark.renew()))
    return marks.filter((_, index) => renewals[index]?.status === 'rejected')
  }

  async #deliver(
    send: () => Promise<void>,
    journal: () => void,
    room: NamespaceMark,
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
