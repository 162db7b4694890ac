import type { BinaryCollection } from 'couchbase'
import { errors } from './errors.js'

/**
 * Counters are unsigned on the server and stop at 0 on the way down. So 0 is stored as this number: a step down stays
 * one atomic operation, and a person still reads the counter's value in its last digits. The SDK reports numbers
 * exactly up to 2^53, which leaves -10^15 to 8 * 10^15 to the counter.
 */
const ZERO = 1_000_000_000_000_000
const MIN = 1 - ZERO
const MAX = Number.MAX_SAFE_INTEGER - ZERO

export function beyondCounter(): Error {
  return errors.beyondCounter(MIN, MAX)
}

/** @throws CounterRangeError when no counter can make this step. */
export function checkStep(by: number): void {
  if (by < MIN || by > MAX) throw beyondCounter()
}

/**
 * Adds `by`, and begins at it. The server uses the expiry only when the counter begins. The value as it is stored;
 * reading an absent counter is the SDK's error for a missing document.
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

/** Takes back what led beyond what is exact, where the counter is still there. */
export async function uncount(
  counters: BinaryCollection,
  id: string,
  by: number,
  options: { readonly timeout: number },
): Promise<void> {
  if (by < 0) await counters.increment(id, -by, options)
  else await counters.decrement(id, by, options)
}

/** `undefined` when the counter has left what is exact. */
export function countOf(stored: number): number | undefined {
  const value = stored - ZERO
  return value >= MIN && value <= MAX ? value : undefined
}
