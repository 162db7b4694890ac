import type { Clock } from '../base/clock.js'
import type { Answer, CallOptions } from './call.js'
import type { Found } from './lookup.js'
import type { Refreshes } from './refresh.js'
import { isDueEarly, mayRevalidateBehind } from './stale.js'
import type { Stats } from './stats.js'

interface Parts {
  readonly clock: Clock
  readonly stats: Stats
  readonly refreshes: Refreshes
}

/**
 * The answer where the slot can be served at once; `undefined` otherwise, also when something else wrote its bytes. A value
 * that is stale, or due for an eager refresh, is refreshed behind the answer.
 */
export function serve<T>(parts: Parts, options: CallOptions<T>, { state, present }: Found): Answer<T> | undefined {
  if ((state.is !== 'fresh' && state.is !== 'stale') || options.forceFresh) return undefined
  const { clock, stats, refreshes } = parts
  const { frame, version } = state
  const stale = state.is === 'stale'
  if (stale && !mayRevalidateBehind(frame, options, clock.now())) return undefined
  let value: T
  try {
    value = options.open(frame)
  } catch {
    stats.unreadable(options.slot, 'value')
    return undefined
  }
  if (stale) stats.stale(options.namespace, options.key)
  else stats.hit(options.namespace, options.key)
  if (stale || isDueEarly(frame, options.eagerRefresh, clock))
    void refreshes.start({ options, frame, version, present })
  return { value, source: stale ? 'stale' : 'hit' }
}
