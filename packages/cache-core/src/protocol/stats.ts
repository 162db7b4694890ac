/** What a cache counted since it was made, its namespaces included. */
export interface CacheStats {
  /** Reads answered from the store. */
  readonly hits: number
  /** Reads that found nothing to serve. */
  readonly misses: number
  /** Loaders run under a lease. */
  readonly loads: number
  /** Loaders run without a lease: the store was unreachable, or a wait came to its bound. Nothing was stored. */
  readonly unleasedLoads: number
  /** Loaders that threw, rejected or ran into `hardTimeout`. */
  readonly loadErrors: number
  /** Callers answered by a load of their own process. */
  readonly joins: number
  /** Callers that waited for a load of another process. */
  readonly waits: number
  /** Loaded values stored. */
  readonly stores: number
  /** Loaded values not stored: deleted meanwhile, skipped, too large, or the store did not take them. */
  readonly unstored: number
  /** Invalidations that the store has not heard yet. */
  readonly journaled: number
}

export type Counters = { -readonly [Name in Exclude<keyof CacheStats, 'journaled'>]: number }

export function newCounters(): Counters {
  return { hits: 0, misses: 0, loads: 0, unleasedLoads: 0, loadErrors: 0, joins: 0, waits: 0, stores: 0, unstored: 0 }
}
