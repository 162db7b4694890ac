import type { Clock } from '../base/clock.js'
import { StoreClosedError, StoreUnavailableError } from '../base/errors.js'
import type { MarkKind } from '../entry/frame.js'
import { serverTtl } from '../entry/value-frame.js'
import type { StoreEntry, Version } from '../store/store.js'
import type { HeldMarks } from './held-marks.js'
import type { Room } from './journal.js'
import {
  encodeMark,
  joinParts,
  type MarkRecord,
  type MarkState,
  openMark,
  sameVersion,
  slotsNeeded,
  slotsToRenew,
} from './mark-record.js'
import { newVersion } from './slot.js'
import type { Slots } from './slots.js'

/** How far beyond an entry a mark is prolonged, so that it is written once a day at most. Milliseconds. */
const PROLONG_MARGIN_MS = 86_400_000
/** How often prolonging a mark is tried while other processes do the same. */
const MAX_PROLONGINGS = 3

export interface MarkParts {
  readonly slots: Slots
  readonly clock: Clock
  readonly held: HeldMarks
  /** `markGrace`, in milliseconds. */
  readonly graceMs: number
}

/** What a mark stands for, and where it is stored. */
export interface MarkTerms {
  readonly kind: MarkKind
  /** As frames carry it; empty for a namespace. */
  readonly name: string
  /** One, or several on different servers (G6). */
  readonly slots: readonly string[]
  /** The lifetime of a new version, in milliseconds. It is prolonged where an entry lives longer. */
  readonly lifeMs: number
}

/** What reading one slot of a mark gave: its record, nothing of ours, or the error of its server. */
type Part = { readonly record: MarkRecord } | { readonly entry: StoreEntry | undefined } | { readonly error: unknown }

/**
 * A named version that frames depend on: of a namespace, or of a tag. Renewing it takes one write to each of its slots, and
 * makes whatever carries another version void, or stale (rules G1 to G7). Stateless: two objects of one name are the same.
 */
export class NamedMark implements Room {
  /** Its first slot, which also identifies it. */
  readonly id: string
  readonly kind: MarkKind
  readonly name: string
  protected readonly parts: MarkParts
  readonly #slots: readonly string[]
  readonly #lifeMs: number

  constructor({ kind, name, slots, lifeMs }: MarkTerms, parts: MarkParts) {
    this.id = slots[0] as string
    this.kind = kind
    this.name = name
    this.parts = parts
    this.#slots = slots
    this.#lifeMs = lifeMs
  }

  /** The version as it was at most `tagHold` ago. Read it again before believing that a frame's version differs (G4). */
  held(): MarkState | undefined {
    return this.#isJournaled() ? undefined : this.parts.held.get(this.id)
  }

  /**
   * As `held`, or else what stands at this moment in a store of this process. Hits meet the end of `tagHold` once a second,
   * and the way by promises costs as much as thirty of them. `undefined`: ask `read`.
   */
  atHand(): MarkState | undefined {
    return this.held() ?? this.#readAtHand()
  }

  /** Until when `held` returns what it returns now, unless the mark changes; monotonic clock, 0 where it returns nothing. */
  heldUntil(): number {
    return this.#isJournaled() ? 0 : this.parts.held.until(this.id)
  }

  /** Whether this version was read after messages may last have been lost, with no news of another one since (N3). */
  isHeard(version: string): boolean {
    return this.parts.held.isHeard(this.id, version)
  }

  /** The version as it stands in the store, or `undefined` when none does. @throws the store's errors; UndeliveredError. */
  async read(): Promise<MarkState | undefined> {
    this.#checkDelivered()
    const begun = this.parts.held.begin()
    const looked = await this.#look().catch((error: unknown) => this.#believe(error))
    if (!Array.isArray(looked)) return looked
    const state = this.#join(looked)
    if (state === undefined) this.parts.held.missing(this.id)
    else this.parts.held.hold(this.id, state, begun)
    return state
  }

  /** As `read`; a missing version is seeded, so that frames can be written (G3, G7). @throws the store's errors. */
  async ensure(): Promise<MarkState> {
    this.#checkDelivered()
    const { held } = this.parts
    const begun = held.begin()
    const looked = await this.#look().catch((error: unknown) => this.#believe(error))
    if (!Array.isArray(looked)) return looked
    const state = this.#join(looked.some((part) => 'entry' in part) ? await this.#seed(looked) : looked)
    if (state === undefined) {
      throw new StoreUnavailableError('the version of a namespace or tag does not stay in the store', {
        store: this.parts.slots.name,
        operation: 'add',
      })
    }
    held.hold(this.id, state, begun)
    return state
  }

  /** Makes a new version: all that carries another one is void, or stale, from now on. @throws the store's errors. */
  async renew(): Promise<void> {
    const { slots, held } = this.parts
    const record = this.#fresh(this.parts.clock.now())
    const begun = held.fence(this.id)
    const bytes = encodeMark(record)
    const written = await Promise.allSettled(this.#slots.map((slot) => slots.set(slot, bytes, this.#lifeMs)))
    const alone = held.isLastFence(this.id, begun)
    held.fence(this.id)
    const refused = written.filter((result) => result.status === 'rejected')
    if (written.length - refused.length < slotsToRenew(written.length)) throw refused[0]?.reason
    // Of two renewals at once this process does not know which one stands.
    if (!alone) return
    const state = this.#join(written.map(({ status }) => (status === 'fulfilled' ? { record } : { error: status })))
    if (state !== undefined) held.hold(this.id, state, { ...begun, order: held.begin().order })
  }

  /** From now on this process does not believe what it holds of the mark, or has read by now. */
  forget(): void {
    this.parts.held.fence(this.id)
  }

  /**
   * Makes the mark outlive an entry that is about to be stored under it (G3): the same version with new times. Where another
   * version stands by now, the entry is void anyway. Costs nothing while the slot lives long enough.
   * @param state As it was read for the entry.
   * @param until When the entry ends, wall clock. @throws the store's errors.
   */
  async outlive(state: MarkState, until: number): Promise<void> {
    let present: MarkState | undefined = state
    for (let tries = 0; tries < MAX_PROLONGINGS; tries++) {
      if (present === undefined || !sameVersion(state.version, present.version) || present.keepUntil >= until) return
      const prolonged = await this.#prolongAll(present, until)
      if (prolonged !== undefined) {
        this.parts.held.update(this.id, prolonged)
        return
      }
      present = await this.read()
    }
  }

  /** `undefined` where another process was faster. @throws the store's errors. */
  async #prolongAll(present: MarkState, until: number): Promise<MarkState | undefined> {
    const results = await Promise.allSettled(
      present.parts.map((part, index) =>
        part === undefined || part.keepUntil >= until ? part : this.#prolong(part, index, until),
      ),
    )
    const refused = results.find((result) => result.status === 'rejected')
    const parts = results.map((result) => (result.status === 'fulfilled' ? result.value : undefined))
    const standing = parts.filter((part) => part !== undefined)
    // Without one server its part is lost: the mark lives on in the others.
    if (standing.length < slotsNeeded(parts.length)) {
      if (refused !== undefined) throw refused.reason
      return undefined
    }
    const lost = results.some((result, index) => present.parts[index] !== undefined && isLost(result))
    return lost ? undefined : joinParts(this.kind, this.name, parts)
  }

  /** `undefined` where the slot has changed. @throws the store's errors. */
  async #prolong(part: MarkRecord, index: number, until: number): Promise<MarkRecord | undefined> {
    if (part.storeVersion === undefined) return undefined
    const now = this.parts.clock.now()
    const keepUntil = Math.max(now + this.#lifeMs, until + PROLONG_MARGIN_MS)
    const slot = this.#slots[index] as string
    const bytes = encodeMark({ ...part, keepUntil })
    const storeVersion = await this.parts.slots.compareAndSet(
      slot,
      part.storeVersion,
      bytes,
      serverTtl(keepUntil - now),
    )
    return storeVersion === undefined ? undefined : { ...part, keepUntil, storeVersion }
  }

  /**
   * G8: a mark that cannot be read counts as it was last read, if that was within `markGrace`. Only where it has one slot:
   * of several, either enough can be read, or nothing is known. @throws the error of the read.
   */
  #believe(error: unknown): MarkState {
    const last = this.#slots.length === 1 ? this.parts.held.lastWithin(this.id, this.parts.graceMs) : undefined
    if (last === undefined || error instanceof StoreClosedError) throw error
    return last
  }

  #readAtHand(): MarkState | undefined {
    const { slots, held } = this.parts
    if (this.#slots.length > 1 || this.#isJournaled()) return undefined
    const begun = held.begin()
    const entry = slots.atHand(this.id, this)
    const state = entry && this.#join([this.#open(entry)])
    if (state !== undefined) held.hold(this.id, state, begun)
    return state
  }

  async #look(): Promise<Part[]> {
    const { slots } = this.parts
    if (this.#slots.length === 1) return [this.#open(await slots.read(this.id))]
    const read = await Promise.allSettled(this.#slots.map((slot) => slots.read(slot)))
    const looked = read.map((result) => this.#partOf(result))
    const refused = read.filter((result) => result.status === 'rejected')
    // With fewer slots than needed the process counts as without a store (G6).
    if (read.length - refused.length < slotsNeeded(read.length)) throw refused[0]?.reason
    return looked
  }

  #partOf(result: PromiseSettledResult<StoreEntry | undefined>): Part {
    return result.status === 'fulfilled' ? this.#open(result.value) : { error: result.reason }
  }

  #open(entry: StoreEntry | undefined): Part {
    const record = openMark(this.kind, entry, this.name)
    return record === undefined ? { entry } : { record }
  }

  #join(looked: readonly Part[]): MarkState | undefined {
    const parts = looked.map((part) => ('record' in part ? part.record : undefined))
    return joinParts(this.kind, this.name, parts)
  }

  /**
   * Writes a version into each slot that has none. Always a new one: what is held may have been replaced by a renewal (G7).
   * @throws the store's errors, where the mark has one slot.
   */
  async #seed(looked: readonly Part[]): Promise<readonly Part[]> {
    // Since when is unknown: what it replaces is lost.
    const record = this.#fresh(0)
    const seeded = looked.map((part, index) =>
      'entry' in part ? this.#seedSlot(this.#slots[index] as string, part.entry, record) : part,
    )
    if (seeded.length === 1) return [await (seeded[0] as Promise<Part>)]
    const settled = await Promise.allSettled(seeded)
    return settled.map((result) => (result.status === 'fulfilled' ? result.value : { error: result.reason }))
  }

  /** @throws the store's errors. */
  async #seedSlot(slot: string, entry: StoreEntry | undefined, record: MarkRecord): Promise<Part> {
    const { slots } = this.parts
    const bytes = encodeMark(record)
    if (!slots.capabilities.add) {
      // Such a store has no leases. Two versions seeded at the same time replace each other, which costs loads.
      await slots.set(slot, bytes, this.#lifeMs)
      return { record }
    }
    const storeVersion = await slots.claim(slot, entry?.version, bytes, this.#lifeMs, 'read')
    return storeVersion === undefined ? this.#open(await slots.read(slot)) : { record: { ...record, storeVersion } }
  }

  #fresh(since: number): MarkRecord {
    const keepUntil = this.parts.clock.now() + this.#lifeMs
    const version = newVersion()
    return {
      kind: this.kind,
      name: this.name,
      version,
      data: '',
      since,
      keepUntil,
      storeVersion: undefined as Version | undefined,
    }
  }

  /** Of tags only: entries of a namespace are not read at all while its renewal is journaled. */
  #isJournaled(): boolean {
    return this.kind !== 'namespace' && this.parts.slots.journal.holdsTag(this.id)
  }

  #checkDelivered(): void {
    if (this.#isJournaled()) throw this.parts.slots.undelivered('get')
  }
}

function isLost(result: PromiseSettledResult<MarkRecord | undefined>): boolean {
  return result.status === 'fulfilled' && result.value === undefined
}
