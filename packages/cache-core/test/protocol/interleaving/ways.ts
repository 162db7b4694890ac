import type { Delivery } from '../../../src/protocol/journal.js'
import type { CacheUnderTest, ScenarioOptions } from './scenario-options.js'

/** Of every entry, where there are tags. */
export const TAG = 'tag'

/** How a writer invalidates: one key, or all of them. */
type Way = 'delete' | 'clear' | 'tag' | 'soft tag'

export function wayOf({ tags, staleMs, lagMs }: ScenarioOptions, chance: number): Way {
  if (lagMs > 0) return chance < 0.9 ? 'delete' : 'clear'
  if (tags === 'none') return chance < 0.7 ? 'delete' : 'clear'
  if (chance < 0.3) return 'delete'
  if (chance < 0.4) return 'clear'
  return chance < 0.7 || staleMs > 0 ? 'tag' : 'soft tag'
}

export function invalidate(
  cache: CacheUnderTest,
  way: Way,
  key: string | undefined,
  holdOff: number,
): Promise<Delivery> {
  if (key !== undefined) return cache.delete(key, { holdOff })
  return way === 'clear' ? cache.clear() : cache.invalidateTags([TAG], { soft: way === 'soft tag' })
}
