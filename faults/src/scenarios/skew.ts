import { type CacheOptions, type Clock, systemClock } from '@tiercel/cache-core'

const MINUTES_10 = 600_000

/** Every second client's wall clock is behind. */
export function apart(client: number): Partial<CacheOptions> {
  return { clock: behind(client % 2 === 0 ? 0 : MINUTES_10) }
}

function behind(ms: number): Clock {
  return { ...systemClock, now: () => systemClock.now() - ms }
}
