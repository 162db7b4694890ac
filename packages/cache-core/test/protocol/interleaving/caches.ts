import { createCache } from '../../../src/data/cache.js'
import type { CallOptions, Loaded } from '../../../src/protocol/call.js'
import { type Engine, handleOf } from '../../../src/protocol/engine.js'
import type { CacheUnderTest, ScenarioOptions } from './scenario-options.js'
import { TAG } from './ways.js'
import type { World } from './world.js'

/** What a loader throws whose load is to be as if it had not run. No loader of the data cache can say that: those of HTTP do. */
export class LearntNothing extends Error {}

const UNTOUCHED: Loaded = { encoded: undefined, ttlMs: 0, stays: true }

export interface ProcessUnderTest {
  readonly cache: CacheUnderTest
  /**
   * Whether it does not ask a store that was silent, or does not believe what that says of this key, of which it has
   * something in its journal, or of its tag.
   */
  readonly isWithoutStore: (key: string) => boolean
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
      const { engine } = handleOf(cache)
      hearLearntNothing(engine)
      const { slots } = engine
      const namespace = engine.marks.namespace('')
      // Which every entry carries.
      const tagIds = options.tags === 'none' ? [] : namespace.tags([TAG]).map(({ id }) => id)
      const distrusts = (key: string): boolean =>
        slots.journal.distrusts(`2:v::${key}`, namespace) || tagIds.some((id) => slots.journal.holdsTag(id))
      // Asked at every step: `stats()` would sum up latencies each time, which took a third of a run.
      const isWithoutStore = (key: string): boolean => slots.openBreakers > 0 || distrusts(key)
      return [process, { cache: options.breakCache?.(cache) ?? cache, isWithoutStore }]
    }),
  )
}

function hearLearntNothing(engine: Engine): void {
  const hearing = <T>(options: CallOptions<T>): CallOptions<T> => ({
    ...options,
    load: (terms) =>
      options.load(terms).catch((error) => {
        if (error instanceof LearntNothing) return UNTOUCHED
        throw error
      }),
  })
  const { getOrSet, firstLook } = engine
  engine.getOrSet = (options) => getOrSet.call(engine, hearing(options)) as never
  engine.firstLook = (look, tags) =>
    firstLook.call(engine, { ...look, call: () => hearing(look.call()) }, tags) as never
}
