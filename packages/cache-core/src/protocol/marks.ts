import type { Clock } from '../base/clock.js'
import { StoreUnavailableError } from '../base/errors.js'
import { serverTtl } from '../entry/value-frame.js'
import type { StoreEntry, Version } from '../store/store.js'
import type { Room } from './journal.js'
import { encodeMark, type MarkRecord, openMark } from './mark-record.js'
import { newVersion, type SlotType, slotKey } from './slot.js'
import type { Slots } from './slots.js'

/** Slots of marks end, else those of forgotten names grow without end. Milliseconds: 30 days. */
const MARK_LIFE_MS = 30 * 86_400_000
/** How far beyond an entry a mark is prolonged, so that this is at most a write a day. Milliseconds. */
const PROLONG_MARGIN_MS = 86_400_000
/** How often a mark is prolonged against other processes that do the same. */
const MAX_PROLONGINGS = 3

interface Parts {
  readonly slots: Slots
  readonly clock: Clock
  /** `tagHold`, in milliseconds. */
  readonly holdMs: number
}

/** The versions by name of one cache. All that use a name hold the same version, so a renewal is seen at once. */
export class Marks {
  readonly #parts: Parts
  readonly #marks = new Map<string, WeakRef<NamedMark>>()
  readonly #forgotten = new FinalizationRegistry<string>((slot) => {
    if (this.#marks.get(slot)?.deref() === undefined) this.#marks.delete(slot)
  })

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What voids the entries of a namespace of the data cache. */
  namespace(name: string): NamedMark {
    return this.#named('namespace', name, name)
  }

  /** What voids every response of an HTTP cache over that namespace. */
  http(name: string): NamedMark {
    return this.#named('http', name, `${name}//http`)
  }

  /** Kept while anybody holds it: names may come and go without end. */
  #named(type: SlotType, name: string, label: string): NamedMark {
    const slot = slotKey(type, name)
    const known = this.#marks.get(slot)?.deref()
    if (known !== undefined) return known
    const mark = new NamedMark(slot, label, this.#parts)
    this.#marks.set(slot, new WeakRef(mark))
    this.#forgotten.register(mark, slot)
    return mark
  }
}

/**
 * The version of a namespace: every frame carries it, a renewal is one write, and what carries another version is void
 * (rules G1 to G4).
 */
export class NamedMark implements Room {
  readonly slot: string
  /** The namespace's name, as diagnostics show it. */
  readonly label: string
  readonly #slots: Slots
  readonly #clock: Clock
  readonly #holdMs: number
  #held: { readonly record: MarkRecord; readonly readAt: number } | undefined
  /** Counts beginnings and ends of renewals: what was read before one may be the version that it replaced. */
  #renewals = 0

  /** Made by `Marks`. */
  constructor(slot: string, label: string, { slots, clock, holdMs }: Parts) {
    this.slot = slot
    this.label = label
    this.#slots = slots
    this.#clock = clock
    this.#holdMs = holdMs
  }

  /** The version as it stood at most `tagHold` ago. A mismatch against it must be read again before it is believed (G4). */
  held(): MarkRecord | undefined {
    const held = this.#held
    return held !== undefined && this.#clock.monotonic() - held.readAt < this.#holdMs ? held.record : undefined
  }

  /** The version as it stands in the store, or `undefined` when none does. @throws the store's errors. */
  async read(): Promise<MarkRecord | undefined> {
    const begun = this.#begin()
    const record = openMark('namespace', await this.#slots.read(this.slot))
    return record === undefined ? undefined : this.#hold(record, begun)
  }

  /** As `read`; a missing version is seeded, so that frames can be written (G3). @throws the store's errors. */
  async ensure(): Promise<MarkRecord> {
    const begun = this.#begin()
    const entry = await this.#slots.read(this.slot)
    const record = openMark('namespace', entry)
    if (record !== undefined) return this.#hold(record, begun)
    const seeded = await this.#seed(entry)
    if (seeded !== undefined) return this.#hold(seeded, begun)
    const others = await this.read()
    if (others !== undefined) return others
    throw new StoreUnavailableError('the version of the namespace does not stay in the store', {
      store: this.#slots.name,
      operation: 'add',
    })
  }

  /** A new version: every entry of the namespace is void from now on. @throws the store's errors. */
  async renew(): Promise<void> {
    const { record, bytes } = this.#fresh()
    const begun = this.#beginRenewal()
    await this.#slots.set(this.slot, bytes, MARK_LIFE_MS)
    const alone = begun.renewals === this.#renewals
    const { renewals } = this.#beginRenewal()
    // Of two renewals at once nobody here knows which one stands.
    if (alone) this.#hold(record, { ...begun, renewals })
  }

  /**
   * Makes the mark outlive an entry that is about to be stored under it (G3): the same version under new times. When
   * another version stands there by now, the entry is void anyway. Costs nothing while the slot lives long enough.
   * @param record As it was read for the entry.
   * @param until When the entry ends, wall clock. @throws the store's errors.
   */
  async outlive(record: MarkRecord, until: number): Promise<void> {
    let present: MarkRecord | undefined = record
    for (let tries = 0; tries < MAX_PROLONGINGS; tries++) {
      if (present === undefined || present.version !== record.version || present.keepUntil >= until) return
      const prolonged = present.storeVersion === undefined ? undefined : await this.#prolong(present, until)
      if (prolonged !== undefined) {
        const held = this.#held
        if (held?.record.version === record.version) this.#held = { ...held, record: prolonged }
        return
      }
      present = await this.read()
    }
  }

  async #prolong(present: MarkRecord, until: number): Promise<MarkRecord | undefined> {
    const now = this.#clock.now()
    const keepUntil = Math.max(now + MARK_LIFE_MS, until + PROLONG_MARGIN_MS)
    const bytes = encodeMark({ ...present, keepUntil }, now)
    const over = present.storeVersion as Version
    const storeVersion = await this.#slots.compareAndSet(this.slot, over, bytes, serverTtl(keepUntil - now))
    return storeVersion === undefined ? undefined : { ...present, keepUntil, storeVersion }
  }

  #fresh(): { readonly record: MarkRecord; readonly bytes: Uint8Array } {
    const now = this.#clock.now()
    const record: MarkRecord = {
      kind: 'namespace',
      name: '',
      version: newVersion(),
      data: '',
      keepUntil: now + MARK_LIFE_MS,
      storeVersion: undefined,
    }
    return { record, bytes: encodeMark(record, now) }
  }

  /** @throws the store's errors. */
  async #seed(entry: StoreEntry | undefined): Promise<MarkRecord | undefined> {
    const { record, bytes } = this.#fresh()
    if (!this.#slots.capabilities.add) {
      // No leases on such a store: a version that replaces another one seeded at the same time costs loads.
      await this.#slots.set(this.slot, bytes, MARK_LIFE_MS)
      return record
    }
    const storeVersion = await this.#slots.claim(this.slot, entry?.version, bytes, MARK_LIFE_MS, 'read')
    return storeVersion === undefined ? undefined : { ...record, storeVersion }
  }

  #begin(): Begun {
    return { at: this.#clock.monotonic(), renewals: this.#renewals }
  }

  #beginRenewal(): Begun {
    this.#held = undefined
    this.#renewals++
    return this.#begin()
  }

  #hold(record: MarkRecord, { at, renewals }: Begun): MarkRecord {
    const outrun = renewals !== this.#renewals || (this.#held !== undefined && this.#held.readAt > at)
    if (!outrun) this.#held = { record, readAt: at }
    return record
  }
}

/** When a read or a renewal began. */
interface Begun {
  readonly at: number
  readonly renewals: number
}
