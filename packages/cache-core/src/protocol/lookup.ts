import type { Mark } from '../entry/frame.js'
import { classify, type SlotState } from './classify.js'
import type { NamespaceVersion } from './marks.js'
import type { Runtime } from './runtime.js'
import { openSlot } from './slot.js'

/** Where to look: a slot, and the versions that its frame depends on. */
export interface Place {
  readonly slot: string
  readonly namespace: NamespaceVersion
  /** Versions beside the namespace's, read after the caller came. */
  readonly marks: readonly Mark[]
}

/** A slot as it was found, with the namespace's version where that was read from the store for it. */
export interface Found {
  readonly state: SlotState
  readonly mark: Mark | undefined
}

/**
 * Reads a slot and, in the same batch, the namespace's version unless that is held. @throws the store's errors.
 */
export async function lookUp(runtime: Runtime, { slot, namespace, marks }: Place): Promise<Found> {
  const { reader, clock } = runtime
  const held = namespace.held()
  if (held === undefined) {
    const [entry, mark] = await Promise.all([reader.read(slot), namespace.read()])
    return { state: classify(openSlot(entry), clock.now(), [mark, ...marks]), mark }
  }
  const opened = openSlot(await reader.read(slot))
  const state = classify(opened, clock.now(), [held, ...marks])
  if (state.is !== 'dead') return { state, mark: undefined }
  // A mismatch against a held version is read again before it is believed (G4).
  const present = await namespace.read()
  return { state: classify(opened, clock.now(), [present, ...marks]), mark: present }
}
