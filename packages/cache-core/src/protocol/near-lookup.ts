import type { ValueFrame } from '../entry/frame.js'
import type { Answer, CallOptions } from './call.js'
import { type Found, lookUp, type Place } from './lookup.js'
import type { NamespaceMark } from './marks.js'
import type { NearContent, NearMark } from './near.js'

/**
 * As `lookUp`, and keeps a fresh value near, unless its slot was invalidated meanwhile (N2), or messages may have been lost
 * after one of its marks was read (N3). @throws as `lookUp`.
 */
export async function lookUpAndKeep(parts: Parameters<typeof lookUp>[0], place: Place): Promise<Found> {
  const { near } = parts.slots
  if (near === undefined) return lookUp(parts, place)
  const reading = near.begin(place.slot)
  try {
    const found = await lookUp(parts, place)
    near.storeAnswered()
    if (found.state.is !== 'fresh' && found.state.is !== 'stale') near.gone(place.slot)
    if (place.near === true && found.state.is === 'fresh' && areHeard(place, found.state.frame)) {
      const content = nearContentOf(place.namespace, found.state.frame)
      if (content !== undefined) near.enter(reading, content)
    }
    return found
  } finally {
    near.end(reading)
  }
}

/** The near value for a call that the store does not answer (N3). */
export function answerAlone<T>({ forceFresh, nearAlone }: CallOptions<T>): Answer<T> | undefined {
  return forceFresh ? undefined : nearAlone?.()
}

function areHeard({ namespace }: Place, { marks }: ValueFrame): boolean {
  return marks.every((mark) => namespace.of(mark)?.isHeard(mark.version) === true)
}

/** A frame as it enters the near cache, with the ids of its marks. `undefined` where one is not of this namespace. */
export function nearContentOf(namespace: NamespaceMark, frame: ValueFrame): NearContent | undefined {
  const marks: NearMark[] = []
  for (const mark of frame.marks) {
    const named = namespace.of(mark)
    if (named === undefined) return undefined
    marks.push({ id: named.id, version: mark.version })
  }
  const [first, ...others] = marks
  return first && { ...frame, marks: [first, ...others] }
}
