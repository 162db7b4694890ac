import type { Encoded, Mark } from '../entry/frame.js'
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
  /** Of the whole entry. */
  readonly bytes: Uint8Array
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
  return standByHeld(frame.marks, namespace, marks) ? { frame, bytes: entry.bytes } : undefined
}

/** With its payload, for a reader that decodes it. */
export function encodedAtHand({ frame: { encoding, shape, payloadAt }, bytes }: AtHand): Encoded {
  return { encoding, shape, payload: bytes.subarray(payloadAt) }
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
