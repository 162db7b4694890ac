import type { CancelTimer, Clock } from '../base/clock.js'

/** What is kept at most: keys, tags and namespaces, about 25 MB of them, and as many characters of keys. */
const MAX_ENTRIES = 100_000
const MAX_CHARACTERS = 16_000_000
/** To this share of the bounds it is reduced when it is full, so that this is not done for each entry more. */
const REDUCED_TO = 0.9
/** How many keys a replay sends at once, and how many renewals, or keys one by one. */
const KEY_BATCH = 256
const RENEWAL_BATCH = 64
/** A replay gives way to other work after so many milliseconds: a store in this process never makes it wait. */
const SLICE_MS = 5
/** How soon, and at the longest how seldom, an unreachable store is tried again. */
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 1_000
/** How often it is tried while somebody waits for the journal to be empty. */
const DRAIN_EVERY_MS = 50

/** `'delivered'`: the store has it. `'journaled'`: effective in this process at once, elsewhere when the store is back. */
export type Delivery = 'delivered' | 'journaled'

/** What a renewal voids as a whole: a namespace that keys belong to, or what carries a tag. */
export interface Room {
  /** Its name among all: two rooms of one name are one. */
  readonly id: string
  /** Sends the renewal again. @throws the store's errors. */
  renew(): Promise<void>
}

/** A tag whose renewal is to be sent. */
export interface TagRoom extends Room {
  /** What must be renewed before it: the epoch of its namespace. */
  readonly epoch: Room
  /** Whose renewal covers that of the tag. */
  readonly within: readonly Room[]
}

/** How the store is written to, with the store's errors, and who else is to know of a key. */
export interface JournalStore {
  delete(slot: string): Promise<unknown>
  /** As `delete`, and nothing is stored there for so long, in milliseconds. */
  hold(slot: string, holdOffMs: number): Promise<unknown>
  deleteMany(slots: readonly string[]): Promise<unknown>
  /** A key is not to be believed from now on. */
  distrusted(slot: string): void
}

interface Undelivered<R extends Room> {
  readonly room: R
  /** Tells what was journalled again while its replay was under way. */
  readonly entry: number
}

interface UndeliveredKey extends Undelivered<Room> {
  /** In milliseconds; 0: a plain delete. */
  readonly holdOffMs: number
}

/**
 * Invalidations that the store has not heard. A journalled key is a miss in this process until its delete was
 * delivered; so is every key of a namespace whose renewal is journalled, and whatever carries such a tag. In memory,
 * bounded, lost with the process.
 *
 * When it is full, the namespaces with most keys are renewed as a whole: part by part, so that a crowd of deletes voids
 * no more than it must.
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

  /** @param onForgotten Told how many entries did not fit, not even as whole namespaces. */
  constructor(store: JournalStore, clock: Clock, onForgotten: (count: number) => void) {
    this.#store = store
    this.#clock = clock
    this.#onForgotten = onForgotten
  }

  /** Keys, tags and namespaces that wait for the store. */
  get size(): number {
    return this.#keys.size + this.#tags.size + this.#rooms.size
  }

  /** Whether what the store says of this slot must not be believed. */
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

  /** Whether what is loaded for this slot is not to be kept anywhere: what is read for it may still be older. */
  holdsOff(slot: string): boolean {
    return this.#keys.size > 0 && (this.#keys.get(slot)?.holdOffMs ?? 0) > 0
  }

  /** @param holdOffMs Of a delete that holds off what is loaded afterwards. */
  addKey(slot: string, room: Room, holdOffMs = 0): void {
    this.#store.distrusted(slot)
    if (this.#rooms.has(room.id)) {
      // Its renewal may be under way, and this key loaded again since: the one after it covers both.
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

  /** The store has a newer word on this slot than all that was journalled before the write was sent. */
  settleKey(slot: string, sentAt: number): void {
    const undelivered = this.#keys.get(slot)
    if (undelivered !== undefined && undelivered.entry <= sentAt) this.#forgetKey(slot)
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

  /** Whole namespaces in place of their keys and tags, those with most of them first. */
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

  /** Where each namespace has one entry there is nothing to put together. */
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

  /** Each kind in batches, until a batch finds nobody: one dead server of several holds back only what is its own. */
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

  /** The epochs first, each once: what stands behind one that is not delivered waits with it (G5). */
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

  /** Together; where that fails each by itself, since some of them may lie on a server that answers. */
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
      // What is not tried now goes behind the rest together with what was.
      for (const [slot] of batch.slice(from + RENEWAL_BATCH)) toTheEnd(this.#keys, slot)
      return false
    }
    return true
  }

  /** A hold is as long as it was meant to be, from now on: it must not cut short one that came since. */
  async #deleteOne(slot: string, { entry, holdOffMs }: UndeliveredKey): Promise<boolean> {
    const delivered = await succeeds(holdOffMs > 0 ? this.#store.hold(slot, holdOffMs) : this.#store.delete(slot))
    if (delivered) this.settleKey(slot, entry)
    else toTheEnd(this.#keys, slot)
    return delivered
  }
}

type Batch<R extends Room> = readonly (readonly [string, Undelivered<R>])[]

/** Without what was settled meanwhile: a delete that is sent now would remove what was stored since. */
function stillWaiting<U extends Undelivered<Room>>(
  all: ReadonlyMap<string, U>,
  batch: readonly (readonly [string, U])[],
): readonly (readonly [string, U])[] {
  return batch.filter(([id, { entry }]) => all.get(id)?.entry === entry)
}

/** So that what a dead server holds back does not stand before the rest. */
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

/** A share of the event loop. */
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
