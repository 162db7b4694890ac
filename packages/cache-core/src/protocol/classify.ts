import type { LeaseFrame, Mark, ValueFrame } from '../entry/frame.js'
import type { Version } from '../store/store.js'
import type { SlotRead } from './slot.js'

/** What a slot means to a reader. */
export type SlotState =
  | { readonly is: 'absent' }
  | { readonly is: 'fresh'; readonly frame: ValueFrame; readonly version: Version }
  /** Its time is over, but not that in which it may be served all the same. */
  | { readonly is: 'stale'; readonly frame: ValueFrame; readonly version: Version }
  | { readonly is: 'lease'; readonly frame: LeaseFrame; readonly version: Version }
  /**
   * Nothing to serve, but the slot is occupied, `add` would lose: an outlived, void or foreign frame, or a void lease.
   * `outlived`: the value, where only its time is over; a loader may start from it.
   */
  | { readonly is: 'dead'; readonly version: Version; readonly outlived?: ValueFrame | undefined }

/**
 * Pure: a slot, the wall clock and the present marks, to what a reader may do with it.
 *
 * @param marks As they stand now; `undefined` where one is not known to stand, which voids every frame (G3).
 */
export function classify(slot: SlotRead | undefined, now: number, marks: readonly (Mark | undefined)[]): SlotState {
  if (slot === undefined) return { is: 'absent' }
  const { frame, version } = slot
  if (frame === undefined || !sameMarks(frame.marks, marks)) return { is: 'dead', version }
  if (frame.kind === 'lease') return { is: 'lease', frame, version }
  if (now < frame.freshUntil) return { is: 'fresh', frame, version }
  return now < frame.keepUntil ? { is: 'stale', frame, version } : { is: 'dead', version, outlived: frame }
}

/** Whether a frame depends on exactly these marks, as they stand now. */
export function sameMarks(left: readonly Mark[], right: readonly (Mark | undefined)[]): boolean {
  if (left.length !== right.length) return false
  for (let i = 0; i < left.length; i++) {
    const mark = left[i] as Mark
    const present = right[i]
    if (present === undefined || mark.kind !== present.kind || mark.name !== present.name) return false
    if (mark.version !== present.version) return false
  }
  return true
}
