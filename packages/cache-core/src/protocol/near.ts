import type { Clock } from '../base/clock.js'
import { CoarseClock } from '../base/coarse-clock.js'
import { report } from '../base/diagnostics.js'
import { Sieve } from '../base/sieve.js'
import type { Encoded, EntryTimes } from '../entry/frame.js'
import { NearEntry, type NearSpace, type NearTimes } from './near-entry.js'
import { type Home, Spaces } from './near-spaces.js'
import { type Standing, Standings } from './standings.js'

export interface NearTerms {
  readonly maxBytes: number
  readonly maxEntries: number
  /** How long an entry is served at the longest, in milliseconds. */
  readonly ttlMs: number
}

/** A version of a mark that an entry carries; `undefined` where the store could not be asked for it. */
export interface NearMark {
  readonly id: string
  readonly version: string | undefined
}

/** What enters the near cache: bytes, their times by the wall clock, and their marks, the namespace's first. */
export interface NearContent extends Encoded, Pick<EntryTimes, 'freshUntil' | 'revalidateUntil' | 'keepUntil'> {
  readonly loadMs: number
  readonly marks: readonly [NearMark, ...NearMark[]]
}

/** A read of the store, or a load, whose result may enter. Made by `begin`, ended by `end`. */
export interface Reading {
  readonly slot: string
  readonly fence: Fence
  /** The counters of the fence, the marks and the whole cache when it began. */
  readonly fenced: number
  readonly changes: number
  readonly dropped: number
}

interface Fence {
  readings: number
  /** How often the slot was invalidated while somebody read it. */
  fenced: number
}

/** Why the near cache was dropped as a whole or, at the loss of the bus, turned off. */
export type DropReason = 'bus-lost' | 'bus-up' | 'message-lost' | 'store-back' | 'closed'

/** A near TTL beyond this would leave the range of small integers. Milliseconds: 11 days. */
const LONGEST_MS = 1_000_000_000

/**
 * Values in the memory of this process, in front of the store, for a short time. Every invalidation that this process makes
 * or hears of removes its entry, and *fences* the slot: what was read or loaded before it does not enter afterwards
 * (docs/leases.md, N1 to N5).
 */
export class Near {
  readonly clock: CoarseClock
  readonly #wall: Clock
  readonly #terms: NearTerms
  #sieve = new Sieve<NearEntry>()
  readonly #spaces = new Spaces()
  readonly #standings = new Standings()
  readonly #fences = new Map<string, Fence>()
  /** Number of times it was dropped or turned off: each outruns all readings under way. */
  #dropped = 0
  /** Entries of an earlier era are only for callers that find no store. */
  #onSince = 0
  #bytes = 0
  /** Whether all invalidations of other processes are heard, or none are expected. */
  #linked: boolean
  #closed = false

  /** @param linked False until the bus is up. True where there is none: then only the near TTL limits staleness. */
  constructor(terms: NearTerms, clock: Clock, linked: boolean) {
    this.#terms = terms
    this.#wall = clock
    this.#linked = linked
    this.clock = new CoarseClock(clock)
  }

  get size(): number {
    return this.#sieve.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** How often it was dropped or turned off. */
  get drops(): number {
    return this.#dropped
  }

  /** Where the entries of one type and namespace are looked for. @param prefix Of their slots. */
  space(prefix: string): NearSpace {
    return this.#spaces.of(prefix)
  }

  /** To be called before a read is sent, or a load begins. */
  begin(slot: string): Reading {
    let fence = this.#fences.get(slot)
    if (fence === undefined) {
      fence = { readings: 0, fenced: 0 }
      this.#fences.set(slot, fence)
    }
    fence.readings++
    return { slot, fence, fenced: fence.fenced, changes: this.#standings.position, dropped: this.#dropped }
  }

  end({ slot, fence }: Reading): void {
    if (--fence.readings === 0) this.#fences.delete(slot)
  }

  /** Enters what was found in, or written to, the store, unless it was outrun or invalidations are not heard at present. */
  enter(reading: Reading, content: NearContent): void {
    if (this.#linked) this.enterAlone(reading, content)
  }

  /** Enters what was loaded while the store did not answer, for this process alone (N3). */
  enterAlone(reading: Reading, content: NearContent): void {
    if (this.#closed || this.#isOutrun(reading, content)) return
    const home = this.#spaces.homeFor(reading.slot)
    if (home !== undefined) this.#add(home, content)
  }

  /** The store has answered: what was loaded without it is dropped (N3). */
  storeAnswered(): void {
    if (!this.#linked && this.size > 0) this.drop('store-back')
  }

  /** The store has nothing to serve in the slot, so neither must the near cache if the store goes away: removes an old entry. */
  gone(slot: string): void {
    const home = this.#spaces.homeOf(slot)
    const entry = home && entryAt(home)
    if (entry !== undefined && (this.clock.now() >= entry.until || this.isOff(entry))) this.remove(entry)
  }

  /** Whether the entry is only for callers that find no store. */
  isOff({ era }: NearEntry): boolean {
    return era < this.#onSince
  }

  /** Whether what was found there a moment ago would be found again, unless its time is over or its marks have changed. */
  keeps(entry: NearEntry): boolean {
    return isThere(entry) && !this.isOff(entry)
  }

  /** The slot of a value, or of a mark, was changed, here or elsewhere. */
  invalidate(slot: string): void {
    const fence = this.#fences.get(slot)
    if (fence !== undefined) fence.fenced++
    const home = this.#spaces.homeOf(slot)
    const entry = home && entryAt(home)
    if (entry !== undefined) this.remove(entry)
  }

  /** The mark was renewed, here or elsewhere. */
  invalidateMark(id: string): void {
    this.#standings.void(id)
  }

  /** The mark was read from the store. @param version `undefined`: it is missing, which voids all that carries it (G3). */
  marked(id: string, version: string | undefined): void {
    if (this.#standings.contradicts(id, version)) this.invalidateMark(id)
  }

  /**
   * Whether invalidations of other processes are heard from now on. Either way what is there may be outdated. Without them
   * it is kept for callers that the store does not answer (N3).
   */
  link(linked: boolean): void {
    this.#linked = linked
    if (linked) this.drop('bus-up')
    else this.#turnOff()
  }

  /** Empties it, and lets nothing enter any more. */
  close(): void {
    this.#closed = true
    this.drop('closed')
  }

  /** Empties it, and fences all that is under way. Takes no time for each entry: 100,000 would block the event loop. */
  drop(reason: DropReason): void {
    this.#dropped++
    const entries = this.size
    this.#sieve = new Sieve()
    this.#spaces.empty()
    this.#standings.releaseAll()
    this.#bytes = 0
    if (entries > 0) report('near-drop', () => ({ reason, entries }))
  }

  /** From now on what is here is only for callers that find no store, and all that is under way is fenced. */
  #turnOff(): void {
    this.#onSince = ++this.#dropped
    const entries = this.size
    if (entries > 0) report('near-drop', () => ({ reason: 'bus-lost', entries }))
  }

  remove(entry: NearEntry): void {
    if (!isThere(entry)) return
    entry.map.delete(entry.key)
    this.#sieve.remove(entry)
    this.#bytes -= entry.bytes
    this.#standings.release(entry.standing)
    for (const standing of entry.others ?? []) this.#standings.release(standing)
  }

  /** The content of an entry was replaced, and now takes `contentBytes` in place of `was`. */
  resize(entry: NearEntry, contentBytes: number, was: number): void {
    if (!isThere(entry)) return
    entry.bytes += contentBytes - was
    this.#bytes += contentBytes - was
    this.#makeRoom(0, 0)
  }

  #add(home: Home, content: NearContent): void {
    const before = entryAt(home)
    if (before !== undefined) this.remove(before)
    const times = this.#timesOf(content)
    const standings: Standing[] = content.marks.map(({ id, version }) => this.#standings.take(id, version))
    const own = { ...home, key: ofItsOwn(home.key) }
    const entry = new NearEntry(own, this.#dropped, encodedOf(content), times, standings as [Standing, ...Standing[]])
    if (entry.bytes > this.#terms.maxBytes || times.until <= this.clock.now()) {
      for (const standing of standings) this.#standings.release(standing)
      return
    }
    this.#makeRoom(1, entry.bytes)
    entry.map.set(entry.key, entry)
    this.#sieve.add(entry)
    this.#bytes += entry.bytes
  }

  #isOutrun({ fence, fenced, dropped, changes }: Reading, { marks }: NearContent): boolean {
    if (dropped !== this.#dropped || fenced !== fence.fenced) return true
    return marks.some(({ id }) => this.#standings.hasChangedSince(id, changes))
  }

  #makeRoom(entries: number, bytes: number): void {
    const { maxEntries, maxBytes } = this.#terms
    while (this.size + entries > maxEntries || this.#bytes + bytes > maxBytes) {
      const next = this.#sieve.next()
      if (next === undefined) return
      this.remove(next)
    }
  }

  /** From the wall clock to the monotonic one: a wall clock that is set back prolongs nothing. */
  #timesOf({ freshUntil, revalidateUntil, keepUntil, loadMs }: NearContent): NearTimes {
    const now = this.clock.exact()
    const wall = this.#wall.now()
    const on = (time: number): number => now + Math.min(Math.floor(time - wall), LONGEST_MS)
    const until = Math.min(on(revalidateUntil), now + Math.min(Math.floor(this.#terms.ttlMs), LONGEST_MS))
    return {
      freshUntil: on(freshUntil),
      until,
      keepUntil: Math.max(until, on(keepUntil)),
      loadMs: Math.min(Math.ceil(loadMs), LONGEST_MS),
    }
  }
}

function entryAt({ space, composed, key }: Home): NearEntry | undefined {
  return (composed ? space.composed : space.single).get(key)
}

/** Whether it is still an entry: what a caller has just found may be removed by a codec that it is decoded with. */
function isThere(entry: NearEntry): boolean {
  return entry.map.get(entry.key) === entry
}

const LATIN1 = /^[\0-\xff]*$/

/** A copy of the key: a slice of the slot's name would keep all of that alive, 32 bytes more per entry (measured). */
function ofItsOwn(key: string): string {
  const encoding = LATIN1.test(key) ? 'latin1' : 'utf16le'
  return Buffer.from(key, encoding).toString(encoding)
}

/** Most bytes that a payload may keep alive beside itself, as a view of a larger buffer. */
const SLACK_BYTES = 1_024

function encodedOf({ encoding, shape, payload }: NearContent): Encoded {
  const pins = payload.buffer.byteLength > payload.byteLength + SLACK_BYTES
  return { encoding, shape, payload: pins ? Uint8Array.prototype.slice.call(payload) : payload }
}
