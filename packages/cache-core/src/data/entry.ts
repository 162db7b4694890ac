import { type Codec, decodeValue } from '../entry/codec.js'
import { tagsOf, type ValueFrame } from '../entry/frame.js'

/** A value and what stands beside it. Times are milliseconds since the epoch, `Infinity` without end. */
export interface CacheEntry<T> {
  readonly value: T
  readonly createdAt: number
  readonly freshUntil: number
  /** Until when it may be served stale, by `staleWhileRevalidate` or `staleIfError`. */
  readonly keptUntil: number
  readonly isStale: boolean
  readonly tags: readonly string[]
}

/** `undefined` where the codec cannot read the value. */
export function entryOf<T>(codec: Codec, frame: ValueFrame, isStale: boolean): CacheEntry<T> | undefined {
  const { createdAt, freshUntil, keepUntil } = frame
  let value: T
  try {
    value = decodeValue(codec, frame) as T
  } catch {
    return undefined
  }
  return { value, createdAt, freshUntil, keptUntil: keepUntil, isStale, tags: tagsOf(frame) }
}
