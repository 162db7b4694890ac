import type { Clock } from '../base/clock.js'
import type { Mark } from '../entry/frame.js'
import { classify, type SlotState } from './classify.js'
import type { MarkRecord } from './mark-record.js'
import type { NamedMark } from './marks.js'
import { openSlot, type SlotRead } from './slot.js'
import type { Slots } from './slots.js'

/** Where to look: a slot, and the marks that its frame depends on. */
export interface Place {
  readonly slot: string
  readonly namespace: NamedMark
  /** Marks beside the namespace's, read after the caller came. */
  readonly marks: readonly Mark[]
}

/** A slot as it was found, with the namespace's mark where that was read from the store for it. */
export interface Found {
  readonly state: SlotState
  readonly mark: MarkRecord | undefined
}

interface Parts {
  readonly slots: Slots
  readonly clock: Clock
}

/**
 * Reads a slot and, in the same batch, the namespace's mark unless that is held.
 * @throws the store's errors; UndeliveredError.
 */
export async function lookUp(parts: Parts, { slot, namespace, marks }: Place): Promise<Found> {
  const held = namespace.held()
  if (held === undefined) {
    const [entry, mark] = await Promise.all([parts.slots.read(slot, namespace), namespace.read()])
    return { state: classify(openSlot(entry), parts.clock.now(), [mark, ...marks]), mark }
  }
  const opened = openSlot(await parts.slots.read(slot, namespace))
  return believe(parts.clock, opened, namespace, held, marks)
}

/**
 * What a slot means by the mark that is held. A mismatch against it is read again before it is believed (G4).
 * @throws the store's errors.
 */
export async function believe(
  clock: Clock,
  opened: SlotRead | undefined,
  namespace: NamedMark,
  held: MarkRecord,
  marks: readonly Mark[],
): Promise<Found> {
  const state = classify(opened, clock.now(), [held, ...marks])
  if (state.is !== 'dead') return { state, mark: undefined }
  const present = await namespace.read()
  return { state: classify(opened, clock.now(), [present, ...marks]), mark: present }
}
