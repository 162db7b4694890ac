import type { Clock } from '../base/clock.js'
import type { Encoded, Mark } from '../entry/frame.js'
import type { EntryAtHand } from '../store/at-hand.js'
import type { HeldMarks } from './held-marks.js'
import type { KnownFrame, KnownFrames } from './known-frames.js'
import { sameVersion } from './mark-record.js'
import type { NamespaceMark } from './marks.js'
import type { Slots } from './slots.js'

interface Parts {
  readonly slots: Slots
  readonly knownFrames: KnownFrames
}

/** Where to look: see `Place`. */
interface Wanted {
  readonly slot: string
  readonly namespace: NamespaceMark
  readonly marks: readonly Mark[]
}

/** What is fresh in a store of this process. */
export interface AtHand {
  readonly frame: KnownFrame
  readonly entry: EntryAtHand
}

/** What a value was found on a moment ago. */
export interface Footing {
  /** Whether it would be found again, fresh, at this moment. @param now Wall clock. */
  holds(now: number): boolean
}

/** Of what lies in a store of this process: its entries stand, and no mark may have changed. */
export class FootingAtHand implements Footing {
  readonly #parts: { readonly slots: Slots; readonly clock: Clock; readonly held: HeldMarks }
  readonly #found: AtHand
  readonly #markEntry: EntryAtHand
  readonly #changes: number
  readonly #until: number

  /**
   * To be made in the turn in which `found` was found.
   * @param markEntry The slot of the mark that is in none of the namespace.
   */
  constructor(
    parts: { readonly slots: Slots; readonly clock: Clock; readonly held: HeldMarks },
    found: AtHand,
    namespace: NamespaceMark,
    markEntry: EntryAtHand,
  ) {
    this.#parts = parts
    this.#found = found
    this.#markEntry = markEntry
    this.#changes = parts.held.changes
    this.#until = Math.min(
      ...found.frame.marks.map((mark) => namespace.of(mark)?.heldUntil() ?? Number.POSITIVE_INFINITY),
    )
  }

  holds(now: number): boolean {
    const { slots, clock, held } = this.#parts
    const { frame, entry } = this.#found
    if (now >= frame.freshUntil || !entry.stands || !this.#markEntry.stands || held.changes !== this.#changes)
      return false
    return slots.isAtHand && clock.monotonic() < this.#until
  }
}

/**
 * As `lookUp`, without a promise: what is fresh in a store of this process, under marks that are held or at hand. Same
 * read, same rules. `undefined`: ask `lookUp`, also where a held mark differs: it is read again before it is believed (G4).
 */
export function lookUpAtHand(
  { slots, knownFrames }: Parts,
  { slot, namespace, marks }: Wanted,
  now: number,
): AtHand | undefined {
  // With a near cache a read must begin there, to enter what it finds.
  const entry = slots.near === undefined ? slots.atHand(slot, namespace) : undefined
  const frame = entry && knownFrames.of(slot, entry)
  if (entry === undefined || frame === undefined || now >= frame.freshUntil) return undefined
  return standByHeld(frame.marks, namespace, marks) ? { frame, entry } : undefined
}

/** With its payload, for a reader that decodes it. */
export function encodedAtHand({ frame: { encoding, shape, payloadAt }, entry }: AtHand): Encoded {
  return { encoding, shape, payload: entry.bytes.subarray(payloadAt) }
}

/** Whether all marks of a frame equal those held or at hand, by the rules of `PresentMarks.verdictOn`. */
export function standByHeld(carried: readonly Mark[], namespace: NamespaceMark, others: readonly Mark[]): boolean {
  if (carried[0]?.kind !== 'namespace') return false
  let met = 0
  for (const mark of carried) {
    const present: Mark | undefined = mark.kind === 'url' ? others[met++] : namespace.of(mark)?.atHand()
    if (present?.name !== mark.name || !sameVersion(mark.version, present.version)) return false
  }
  return met === others.length
}
