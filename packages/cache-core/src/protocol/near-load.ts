import type { Clock } from '../base/clock.js'
import { decodeFrame, type ValueFrame } from '../entry/frame.js'
import type { SealedValue } from '../entry/value-frame.js'
import type { Loaded, LoadOptions } from './call.js'
import type { LeaseOutcome } from './lease.js'
import { sameVersion } from './mark-record.js'
import type { NearMark } from './near.js'
import { nearContentOf } from './near-lookup.js'
import type { Slots } from './slots.js'

type Kept = Pick<LoadOptions, 'slot' | 'namespace' | 'near' | 'forceFresh' | 'staleIfErrorMs'>

/**
 * Stores what was loaded, and keeps it near if the write was won, so that nobody had deleted the key. Its marks were read
 * before the load, so they must still be held, and no invalidation may have come while it was stored (N2).
 */
export async function keepIfWon(
  slots: Slots,
  options: Kept,
  sealed: SealedValue,
  complete: () => Promise<LeaseOutcome>,
): Promise<LeaseOutcome> {
  const { near, journal } = slots
  const { slot, namespace } = options
  if (options.forceFresh === true) return slots.changing([slot], complete)
  if (near === undefined || options.near !== true) return complete()
  const reading = near.begin(slot)
  try {
    const outcome = await complete()
    const frame = outcome === 'won' ? decodeFrame(sealed.bytes) : undefined
    const content = frame?.kind === 'value' && stillHolds(options, frame) ? nearContentOf(namespace, frame) : undefined
    // A delete that could not be delivered has left the lease in place.
    if (content !== undefined && !journal.distrusts(slot, namespace)) near.enter(reading, content)
    else near.invalidate(slot)
    return outcome
  } finally {
    near.end(reading)
  }
}

function stillHolds({ namespace }: Kept, { marks }: ValueFrame): boolean {
  return marks.every((mark) => {
    const held = namespace.of(mark)?.held()
    return held !== undefined && sameVersion(mark.version, held.version)
  })
}

/**
 * For a load without a lease, since the store did not answer. To be called before the load; the returned function then keeps
 * what was loaded near, for this process alone (N3).
 */
export function keepAlone(
  { near }: Slots,
  clock: Clock,
  options: Kept,
): ((loaded: Loaded | undefined) => void) | undefined {
  if (near === undefined || options.near !== true) return undefined
  const reading = near.begin(options.slot)
  return (loaded) => {
    near.end(reading)
    if (loaded?.encoded === undefined || loaded.ttlMs <= 0) return
    const { encoded, ttlMs, tags = [] } = loaded
    const freshUntil = clock.now() + ttlMs
    const keepUntil = freshUntil + options.staleIfErrorMs
    const tagMarks = options.namespace.tags(tags).map(unversioned)
    const marks = [unversioned(options.namespace), ...tagMarks] as const
    near.enterAlone(reading, { ...encoded, freshUntil, revalidateUntil: freshUntil, keepUntil, loadMs: 0, marks })
  }
}

function unversioned({ id }: { readonly id: string }): NearMark {
  return { id, version: undefined }
}
