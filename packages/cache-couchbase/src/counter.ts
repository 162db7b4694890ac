import { StoreError } from '@tiercel/cache-core/store'
import { count as wholeNumber } from '@tiercel/cache-core/store-kit'
import type { BinaryCollection } from 'couchbase'
import { STORE_NAME } from './errors.js'

/**
 * Counters are unsigned on the server and stop at 0 on the way down. So 0 is stored as this number: a step down stays
 * one atomic operation, and a person still reads the counter's value in its last digits. The SDK reports numbers
 * exactly up to 2^53, which leaves -10^15 to 8 * 10^15 to the counter.
 */
const ZERO = 1_000_000_000_000_000
const MIN = 1 - ZERO
const MAX = Number.MAX_SAFE_INTEGER - ZERO

const stepOption = wholeNumber({ min: MIN, max: MAX })

/** @throws InvalidOptionError when no counter can make this step. */
export function checkStep(by: number): void {
  stepOption.parse(by, 'by')
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

/** @throws StoreError when the counter has left what is exact. */
export function countOf(stored: number): number {
  const value = stored - ZERO
  if (value >= MIN && value <= MAX) return value
  throw new StoreError(`${STORE_NAME}: the counter has left ${MIN} to ${MAX}, where it is exact`, {
    store: STORE_NAME,
    operation: 'increment',
  })
}
