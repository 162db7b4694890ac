import type { CancelTimer, Clock } from '../base/clock.js'

/** Beyond so many keys of all namespaces the journal says "renew the namespace" instead. */
const MAX_KEYS = 10_000
/** How many deletes are under way at once in a replay. */
const REPLAY_BATCH = 256
/** How soon, and at the longest how seldom, an unreachable store is tried again. */
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 1_000
/** The same, where somebody waits for it. */
const DRAIN_EVERY_MS = 50

/** `'delivered'`: the store has it. `'journaled'`: effective in this process at once, elsewhere when the store is back. */
export type Delivery = 'delivered' | 'journaled'

/** What a key belongs to, and what a renewal voids as a whole: a namespace. */
export interface Room {
  /** Its name among all: two rooms of one name are one. */
  readonly id: string
  /** Sends the renewal again. @throws the store's errors. */
  renew(): Promise<void>
}

interface Undelivered {
  readonly room: Room
  /** Tells a key that was journalled again while its replay was under way. */
  readonly entry: number
}

/**
 * Invalidations that the store has not heard. A journalled key is a miss in this process until its delete was
 * delivered; so is every key of a namespace whose renewal is journalled. In memory, bounded, lost with the process.
 */
export class Journal {
  readonly #sendDelete: (slot: string) => Promise<unknown>
  readonly #clock: Clock
  readonly #keys = new Map<string, Undelivered>()
  readonly #rooms = new Map<string, { readonly room: Room; readonly entry: number }>()
  #entries = 0
  #retryMs = FIRST_RETRY_MS
  #cancel: CancelTimer | undefined
  #replaying = false
  #closed = false

  /** @param sendDelete Removes a slot from the store. Rejects with the store's errors. */
  constructor(sendDelete: (slot: string) => Promise<unknown>, clock: Clock) {
    this.#sendDelete = sendDelete
    this.#clock = clock
  }

  /** Keys and namespaces that wait for the store. */
  get size(): number {
    return this.#keys.size + this.#rooms.size
  }

  /** Whether what the store says of this slot must not be believed. */
  distrusts(slot: string, room: Room): boolean {
    return this.size > 0 && (this.#keys.has(slot) || this.#rooms.has(room.id))
  }

  /** Whether a renewal of this has not reached the store. */
  holds({ id }: Room): boolean {
    return this.#rooms.size > 0 && this.#rooms.has(id)
  }

  /** The present point in the journal's order, to be taken before a write that may settle a key. */
  get position(): number {
    return this.#entries
  }

  addKey(slot: string, room: Room): void {
    if (this.#rooms.has(room.id)) {
      // Its renewal may be under way, and this key loaded again since: the one after it covers both.
      this.addRoom(room)
      return
    }
    this.#keys.set(slot, { room, entry: ++this.#entries })
    if (this.#keys.size > MAX_KEYS) {
      const rooms = new Map([...this.#keys.values()].map((undelivered) => [undelivered.room.id, undelivered.room]))
      this.#keys.clear()
      for (const each of rooms.values()) this.addRoom(each)
    }
    this.#schedule()
  }

  addRoom(room: Room): void {
    this.#rooms.set(room.id, { room, entry: ++this.#entries })
    for (const [slot, undelivered] of this.#keys) if (undelivered.room.id === room.id) this.#keys.delete(slot)
    this.#schedule()
  }

  /** The store has a newer word on this slot than all that was journalled before the write was sent. */
  settleKey(slot: string, sentAt: number): void {
    const undelivered = this.#keys.get(slot)
    if (undelivered !== undefined && undelivered.entry <= sentAt) this.#keys.delete(slot)
  }

  /** Sends what it holds, again and again, until it is empty or this time is over; in milliseconds. */
  async drain(forMs: number): Promise<void> {
    const until = this.#clock.monotonic() + forMs
    while (this.size > 0 && this.#clock.monotonic() < until) {
      this.#cancel?.()
      this.#cancel = undefined
      if (!this.#replaying) await this.#replay()
      if (this.size === 0) return
      await new Promise<void>((resolve) => this.#clock.after(DRAIN_EVERY_MS, resolve))
    }
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  #schedule(): void {
    if (this.#closed || this.#replaying || this.#cancel !== undefined || this.size === 0) return
    this.#cancel = this.#clock.after(this.#retryMs, () => {
      this.#cancel = undefined
      void this.#replay()
    })
  }

  /** Each on its own: one dead server of several holds back only its own keys. */
  async #replay(): Promise<void> {
    this.#replaying = true
    let delivered = await this.#deliver([...this.#rooms], async ([id, { room, entry }]) => {
      await room.renew()
      if (this.#rooms.get(id)?.entry === entry) this.#rooms.delete(id)
    })
    const keys = [...this.#keys]
    for (let from = 0; from < keys.length; from += REPLAY_BATCH) {
      const batchDelivered = await this.#deliver(keys.slice(from, from + REPLAY_BATCH), (item) => this.#replayKey(item))
      delivered ||= batchDelivered
      if (!batchDelivered) break
    }
    this.#replaying = false
    this.#retryMs = delivered ? FIRST_RETRY_MS : Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
    this.#schedule()
  }

  async #replayKey([slot, undelivered]: readonly [string, Undelivered]): Promise<void> {
    try {
      await this.#sendDelete(slot)
      this.settleKey(slot, undelivered.entry)
    } catch (error) {
      // To the end of the queue, so that the keys of a dead server do not stand before those of the others.
      const present = this.#keys.get(slot)
      if (present !== undefined) {
        this.#keys.delete(slot)
        this.#keys.set(slot, present)
      }
      throw error
    }
  }

  /** Whether the store took any of them. */
  async #deliver<T>(items: readonly T[], send: (item: T) => Promise<void>): Promise<boolean> {
    const results = await Promise.allSettled(items.map(send))
    return results.some(({ status }) => status === 'fulfilled')
  }
}
