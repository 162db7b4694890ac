import { LONGEST_HOLD_MS } from '../base/lease-option.js'
import type { HoldFrame, LeaseFrame, ValueFrame } from '../entry/frame.js'
import type { Version } from '../store/store.js'
import type { MarksVerdict, PresentMarks } from './present-marks.js'
import type { SlotRead } from './slot.js'

/** What a slot means to a reader. */
export type SlotState =
  | { readonly is: 'absent' }
  | { readonly is: 'fresh'; readonly frame: ValueFrame; readonly version: Version }
  /**
   * No longer fresh, by its time or since a soft tag has changed, but within a stale window. The frame's times count from
   * whichever came first.
   */
  | { readonly is: 'stale'; readonly frame: ValueFrame; readonly version: Version }
  | { readonly is: 'lease'; readonly frame: LeaseFrame; readonly version: Version }
  /** Deleted with `holdOff`: nothing to serve, and nothing is to be stored yet. */
  | { readonly is: 'held'; readonly frame: HoldFrame; readonly version: Version }
  /**
   * Nothing to serve, but the slot is occupied, so `add` would lose: an outlived, void or foreign frame, or a void lease.
   * `outlived`: the value, where only its time is over. A loader may start from it.
   */
  | { readonly is: 'dead'; readonly version: Version; readonly outlived?: ValueFrame | undefined }

/** What a reader may do with a slot, by the wall clock and the present marks. Pure. */
export function classify(slot: SlotRead | undefined, now: number, marks: Pick<PresentMarks, 'verdictOn'>): SlotState {
  if (slot === undefined) return { is: 'absent' }
  const { frame, version } = slot
  if (frame?.kind === 'hold') return holds(frame, now) ? { is: 'held', frame, version } : { is: 'dead', version }
  const verdict = frame === undefined ? undefined : marks.verdictOn(frame.marks)
  if (frame === undefined || verdict === undefined || verdict.is === 'void') return { is: 'dead', version }
  // A lease that a soft tag has overtaken still counts: what its load stores is stale from the beginning.
  if (frame.kind === 'lease') return { is: 'lease', frame, version }
  const timed = outdated(frame, verdict, now)
  if (now < timed.freshUntil) return { is: 'fresh', frame: timed, version }
  return now < timed.keepUntil ? { is: 'stale', frame: timed, version } : { is: 'dead', version, outlived: timed }
}

/** A hold from the far future is not believed: it would keep its key out of the store for as long as it says. */
function holds({ createdAt, until }: HoldFrame, now: number): boolean {
  return now < until && createdAt - now <= LONGEST_HOLD_MS
}

/** The frame with its times as if it had been fresh only until its soft tags changed; where that is unknown, never. */
function outdated(frame: ValueFrame, verdict: MarksVerdict, now: number): ValueFrame {
  if (verdict.is !== 'outdated') return frame
  const { createdAt, freshUntil, revalidateUntil, keepUntil } = frame
  // Not beyond now: the clock of the process that changed them may be ahead.
  const until = Math.min(freshUntil, now, Math.max(createdAt, verdict.since))
  const after = (end: number): number => until + (end === freshUntil ? 0 : end - freshUntil)
  return { ...frame, freshUntil: until, revalidateUntil: after(revalidateUntil), keepUntil: after(keepUntil) }
}
