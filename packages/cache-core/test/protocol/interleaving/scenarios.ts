import type { ScenarioOptions } from './scenario-options.js'

/** Nothing goes wrong, and nobody writes. */
export const CALM: ScenarioOptions = {
  processes: 3,
  callers: 8,
  writes: 0,
  sets: 0,
  keys: 1,
  tags: 'none',
  servers: 1,
  markSlots: 1,
  outages: 0,
  gets: 0.15,
  faults: 0,
  evictions: 0,
  crashes: 0,
  badLoaders: 0,
  abandons: 0,
  leaseMs: 1_000,
  waitTimeoutMs: 10_000,
  tagHoldMs: 0,
  markGraceMs: 0,
  ttlMs: 300_000,
  staleMs: 0,
  loaderMs: 0,
  slowLoads: 0,
  spreadMs: 0,
  lagMs: 0,
  near: false,
  busBreaks: 0,
  promptStore: false,
}

export const WRITERS: ScenarioOptions = { ...CALM, processes: 2, callers: 10, writes: 5 }

export const LOST_REPLIES: ScenarioOptions = { ...WRITERS, faults: 0.15 }

/** Loads as long as their lease, so that it is extended, and extensions get lost. */
export const LOST_EXTENSIONS: ScenarioOptions = { ...WRITERS, leaseMs: 100, loaderMs: 80, faults: 0.3 }

/** Values stored beside the loads; loaders throw, skip or find nothing. */
export const SETS: ScenarioOptions = { ...WRITERS, writes: 2, sets: 4, faults: 0.1, badLoaders: 0.3 }

export const EVICTIONS_AND_CRASHES: ScenarioOptions = {
  ...WRITERS,
  processes: 3,
  keys: 2,
  writes: 3,
  faults: 0.1,
  evictions: 3,
  crashes: 1,
}

/** Waiting ends before the loads do, and processes load without a lease. */
export const SHORT_WAITS: ScenarioOptions = { ...WRITERS, waitTimeoutMs: 10, loaderMs: 50, spreadMs: 150 }

export const HELD_VERSIONS: ScenarioOptions = { ...WRITERS, tagHoldMs: 100, spreadMs: 150 }

/** Loads that take suspiciously long now and then, so that another process loads beside them; leases are extended. */
export const HEDGES: ScenarioOptions = {
  ...WRITERS,
  processes: 3,
  callers: 30,
  writes: 8,
  leaseMs: 600,
  loaderMs: 20,
  slowLoads: 0.4,
  spreadMs: 3_000,
}

export const HEDGES_AND_FAULTS: ScenarioOptions = {
  ...HEDGES,
  faults: 0.1,
  badLoaders: 0.2,
  evictions: 2,
  crashes: 1,
}

/** Loaders read a replica that lags behind. */
export const LAGGING: ScenarioOptions = {
  ...WRITERS,
  callers: 24,
  gets: 0.5,
  loaderMs: 10,
  lagMs: 60,
  spreadMs: 300,
}

export const LAGGING_AND_FAULTS: ScenarioOptions = { ...LAGGING, processes: 3, faults: 0.15, crashes: 1 }

/** Values that are soon stale, and refreshed behind answers and in front of callers. */
export const STALE: ScenarioOptions = {
  ...WRITERS,
  callers: 14,
  ttlMs: 20,
  staleMs: 60,
  loaderMs: 15,
  spreadMs: 300,
}

export const STALE_AND_FAULTS: ScenarioOptions = {
  ...STALE,
  processes: 3,
  faults: 0.1,
  badLoaders: 0.3,
  evictions: 2,
  crashes: 1,
}

/** Most loads learn nothing of what they were to replace, */
export const ABANDONED: ScenarioOptions = { ...STALE, staleMs: 200, spreadMs: 600, abandons: 0.7 }

/** which stands as before: here nothing else removes it. */
export const ABANDONED_ALONE: ScenarioOptions = { ...ABANDONED, writes: 0 }

export const ABANDONED_AND_FAULTS: ScenarioOptions = {
  ...ABANDONED,
  processes: 3,
  faults: 0.1,
  badLoaders: 0.1,
  crashes: 1,
}

/** Every entry has a tag, which most writers invalidate. */
export const TAGS: ScenarioOptions = { ...WRITERS, callers: 14, tags: 'static' }

export const TAGS_AND_FAULTS: ScenarioOptions = {
  ...TAGS,
  processes: 3,
  writes: 4,
  faults: 0.1,
  evictions: 4,
  crashes: 1,
  badLoaders: 0.1,
}

export const HELD_TAGS: ScenarioOptions = { ...TAGS, tagHoldMs: 100, spreadMs: 150 }

export const STALE_TAGS: ScenarioOptions = { ...STALE, tags: 'static' }

/** The same where nobody but the loader knows the tag. */
export const NAMED_TAGS: ScenarioOptions = { ...TAGS, tags: 'named' }

export const NAMED_TAGS_AND_FAULTS: ScenarioOptions = { ...TAGS_AND_FAULTS, tags: 'named' }

export const HELD_NAMED_TAGS: ScenarioOptions = { ...HELD_TAGS, tags: 'named' }

/** Servers go away and come back; the versions of the namespace stand on one of them, */
export const LOST_MARKS: ScenarioOptions = {
  ...WRITERS,
  processes: 3,
  callers: 24,
  keys: 4,
  servers: 3,
  outages: 8,
  gets: 0.5,
  tagHoldMs: 50,
  spreadMs: 400,
}

/** believed for a while when it cannot be read; */
export const MARK_GRACE: ScenarioOptions = { ...LOST_MARKS, markGraceMs: 150 }

/** or on all three, of which two must agree. */
export const THREE_SLOTS: ScenarioOptions = { ...LOST_MARKS, markSlots: 3 }

/** Values are kept near, changes are told over a bus, and its connections break. */
export const NEAR: ScenarioOptions = { ...WRITERS, callers: 40, writes: 8, tagHoldMs: 100, near: true, busBreaks: 2 }

/** The same where time passes between the calls, so that what is held ends while connections are mended. */
export const NEAR_MENDED: ScenarioOptions = { ...NEAR, tagHoldMs: 50, spreadMs: 400, gets: 0.5, busBreaks: 8 }

/** The same where the server of a mark is away now and then, and the mark is believed for a while. */
export const NEAR_MARK_GRACE: ScenarioOptions = { ...NEAR_MENDED, keys: 4, servers: 3, outages: 8, markGraceMs: 100 }

/** The same where the marks are not held: nothing that was loaded enters, only what was read. */
export const NEAR_STRICT: ScenarioOptions = { ...NEAR, tagHoldMs: 0 }

/** Where the store is away, and the bus with it, for all or for one process: its callers are served on what was near. */
export const NEAR_OUTAGES: ScenarioOptions = { ...NEAR_MENDED, outages: 8, gets: 0.2 }

export const NEAR_AND_FAULTS: ScenarioOptions = {
  ...NEAR,
  processes: 3,
  faults: 0.1,
  evictions: 3,
  crashes: 1,
  badLoaders: 0.2,
}

export const NEAR_SETS: ScenarioOptions = { ...NEAR, writes: 4, sets: 4, faults: 0.05 }

export const NEAR_TAGS: ScenarioOptions = { ...NEAR, tags: 'static' }

export const NEAR_NAMED_TAGS: ScenarioOptions = { ...NEAR, tags: 'named' }

export const NEAR_STALE: ScenarioOptions = { ...STALE, callers: 30, near: true, busBreaks: 2 }

/** Loads that outlive their lease several times over, on a store that answers in time. */
export const LONG_LOADS: ScenarioOptions = { ...CALM, loaderMs: 5_000, spreadMs: 6_000, promptStore: true }

export const CRASHED_HOLDERS: ScenarioOptions = { ...LONG_LOADS, crashes: 1 }
