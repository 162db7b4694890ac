import type { Cache } from '../../../src/data/cache.js'
import type { Store } from '../../../src/store/store.js'

/** What a scenario uses of a cache. */
export type CacheUnderTest = Pick<
  Cache,
  'getOrSet' | 'get' | 'set' | 'add' | 'delete' | 'clear' | 'invalidateTags' | 'stats'
>

export interface ScenarioOptions {
  readonly processes: number
  /** Calls of `getOrSet`, some of `get`. */
  readonly callers: number
  /** Commits to the database, each followed by `delete` or `clear`. */
  readonly writes: number
  /**
   * Commits, each followed by `set`, or by `delete` and `add`. One after the other with all writes: which of two
   * values is newer, a plain `set` cannot know.
   */
  readonly sets: number
  readonly keys: number
  /**
   * How every entry gets its tag: from the call, or from its loader. Then writers invalidate it, too, and those softly
   * where nothing may be served stale: that promises as much.
   */
  readonly tags: 'none' | 'static' | 'named'
  /** Servers without copies of each other that the keys lie on. */
  readonly servers: number
  /** In how many slots the mark of a namespace stands: one, or one on each of three servers. */
  readonly markSlots: 1 | 3
  /** How often a server goes away, for all or for one process, or comes back, with its data or empty. */
  readonly outages: number
  /** Share of callers that only `get`. */
  readonly gets: number
  /** Chance that a write on the store does not end well. */
  readonly faults: number
  readonly evictions: number
  /** Crashes of processes; one always lives. */
  readonly crashes: number
  /** Chance that a loader throws, skips or has nothing. */
  readonly badLoaders: number
  /** Chance that a load learns nothing of what it was to replace, as an HTTP handler that fails. */
  readonly abandons: number
  readonly leaseMs: number
  readonly waitTimeoutMs: number
  readonly tagHoldMs: number
  /** How long a mark that cannot be read is believed; invalidations of all keys are late by as much. */
  readonly markGraceMs: number
  /** As what a variant that is broken promises it; default: as it is. */
  readonly promisedGraceMs?: number
  /** How long values are fresh, and how long they may be served stale after that, in milliseconds. */
  readonly ttlMs: number
  readonly staleMs: number
  /** How long a loader takes on the world's clock, in milliseconds. */
  readonly loaderMs: number
  /** Chance that a loader takes twenty times as long. */
  readonly slowLoads: number
  /** Within which time callers begin, in milliseconds; 0: within some steps. */
  readonly spreadMs: number
  /** How far the database that loaders read lags behind, in milliseconds. Every delete holds off what is loaded for as long. */
  readonly lagMs: number
  /** Whether each process has a near cache, and how often the bus of one breaks. */
  readonly near: boolean
  readonly busBreaks: number
  /** Whether the store answers before time passes: then no lease can end while its holder lives. */
  readonly promptStore: boolean
  /** Breaks the store behind all processes, or puts something in front of each cache. */
  readonly breakStore?: (store: Store) => Store
  readonly breakCache?: (cache: Cache) => CacheUnderTest
}
