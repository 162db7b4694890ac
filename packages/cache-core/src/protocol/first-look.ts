import type { ValueFrame } from '../entry/frame.js'
import type { StoreEntry } from '../store/store.js'
import { standByHeld } from './at-hand.js'
import type { Answer, CallOptions } from './call.js'
import { type getOrSet, joinOrLoad } from './drive.js'
import type { Wanted } from './flights.js'
import type { Key } from './key.js'
import { type Found, judge } from './lookup.js'
import type { NamespaceMark } from './marks.js'
import { PresentMarks } from './present-marks.js'
import { serve } from './serve.js'
import type { SlotRead } from './slot.js'

/** The part of a call that a first look needs. */
export interface FirstLook<T> extends Wanted {
  readonly key: Key
  readonly namespace: NamespaceMark
  /** @param owned Whether nobody else holds the frame. @throws where something else wrote it. */
  open(frame: ValueFrame, owned: boolean): T
  /** The call as a whole, where the look does not answer it. */
  call(): CallOptions<T>
}

type Parts = Parameters<typeof getOrSet>[0]

/**
 * Whether a call begins with `firstLook`: there is no near cache to fill, no flight to join, and all marks that the entry
 * probably carries are held, so that only the slot has to be read.
 */
export function mayLookFirst({ slots, flights }: Parts, look: FirstLook<unknown>, tags: readonly string[]): boolean {
  const { namespace } = look
  return (
    slots.near === undefined &&
    flights.leased(look) === undefined &&
    namespace.held() !== undefined &&
    (tags.length === 0 || namespace.tags(tags).every((mark) => mark.held() !== undefined))
  )
}

/**
 * As `getOrSet`, for a call that is most probably a hit: a fresh value under held marks costs one promise beside that of
 * the read. The rules are those of `lookUp`, which also handles whatever else stands there.
 */
export async function firstLook<T>(parts: Parts, look: FirstLook<T>): Promise<T | undefined> {
  const { slots, clock, stats } = parts
  const { slot, namespace, marks } = look
  const arrivedAt = clock.monotonic()
  let entry: StoreEntry | undefined
  try {
    entry = await slots.read(slot, namespace)
  } catch {
    return (await joinOrLoad(parts, look.call(), 'unreachable', arrivedAt)).value
  }
  const read = slots.open(slot, entry)
  const frame = read?.frame
  if (frame?.kind === 'value' && clock.now() < frame.freshUntil && standByHeld(frame.marks, namespace, marks)) {
    try {
      const value = look.open(frame, entry?.owned === true)
      stats.hit(namespace, look.key)
      return value
    } catch {
      // Of another shape: the longer way counts it, and loads anew.
    }
  }
  return (await answerFor(parts, look, read, arrivedAt)).value
}

/** The answer of a call that has read its slot. */
async function answerFor<T>(
  parts: Parts,
  { call, namespace, marks }: FirstLook<T>,
  read: SlotRead | undefined,
  arrivedAt: number,
): Promise<Answer<T>> {
  const options = call()
  let found: Found
  try {
    const present = new PresentMarks(namespace, marks)
    await present.ask(options.tags)
    found = await judge(parts.clock, read, present)
  } catch {
    return joinOrLoad(parts, options, 'unreachable', arrivedAt)
  }
  return serve(parts, options, found) ?? joinOrLoad(parts, options, found, arrivedAt)
}
