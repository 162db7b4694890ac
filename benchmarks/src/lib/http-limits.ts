/** What a server of `http-limits.ts` is asked: how long its event loop stands still meanwhile, or how much it holds. */
export interface LimitsOrder {
  readonly watchMs?: number
}

export interface Seen {
  /** The longest time between two turns, by the clock. Milliseconds. */
  readonly stallMs?: number
  /** Of the longest turn what its thread has worked. Milliseconds. */
  readonly turnMs?: number
  /** After a full collection. */
  readonly heldBytes?: number
}

/** Of the store. */
export const MAX_BYTES = 16_000_000
