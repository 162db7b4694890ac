import { createCache } from '../../../src/data/cache.js'
import { engineOf } from '../../../src/protocol/engine.js'
import type { CacheUnderTest, ScenarioOptions } from './scenario-options.js'
import type { World } from './world.js'

export interface ProcessUnderTest {
  readonly cache: CacheUnderTest
  /** Whether it has something in its journal, so that it does not believe the store, or asks one that was silent no more. */
  readonly isWithoutStore: () => boolean
}

/** The cache of each process. */
export function cachesOf(
  processes: readonly string[],
  world: World,
  options: ScenarioOptions,
): ReadonlyMap<string, ProcessUnderTest> {
  return new Map(
    processes.map((process) => {
      const cache = createCache({
        store: world.storeOf(process),
        clock: world.clock,
        storeTimeout: 1_000_000,
        lease: options.leaseMs,
        hardTimeout: 20_000,
        waitTimeout: options.waitTimeoutMs,
        tagHold: options.tagHoldMs,
        markGrace: options.markGraceMs,
        ttl: options.ttlMs,
        staleWhileRevalidate: options.staleMs,
        staleIfError: 2 * options.staleMs,
        jitter: 0,
        near: options.near ? { ttl: '1h' } : false,
      })
      const { slots } = engineOf(cache).engine
      // Asked at every step: `stats()` would sum up latencies each time, which took a third of a run.
      const isWithoutStore = (): boolean => slots.journal.size > 0 || slots.openBreakers > 0
      return [process, { cache: options.breakCache?.(cache) ?? cache, isWithoutStore }]
    }),
  )
}
