import type { CancelTimer, Clock } from '../base/clock.js'

/** Most entries (keys, tags and namespaces, about 25 MB of them), and most characters of keys. */
const MAX_ENTRIES = 100_000
const MAX_CHARACTERS = 16_000_000
/** When full, it is reduced to this share of its bounds, so that it is not reduced again at the next entry. */
const REDUCED_TO = 0.9
/** How many keys a replay sends in one batch, and how many renewals, or single keys, at once. */
const KEY_BATCH = 256
const RENEWAL_BATCH = 64
/** A replay yields to the event loop after so many milliseconds, since a store in this process never makes it wait. */
const SLICE_MS = 5
/** The first and the longest pause before an unreachable store is tried again. */
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 1_000
/** The pause between tries while somebody waits for the journal to be empty. */
const DRAIN_EVERY_MS = 50

/** `'delivered'`: the store has it. `'journaled'`: effective in this process at once, elsewhere when the store is back. */
export type Delivery = 'delivered' | 'journaled'

/** What one renewal voids as a whole: the keys of a namespace, or whatever carries a tag. */
export interface Room {
  /** Its name: two rooms with one name are the same. */
  readonly id: string
  /** Sends the renewal again. @throws the store's errors. */
  renew(): Promise<void>
}

/** A tag whose renewal has not been delivered. */
export interface TagRoom extends Room {
  /** The epoch of its namespace, which must be renewed first. */
  readonly epoch: Room
  /** The namespaces whose renewal also covers the tag. */
  readonly within: readonly Room[]
}

/** The store as the journal writes to it, with the store's errors, and who else must know of a key. */
export interface JournalStore {
  delete(slot: string): Promise<unknown>
  /** As `delete`, and keeps the slot empty for `holdOffMs`. */
  hold(slot: string, holdOffMs: number): Promise<unknown>
  deleteMany(slots: readonly string[]): Promise<unknown>
  /** From now on what the store has under this slot must not be used. */
  distrusted(slot: string): void
}

interface Undelivered<R extends Room> {
  readonly room: R
  /** Its place in the order of all entries: tells whether it was journalled again during its replay. */
  readonly entry: number
}

interface UndeliveredKey extends Undelivered<Room> {
  /** In milliseconds; 0: a plain delete. */
  readonly holdOffMs: number
}

/**
 * Invalidations that have not reached the store. A journalled key is a miss in this process until its delete is
 * delivered; so is every key of a namespace whose renewal is journalled, and whatever carries a journalled tag. Kept in
 * memory, bounded, and lost with the process.
 *
 * When it is full, whole namespaces are renewed in place of their keys, those with most keys first, and only as many as
 * needed.
 */
export class Journal {
  readonly #store: JournalStore
  readonly #clock: Clock
  readonly #onForgotten: (count: number) => void
  readonly #keys = new Map<string, UndeliveredKey>()
  readonly #keysOf = new Map<string, Set<string>>()
  readonly #tags = new Map<string, Undelivered<TagRoom>>()
  readonly #rooms = new Map<string, Undelivered<Room>>()
  #characters = 0
  #entries = 0
  #retryMs = FIRST_RETRY_MS
  #cancel: CancelTimer | undefined
  #replaying = false
  #closed = false

  /** @param onForgotten Told how many entries were dropped, since not even whole namespaces would fit. */
  constructor(store: JournalStore, clock: Clock, onForgotten: (count: number) => void) {
    this.#store = store
    this.#clock = clock
    this.#onForgotten = onForgotten
  }

  /** Keys, tags and namespaces that wait for the store. */
  get size(): number {
    return this.#keys.size + this.#tags.size + this.#rooms.size
  }

  /** Whether what the store has in this slot must not be used. */
  distrusts(slot: string, room: Room): boolean {
    return this.size > 0 && (this.#keys.has(slot) || this.#rooms.has(room.id))
  }

  /** Whether the renewal of this tag has not reached the store. */
  holdsTag(id: string): boolean {
    return this.#tags.size > 0 && this.#tags.has(id)
  }

  /** The present point in the journal's order, to be taken before a write that may settle a key. */
  get position(): number {
    return this.#entries
  }

  /** Whether what is loaded for this slot must not be kept anywhere, since the load may read what is older. */
  holdsOff(slot: string): boolean {
    return this.#keys.size > 0 && (this.#keys.get(slot)?.holdOffMs ?? 0) > 0
  }

  /** @param holdOffMs How long the delete keeps the slot empty. Default 0. */
  addKey(slot: string, room: Room, holdOffMs = 0): void {
    this.#store.distrusted(slot)
    if (this.#rooms.has(room.id)) {
      // Its renewal may be under way, and this key have been loaded since: another renewal covers both.
      this.addRoom(room)
      return
    }
    const longest = Math.max(holdOffMs, this.#keys.get(slot)?.holdOffMs ?? 0)
    this.#forgetKey(slot)
    this.#keys.set(slot, { room, entry: ++this.#entries, holdOffMs: longest })
    this.#characters += slot.length
    const slots = this.#keysOf.get(room.id)
    if (slots === undefined) this.#keysOf.set(room.id, new Set([slot]))
    else slots.add(slot)
    this.#added()
  }

  addRoom(room: Room): void {
    this.#putRoom(room)
    this.#added()
  }

  addTag(tag: TagRoom): void {
    this.#tags.set(tag.id, { room: tag, entry: ++this.#entries })
    this.#added()
  }

  /** A write has reached the store, so what was journalled for this slot before it was sent is obsolete. */
  settleKey(slot: string, sentAt: number): void {
    const undelivered = this.#keys.get(slot)
    if (undelivered !== undefined && undelivered.entry <= sentAt) this.#forgetKey(slot)
  }

  /** Replays until it is empty, or this time is over, in milliseconds. */
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

  /** The store answers again: others may serve what it has not heard of, so it is told at once. */
  wake(): void {
    this.#retryMs = FIRST_RETRY_MS
    if (this.#closed || this.#replaying || this.size === 0) return
    this.#cancel?.()
    this.#cancel = undefined
    void this.#replay()
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  #added(): void {
    if (this.#isBeyond(1)) this.#reduce()
    this.#schedule()
  }

  #putRoom(room: Room): void {
    this.#rooms.set(room.id, { room, entry: ++this.#entries })
    for (const slot of this.#keysOf.get(room.id) ?? []) this.#forgetKey(slot)
  }

  #isBeyond(share: number): boolean {
    return this.size > MAX_ENTRIES * share || this.#characters > MAX_CHARACTERS * share
  }

  /** Puts whole namespaces in place of their keys and tags, those with most of them first. */
  #reduce(): void {
    const parts = new Map<string, { readonly within: readonly Room[]; count: number; readonly tags: string[] }>()
    const count = (within: readonly Room[], tag?: string): void => {
      const name = within.map(({ id }) => id).join()
      const part = parts.get(name) ?? { within, count: 0, tags: [] }
      parts.set(name, part)
      part.count++
      if (tag !== undefined) part.tags.push(tag)
    }
    for (const { room } of this.#keys.values()) count([room])
    for (const [id, { room }] of this.#tags) count(room.within, id)
    for (const { within, count, tags } of [...parts.values()].sort((one, other) => other.count - one.count)) {
      if (!this.#isBeyond(REDUCED_TO) || count <= within.length) break
      for (const tag of tags) this.#tags.delete(tag)
      for (const room of within) this.#putRoom(room)
    }
    this.#forgetOldest()
  }

  /** What is left to do where the entries are of too many namespaces to be put together. */
  #forgetOldest(): void {
    const before = this.size
    for (const slot of this.#keys.keys()) {
      if (!this.#isBeyond(REDUCED_TO)) break
      this.#forgetKey(slot)
    }
    for (const renewals of [this.#tags, this.#rooms]) {
      for (const id of renewals.keys()) {
        if (!this.#isBeyond(REDUCED_TO)) break
        renewals.delete(id)
      }
    }
    if (this.size < before) this.#onForgotten(before - this.size)
  }

  #forgetKey(slot: string): void {
    const undelivered = this.#keys.get(slot)
    if (undelivered === undefined) return
    this.#keys.delete(slot)
    this.#characters -= slot.length
    const { id } = undelivered.room
    const slots = this.#keysOf.get(id)
    slots?.delete(slot)
    if (slots?.size === 0) this.#keysOf.delete(id)
  }

  #schedule(): void {
    if (this.#closed || this.#replaying || this.#cancel !== undefined || this.size === 0) return
    this.#cancel = this.#clock.after(this.#retryMs, () => {
      this.#cancel = undefined
      void this.#replay()
    })
  }

  /** Sends each kind in batches, until a whole batch fails: one dead server of several holds back its own entries only. */
  async #replay(): Promise<void> {
    this.#replaying = true
    const slice = new Slice(this.#clock)
    const renewed = await this.#send(this.#rooms, RENEWAL_BATCH, slice, (batch) => this.#renew(this.#rooms, batch))
    const tagged = await this.#send(this.#tags, RENEWAL_BATCH, slice, (batch) => this.#renewTags(batch))
    const deleted = await this.#send(this.#keys, KEY_BATCH, slice, (batch) => this.#delete(batch))
    this.#replaying = false
    this.#retryMs = renewed || tagged || deleted ? FIRST_RETRY_MS : Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
    this.#schedule()
  }

  /** Whether the store took any of them. @param send Resolves with whether it took any of the batch. */
  async #send<U extends Undelivered<Room>>(
    all: ReadonlyMap<string, U>,
    batchSize: number,
    slice: Slice,
    send: (batch: readonly (readonly [string, U])[]) => Promise<boolean>,
  ): Promise<boolean> {
    const waiting = [...all]
    for (let from = 0; from < waiting.length; from += batchSize) {
      const batch = stillWaiting(all, waiting.slice(from, from + batchSize))
      if (batch.length > 0 && !(await send(batch))) return from > 0
      await slice.giveWay()
    }
    return waiting.length > 0
  }

  /** Renews the epochs first, each once. Tags whose epoch is not delivered have to wait (G5). */
  async #renewTags(batch: Batch<TagRoom>): Promise<boolean> {
    const epochs = new Map(batch.map(([, { room }]) => [room.epoch.id, room.epoch]))
    const delivered = new Set<string>()
    await Promise.all(
      Array.from(epochs, async ([id, epoch]) => {
        if (await succeeds(epoch.renew())) delivered.add(id)
      }),
    )
    const behind = batch.filter(([id, undelivered]) => {
      const ready = delivered.has(undelivered.room.epoch.id)
      if (!ready) toTheEnd(this.#tags, id)
      return ready
    })
    return behind.length > 0 && this.#renew(this.#tags, behind)
  }

  async #renew<R extends Room>(all: Map<string, Undelivered<R>>, batch: Batch<R>): Promise<boolean> {
    const outcomes = await Promise.all(
      batch.map(async ([id, { room, entry }]) => {
        const delivered = await succeeds(room.renew())
        if (!delivered) toTheEnd(all, id)
        else if (all.get(id)?.entry === entry) all.delete(id)
        return delivered
      }),
    )
    return outcomes.includes(true)
  }

  /** Deletes them together; where that fails one by one, since some may lie on a server that answers. */
  async #delete(batch: readonly (readonly [string, UndeliveredKey])[]): Promise<boolean> {
    const plain = batch.every(([, { holdOffMs }]) => holdOffMs === 0)
    if (plain && batch.length > 1 && (await succeeds(this.#store.deleteMany(batch.map(([slot]) => slot))))) {
      for (const [slot, { entry }] of batch) this.settleKey(slot, entry)
      return true
    }
    let any = false
    for (let from = 0; from < batch.length; from += RENEWAL_BATCH) {
      const tried = stillWaiting(this.#keys, batch.slice(from, from + RENEWAL_BATCH))
      if (tried.length === 0) continue
      const outcomes = await Promise.all(tried.map(([slot, undelivered]) => this.#deleteOne(slot, undelivered)))
      any ||= outcomes.includes(true)
      if (any) continue
      // The rest of the batch goes to the end as well, untried.
      for (const [slot] of batch.slice(from + RENEWAL_BATCH)) toTheEnd(this.#keys, slot)
      return false
    }
    return true
  }

  /** A hold counts its full length from now on, so that it cannot cut short one that came since. */
  async #deleteOne(slot: string, { entry, holdOffMs }: UndeliveredKey): Promise<boolean> {
    const delivered = await succeeds(holdOffMs > 0 ? this.#store.hold(slot, holdOffMs) : this.#store.delete(slot))
    if (delivered) this.settleKey(slot, entry)
    else toTheEnd(this.#keys, slot)
    return delivered
  }
}

type Batch<R extends Room> = readonly (readonly [string, Undelivered<R>])[]

/** Without entries settled meanwhile: a delete sent now would remove what was stored since. */
function stillWaiting<U extends Undelivered<Room>>(
  all: ReadonlyMap<string, U>,
  batch: readonly (readonly [string, U])[],
): readonly (readonly [string, U])[] {
  return batch.filter(([id, { entry }]) => all.get(id)?.entry === entry)
}

/** Moves an entry to the end, so that those of a dead server do not stand in front of the rest. */
function toTheEnd<R extends Room>(all: Map<string, Undelivered<R>>, id: string): void {
  const present = all.get(id)
  if (present === undefined) return
  all.delete(id)
  all.set(id, present)
}

async function succeeds(sent: Promise<unknown>): Promise<boolean> {
  try {
    await sent
    return true
  } catch {
    return false
  }
}

/** Limits how long a replay runs without a turn of the event loop. */
class Slice {
  readonly #clock: Clock
  #since: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#since = clock.monotonic()
  }

  async giveWay(): Promise<void> {
    if (this.#clock.monotonic() - this.#since < SLICE_MS) return
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#since = this.#clock.monotonic()
  }
}
