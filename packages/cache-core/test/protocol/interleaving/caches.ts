import { createCache } from '../../../src/data/cache.js'
import type { CacheUnderTest, ScenarioOptions } from './scenario-options.js'
import type { World } from './world.js'

/** The cache of each process. */
export function cachesOf(
  processes: readonly string[],
  world: World,
  options: ScenarioOptions,
): ReadonlyMap<string, CacheUnderTest> {
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
      return [process, options.breakCache?.(cache) ?? cache]
    }),
  )
}
