import type { Clock } from '../base/clock.js'
import { StoreClosedError, StoreFullError, StoreUnavailableError, ValueTooLargeError } from '../base/errors.js'
import type { Encoded, Mark } from '../entry/frame.js'
import { type Life, sealValue } from '../entry/value-frame.js'
import { frameMarks, type LoadMarks } from './call.js'
import { classify } from './classify.js'
import type { Flights } from './flights.js'
import type { NamespaceMark } from './marks.js'
import type { NamedMark } from './named-mark.js'
import { PresentMarks } from './present-marks.js'
import type { SlotRead } from './slot.js'
import type { Slots } from './slots.js'

/** How often `add` looks again when the lease or dead frame in its way has changed meanwhile. */
const MAX_ADD_ROUNDS = 10

/** Where a value is written, and its tags. */
export interface Target {
  readonly slot: string
  readonly namespace: NamespaceMark
  readonly tags: readonly string[]
}

interface Parts {
  readonly slots: Slots
  readonly clock: Clock
  readonly flights: Flights
}

/** Writes other than the end of a load: `set` (T8) and `add` (T8b). They overtake a running load of the slot. */
export class Writes {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * T8. Whether it was stored. Where the store does not take it, what stood there is removed, now or as soon as the store
   * is back. @throws ValueTooLargeError, StoreClosedError
   */
  async set(target: Target, encoded: Encoded, life: Life): Promise<boolean> {
    const { slot, namespace, tags } = target
    const { slots, clock, flights } = this.#parts
    try {
      const marks = await Promise.all(marksOf(namespace, tags).map((mark) => mark.held() ?? mark.ensure()))
      const { bytes, ttl, keepUntil } = sealValue(encoded, { now: clock.now(), marks, ...life })
      await namespace.outliveAll(marks, keepUntil)
      await slots.set(slot, bytes, ttl)
      return true
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      // A refused write has left the slot absent. Any other may still be executed, or has left the old value.
      const refused = error instanceof ValueTooLargeError || error instanceof StoreFullError
      if (!refused) slots.journal.addKey(slot, namespace)
      if (error instanceof ValueTooLargeError) throw error
      return false
    } finally {
      flights.detach(slot)
    }
  }

  /**
   * T8b: whether this call stored it, atomically. It wins over a lease, a dead or a void frame as well; it loses only to a
   * value. @throws the store's errors.
   */
  async add({ slot, namespace, tags }: Target, encoded: Encoded, life: Life): Promise<boolean> {
    const { slots, clock, flights } = this.#parts
    slots.checkDelivered(slot, namespace, 'add')
    if (life.ttlMs === 0) return false
    let standing: SlotRead | undefined
    for (let round = 0; round < MAX_ADD_ROUNDS; round++) {
      // Read after the slot: a value that was added since a `clear` must not be taken for void.
      const present = new PresentMarks(namespace, NO_MARKS, false)
      const [marks] = await Promise.all([
        Promise.all(marksOf(namespace, tags).map((mark) => mark.ensure())),
        standing?.frame && present.askFor(standing.frame.marks),
      ])
      const state = classify(standing, clock.now(), present)
      if (state.is === 'fresh') return false
      const { bytes, ttl, keepUntil } = sealValue(encoded, { now: clock.now(), marks, ...life })
      await namespace.outliveAll(marks, keepUntil)
      const over = state.is === 'absent' ? undefined : state.version
      if ((await slots.changing([slot], () => slots.claim(slot, over, bytes, ttl))) !== undefined) {
        flights.detach(slot)
        return true
      }
      standing = slots.open(slot, await slots.read(slot, namespace))
    }
    throw new StoreUnavailableError('the slot of this key changes too fast', { store: slots.name, operation: 'add' })
  }

  /**
   * Writes beside a load, into a slot without a lease, over whatever was read there. Its marks make an outdated value void,
   * so it does not matter who wins. @throws the store's errors.
   */
  async put(
    { slot, namespace }: Pick<Target, 'slot' | 'namespace'>,
    encoded: Encoded,
    life: Life,
    marks: LoadMarks,
  ): Promise<void> {
    const { slots, clock } = this.#parts
    const { bytes, ttl, keepUntil } = sealValue(encoded, { now: clock.now(), marks: frameMarks(marks), ...life })
    await namespace.outliveAll(marks.states, keepUntil)
    if ((await slots.add(slot, bytes, ttl)) !== undefined) return
    const standing = await slots.readAlone(slot)
    if (standing !== undefined) await slots.compareAndSet(slot, standing.version, bytes, ttl)
  }
}

const NO_MARKS: readonly Mark[] = []

function marksOf(namespace: NamespaceMark, tags: readonly string[]): readonly NamedMark[] {
  return tags.length === 0 ? [namespace] : [namespace, ...namespace.tags(tags)]
}
