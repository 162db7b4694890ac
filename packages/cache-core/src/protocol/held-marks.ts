import { LRUCache } from 'lru-cache'
import type { Clock } from '../base/clock.js'
import { type MarkState, sameVersion } from './mark-record.js'
import type { Near } from './near.js'

/** Most marks that one cache remembers: entity tags come by the thousand. The one read longest ago goes first. */
const MAX_HELD = 10_000
/** Most characters of their names, which other processes choose. */
const MAX_HELD_CHARACTERS = 4_000_000
/** What each counts as at least, so that the one bound is both. */
const LEAST_CHARACTERS = MAX_HELD_CHARACTERS / MAX_HELD

/** When a read or a renewal began, and its place in the order of all of them. */
export interface Begun {
  readonly at: number
  readonly order: number
  /** How often the near cache had been dropped by then. */
  readonly drops: number
}

interface Held extends Begun {
  readonly state: MarkState | undefined
  /** Reads that began before this one are not held: a renewal may have replaced what they found. */
  readonly fence: number
}

/**
 * The marks of one cache as they were last read, each believed for `tagHold` (G4). Shared by all that ask for a mark, so
 * that a renewal by this process takes effect in it at once.
 */
export class HeldMarks {
  readonly #clock: Clock
  readonly #holdMs: number
  readonly #near: Near | undefined
  readonly #held = new LRUCache<string, Held>({
    maxSize: MAX_HELD_CHARACTERS,
    sizeCalculation: (_held, slot) => Math.max(slot.length, LEAST_CHARACTERS),
    dispose: ({ fence }, _slot, why) => {
      if (why === 'evict') this.#floor = Math.max(this.#floor, fence)
    },
  })

  /** How often a version that may have been believed was fenced, or read as another one. */
  #changes = 0
  #order = 0
  /** The fence of all marks that are no longer remembered. */
  #floor = 0

  /**
   * @param holdMs `tagHold`; 0: nothing is held.
   * @param near Is told of every version that is read, and of every change.
   */
  constructor(clock: Clock, holdMs: number, near?: Near) {
    this.#clock = clock
    this.#holdMs = holdMs
    this.#near = near
  }

  /** To be taken before a read is sent. */
  begin(): Begun {
    return { at: this.#clock.monotonic(), order: ++this.#order, drops: this.#drops }
  }

  get(slot: string): MarkState | undefined {
    const held = this.#held.peek(slot)
    if (held === undefined || held.drops !== this.#drops) return undefined
    return this.#clock.monotonic() - held.at < this.#holdMs ? held.state : undefined
  }

  /** While this number stays the same, what `get` returned is what it returns until `until`. */
  get changes(): number {
    return this.#changes
  }

  /** When `tagHold` ends for what is held, monotonic clock; 0 where nothing is. */
  until(slot: string): number {
    const held = this.#held.peek(slot)
    return held?.state === undefined ? 0 : held.at + this.#holdMs
  }

  /**
   * Whether this version was read after the near cache was last dropped, with no news of the mark since. If it was read
   * before, the message of its renewal may have been lost (N3).
   */
  isHeard(slot: string, version: string): boolean {
    const held = this.#held.peek(slot)
    return held?.state !== undefined && held.drops === this.#drops && sameVersion(held.state.version, version)
  }

  /** What was last read, if that read was sent within this time, even if `tagHold` is over. */
  lastWithin(slot: string, ms: number): MarkState | undefined {
    const held = this.#held.peek(slot)
    return held !== undefined && this.#clock.monotonic() - held.at < ms ? held.state : undefined
  }

  /** Holds what was read, unless something newer is known. */
  hold(slot: string, state: MarkState, begun: Begun): void {
    const held = this.#held.peek(slot)
    const fence = held?.fence ?? this.#floor
    if (begun.order <= fence || (held !== undefined && held.order > begun.order)) return
    if (held?.state !== undefined && !sameVersion(held.state.version, state.version)) this.#changes++
    this.#held.set(slot, heldSince(begun, state, fence))
    this.#near?.marked(slot, state.version)
  }

  /** The mark is missing in the store. */
  missing(slot: string): void {
    this.#near?.marked(slot, undefined)
  }

  /** The same version under new times. */
  update(slot: string, state: MarkState): void {
    const held = this.#held.peek(slot)
    if (held?.state?.version === state.version) this.#held.set(slot, heldSince(held, state, held.fence))
  }

  /** Forgets what is held, and will not hold what earlier reads find. */
  fence(slot: string): Begun {
    this.#near?.invalidateMark(slot)
    this.#changes++
    const begun = this.begin()
    this.#held.set(slot, heldSince(begun, undefined, begun.order))
    return begun
  }

  /** Whether this was the last fence. */
  isLastFence(slot: string, { order }: Begun): boolean {
    return this.#held.peek(slot)?.fence === order
  }

  get #drops(): number {
    return this.#near?.drops ?? 0
  }
}

/** Written out, since V8 gives what a spread makes a new shape each time, and throws away compiled code that meets one. */
function heldSince({ at, order, drops }: Begun, state: MarkState | undefined, fence: number): Held {
  return { at, order, drops, state, fence }
}
