import type { Clock } from '../base/clock.js'
import { report } from '../base/diagnostics.js'
import { UndeliveredError } from '../base/errors.js'
import type { Transforms } from '../entry/transforms/transforms.js'
import type { EntryAtHand } from '../store/at-hand.js'
import type { StoreCapabilities } from '../store/capabilities.js'
import type { DeadlineClass } from '../store/guard/attempts.js'
import type { GuardedStore } from '../store/guard/guarded-store.js'
import type { CompareAndSetOptions, StoreEntry, Version } from '../store/store.js'
import type { Bus } from './bus.js'
import { Journal, type JournalStore, type Room } from './journal.js'
import type { Near } from './near.js'
import { type Open, Reader } from './reader.js'
import { holdFrame, holdsValues, openSlot, roleOf, type SlotRead } from './slot.js'
import type { Stats } from './stats.js'

/** What `Slots` needs beside the store. `near` stands in front of it, `bus` tells other processes of changes. */
export interface SlotsTerms {
  readonly clock: Clock
  readonly transforms: Transforms
  readonly stats: Stats
  readonly near?: Near | undefined
  readonly bus?: Bus | undefined
}

const NO_FRAME = new Uint8Array()

/** One server may be down, and a second one may have missed a renewal: two of three decide. */
const MARK_SLOTS = 3
/** Most names tried to find slots on different servers: enough to hit each of three parts almost surely. */
const MAX_TRIED_NAMES = 64

/**
 * The only way to the slots of the store: every read and every write of the cache passes through here. The store is not
 * believed about a slot while the journal holds an invalidation of it, which a delivered write settles.
 */
export class Slots {
  readonly #store: GuardedStore
  readonly #clock: Clock
  readonly #reader: Reader
  readonly #transforms: Transforms
  readonly #stats: Stats
  readonly journal: Journal
  readonly near: Near | undefined
  readonly bus: Bus | undefined
  readonly #stopWaking: () => void

  constructor(store: GuardedStore, { clock, transforms, stats, near, bus }: SlotsTerms) {
    this.#store = store
    this.#clock = clock
    this.#transforms = transforms
    this.#stats = stats
    this.#reader = new Reader(store, this.#undo)
    this.near = near
    this.bus = bus
    const journaled: JournalStore = {
      delete: (slot) => this.changing([slot], () => store.delete(slot)),
      hold: (slot, holdOffMs) => this.changing([slot], () => this.#hold(slot, holdOffMs)),
      deleteMany: (slots) => this.changing(slots, () => store.deleteMany(slots)),
      distrusted: (slot) => this.#leaveNear([slot]),
    }
    this.journal = new Journal(journaled, clock, (count) => {
      const message = `the journal is full: ${count} invalidations are forgotten, what they removed may be served again`
      report('store-warning', () => ({ store: store.name, message }))
    })
    this.#stopWaking = store.onBreakerClosed(() => this.journal.wake())
  }

  /** The store's name, for messages. */
  get name(): string {
    return this.#store.name
  }

  get capabilities(): StoreCapabilities {
    return this.#store.capabilities
  }

  /** How long answers of the store took; `undefined` for a store in this process. */
  get latencies(): GuardedStore['latencies'] {
    return this.#store.latencies
  }

  /** Number of servers that are not asked at present. */
  get openBreakers(): number {
    return this.#store.openBreakers
  }

  /**
   * The names of a mark's slots: where the store is several servers without copies, up to three that lie on different ones
   * (G6), the slot itself first. The number in braces is a hash tag to Redis, the only one that counts even where the slot
   * has braces as well; no slot begins like that.
   */
  spread(slot: string): readonly string[] {
    const part = this.#store.partOf(slot)
    if (part === undefined) return [slot]
    const names = new Map([[part, slot]])
    for (let tried = 1; tried <= MAX_TRIED_NAMES && names.size < MARK_SLOTS; tried++) {
      const name = `{${tried}}${slot}`
      const other = this.#store.partOf(name)
      if (other !== undefined && !names.has(other)) names.set(other, name)
    }
    return [...names.values()]
  }

  /** Whether the store can give leases. It may find out later that it cannot. */
  get leasable(): boolean {
    const { add, compareAndSet } = this.#store.capabilities
    return add && compareAndSet
  }

  /** Whether the slot can be claimed at the moment: a server may answer reads and hold writes back. */
  takesWrites(slot: string): boolean {
    return this.#store.takesWrites(slot)
  }

  /**
   * What stands in the slot, read in one batch with all other reads of this turn of the event loop.
   * @param room The namespace of the slot. While an invalidation of either is on its way to the store, the store is not
   *   asked. Absent for the slot of a mark, which is not journalled by itself.
   * @throws the store's errors; UndeliveredError for what is journalled.
   */
  read(slot: string, room?: Room): Promise<StoreEntry | undefined> {
    this.bus?.open()
    if (room !== undefined && this.journal.distrusts(slot, room)) return Promise.reject(this.undelivered('get'))
    return this.#reader.read(slot)
  }

  /**
   * As `read`, without a promise, of a store in this process. `undefined` where nothing stands there, and where only `read`
   * can tell.
   */
  atHand(slot: string, room: Room): EntryAtHand | undefined {
    this.bus?.open()
    if (this.journal.distrusts(slot, room)) return undefined
    const entry = this.#store.atHand(slot)
    return entry === undefined || this.#transforms.concerns(entry.bytes) ? undefined : entry
  }

  /** Whether what was read at hand a moment ago would be read again, where it still stands. */
  get isAtHand(): boolean {
    return this.journal.size === 0 && this.#store.isAtHand
  }

  /** To be called before a write that depends on what stands in the slot. @throws UndeliveredError as `read`. */
  checkDelivered(slot: string, room: Room, operation: string): void {
    if (this.journal.distrusts(slot, room)) throw this.undelivered(operation)
  }

  /** As `read`, but sent at once and alone, for a caller that has just written. @throws the store's errors. */
  async readAlone(slot: string): Promise<StoreEntry | undefined> {
    return this.#undo(slot, await this.#store.get(slot))
  }

  /** Decodes what was read from a slot for values, and counts what is unreadable. */
  open(slot: string, entry: StoreEntry | undefined): SlotRead | undefined {
    const read = openSlot(entry)
    if (read !== undefined && read.frame === undefined) this.#stats.unreadable(slot, 'frame')
    return read
  }

  /** Writes unconditionally. @param ttl Milliseconds; `undefined`: without end. @throws the store's errors. */
  async set(slot: string, bytes: Uint8Array, ttl: number | undefined): Promise<void> {
    const sentAt = this.journal.position
    await this.changing([slot], async () => this.#store.set(slot, await this.#applied(slot, bytes), { ttl }))
    this.journal.settleKey(slot, sentAt)
  }

  /** @param deadline `'read'` where a caller waits for the answer before its load. @throws the store's errors. */
  add(
    slot: string,
    bytes: Uint8Array,
    ttl: number | undefined,
    deadline: DeadlineClass = 'write',
  ): Promise<Version | undefined> {
    const write = (frame: Uint8Array): Promise<Version | undefined> => this.#store.add(slot, frame, { ttl }, deadline)
    const applied = this.#applied(slot, bytes)
    return applied instanceof Promise ? applied.then(write) : write(applied)
  }

  /** @param deadline As for `add`. @throws the store's errors. */
  compareAndSet(
    slot: string,
    over: Version,
    bytes: Uint8Array,
    ttl: CompareAndSetOptions['ttl'],
    deadline: DeadlineClass = 'write',
  ): Promise<Version | undefined> {
    const write = (frame: Uint8Array): Promise<Version | undefined> =>
      this.#store.compareAndSet(slot, over, frame, { ttl }, deadline)
    const applied = this.#applied(slot, bytes)
    return applied instanceof Promise ? applied.then(write) : write(applied)
  }

  /** T1 where nothing stood, T2 over what did: an `add`, or a `compareAndSet`. @throws the store's errors. */
  claim(
    slot: string,
    over: Version | undefined,
    bytes: Uint8Array,
    ttl: number | undefined,
    deadline: DeadlineClass = 'write',
  ): Promise<Version | undefined> {
    return over === undefined
      ? this.add(slot, bytes, ttl, deadline)
      : this.compareAndSet(slot, over, bytes, ttl, deadline)
  }

  /** @param holdOffMs How long nothing is stored there afterwards. @throws the store's errors. */
  async delete(slot: string, holdOffMs = 0): Promise<void> {
    const sentAt = this.journal.position
    await this.changing([slot], async () => {
      if (holdOffMs > 0) await this.#hold(slot, holdOffMs)
      else await this.#store.delete(slot)
    })
    this.journal.settleKey(slot, sentAt)
  }

  /** One write replaces whatever stood there by the hold: it leaves no lease to complete, and no gap for a claim. */
  #hold(slot: string, holdOffMs: number): Promise<void> {
    return this.#store.set(slot, holdFrame(this.#clock.now(), holdOffMs), { ttl: holdOffMs })
  }

  /** @param deadline As for `add`. @throws the store's errors. */
  compareAndDelete(slot: string, version: Version, deadline: DeadlineClass = 'write'): Promise<boolean> {
    return this.#store.compareAndDelete(slot, version, deadline)
  }

  /**
   * Changes slots that may be held near. Removes them from the near cache of this process both before and after the write,
   * and fences reads under way (N4). Other processes are told after the write, before the caller goes on (N1).
   * @throws what `write` throws.
   */
  async changing<T>(slots: readonly string[], write: () => Promise<T>): Promise<T> {
    const told = this.near === undefined && this.bus === undefined ? [] : slots.filter(isKeptNear)
    if (told.length === 0) return write()
    this.#leaveNear(told)
    try {
      const result = await write()
      // Before the message is sent, so that this process is not the last to know.
      this.#leaveNear(told)
      await Promise.all(told.map((slot) => this.bus?.tell(slot)))
      return result
    } finally {
      this.#leaveNear(told)
    }
  }

  #leaveNear(slots: readonly string[]): void {
    for (const slot of slots) {
      if (roleOf(slot) === 'entry') this.near?.invalidate(slot)
      else this.near?.invalidateMark(slot)
    }
  }

  /** Gives what stands there a new lifetime, in milliseconds. Whether anything does. @throws the store's errors. */
  touch(slot: string, ttl: number): Promise<boolean> {
    return this.#store.touch(slot, ttl)
  }

  /** Adds to a counter, which begins with `ttl` in milliseconds. The new value. @throws the store's errors. */
  increment(slot: string, by: number, ttl: number | undefined): Promise<number> {
    return this.#store.increment(slot, by, { ttl })
  }

  /** Ends the journal, the bus and the store. */
  async close(): Promise<void> {
    this.#stopWaking()
    this.journal.close()
    this.near?.close()
    await Promise.all([this.bus?.close(), this.#store.close()])
  }

  #applied(slot: string, bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return holdsValues(slot) ? this.#transforms.apply(slot, bytes) : bytes
  }

  /** The entry with its original frame. Where that cannot be restored, it counts as a dead frame in an occupied slot. */
  readonly #undo: Open = (slot, entry) => {
    if (entry === undefined || !this.#transforms.concerns(entry.bytes) || !holdsValues(slot)) return entry
    const { version } = entry
    const of = (bytes: Uint8Array = NO_FRAME): StoreEntry => ({ version, bytes })
    const undone = this.#transforms.undo(slot, entry.bytes, this.capabilities.maxValueBytes)
    return undone instanceof Promise ? undone.then(of) : of(undone)
  }

  /** The error for a caller that must not believe the store. */
  undelivered(operation: string): UndeliveredError {
    return new UndeliveredError('an earlier invalidation of this key has not reached the store yet', {
      store: this.name,
      operation,
    })
  }
}

function isKeptNear(slot: string): boolean {
  return roleOf(slot) !== 'beside'
}
