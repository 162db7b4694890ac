import { tagsOf, type ValueFrame } from '../entry/frame.js'
import { decodeValue, type Shape } from '../entry/shape.js'

/** A value with its metadata. Times are milliseconds since the epoch, `Infinity` without end. */
export interface CacheEntry<T> {
  readonly value: T
  readonly createdAt: number
  readonly freshUntil: number
  /** Until when it may be served stale, by `staleWhileRevalidate` or `staleIfError`. */
  readonly keptUntil: number
  readonly isStale: boolean
  readonly tags: readonly string[]
}

/** @throws where the value is of another shape, or not valid. */
export function entryOf<T>(shape: Shape, frame: ValueFrame, isStale: boolean): CacheEntry<T> {
  const { createdAt, freshUntil, keepUntil } = frame
  const value = decodeValue(shape, frame) as T
  return { value, createdAt, freshUntil, keptUntil: keepUntil, isStale, tags: tagsOf(frame) }
}
