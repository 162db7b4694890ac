import type { Clock } from '../base/clock.js'
import type { Mark } from '../entry/frame.js'
import { classify, type SlotState } from './classify.js'
import type { NamespaceMark } from './marks.js'
import { PresentMarks } from './present-marks.js'
import type { SlotRead } from './slot.js'
import type { Slots } from './slots.js'

/** A slot to look into, and the marks that its frame depends on. */
export interface Place {
  readonly slot: string
  readonly namespace: NamespaceMark
  /** Tags that the frame probably carries: their marks are read in the same batch. */
  readonly tags: readonly string[]
  /** Marks beside those of the namespace, read after the caller came. */
  readonly marks: readonly Mark[]
  /** Whether what is found may enter the near cache. */
  readonly near?: boolean
}

/** A slot as it was found, with the marks as the reader knew them. */
export interface Found {
  readonly state: SlotState
  readonly present: PresentMarks | undefined
}

interface Parts {
  readonly slots: Slots
  readonly clock: Clock
}

/**
 * Reads a slot and, in the same batch, the marks that are known to matter unless they are held.
 * @throws the store's errors; UndeliveredError.
 */
export async function lookUp({ slots, clock }: Parts, { slot, namespace, tags, marks }: Place): Promise<Found> {
  const present = new PresentMarks(namespace, marks)
  const reading = slots.read(slot, namespace)
  const asked = present.ask(tags)
  const entry = asked === undefined ? await reading : (await Promise.all([reading, asked]))[0]
  return judge(clock, slots.open(slot, entry), present)
}

/**
 * What a slot means by the present marks. Marks that it carries and the reader does not know are read, and one that differs
 * from the held one is read again before it is believed (G4), each in one batch.
 * @throws the store's errors; UndeliveredError.
 */
export async function judge(clock: Clock, opened: SlotRead | undefined, present: PresentMarks): Promise<Found> {
  if (opened?.frame !== undefined) await present.askFor(opened.frame.marks)
  const state = classify(opened, clock.now(), present)
  const outdated = state.is === 'stale' && present.verdictOn(state.frame.marks).is !== 'valid'
  if (state.is !== 'dead' && !outdated) return { state, present }
  const again = present.askAgain()
  if (again === undefined) return { state, present }
  await again
  return { state: classify(opened, clock.now(), present), present }
}
