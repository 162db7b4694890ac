import type { BinaryCollection } from 'couchbase'
import { errors } from './errors.js'

/**
 * The server's counters are unsigned and stop at 0 on the way down. So 0 is stored as this number: a decrement remains
 * one atomic operation, and the last digits still show the counter's value to a person. The SDK reports numbers exactly
 * up to 2^53, which leaves the range from -10^15 to 8 * 10^15.
 */
const ZERO = 1_000_000_000_000_000
const MIN = 1 - ZERO
const MAX = Number.MAX_SAFE_INTEGER - ZERO

export function beyondCounter(): Error {
  return errors.beyondCounter(MIN, MAX)
}

/** @throws CounterRangeError if the step is larger than the range of any counter. */
export function checkStep(by: number): void {
  if (by < MIN || by > MAX) throw beyondCounter()
}

/**
 * Adds `by`; a new counter starts at `by`. The server applies the expiry only to a new one.
 * @returns The value as it is stored.
 * @throws The SDK's error for a missing document, if `by` is 0 and there is no counter.
 */
export async function count(
  counters: BinaryCollection,
  id: string,
  by: number,
  options: { readonly timeout: number; readonly expiry?: number | Date },
): Promise<number> {
  const beginning = { ...options, initial: ZERO + by }
  const { value } =
    by < 0
      ? await counters.decrement(id, -by, beginning)
      : await counters.increment(id, by, by === 0 ? options : beginning)
  return value
}

/** Undoes a step that left the exact range, if the counter still exists. */
export async function uncount(
  counters: BinaryCollection,
  id: string,
  by: number,
  options: { readonly timeout: number },
): Promise<void> {
  if (by < 0) await counters.increment(id, -by, options)
  else await counters.decrement(id, by, options)
}

/** `undefined` if the counter has left the exact range. */
export function countOf(stored: number): number | undefined {
  const value = stored - ZERO
  return value >= MIN && value <= MAX ? value : undefined
}
