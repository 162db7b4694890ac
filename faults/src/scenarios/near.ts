import type { Scenario } from './scenario.js'

/** Promised are two seconds after a message or a connection is lost, the rest is for busy machines; and hits to the near TTL. */
export const NEAR: Pick<Scenario, 'cache' | 'lateMs' | 'keepsHot'> = {
  cache: () => ({ near: { ttl: '10m' } }),
  lateMs: 4_000,
  keepsHot: true,
}

/**
 * A client that reaches neither store nor bus serves what it has near to the end of its near TTL, whatever others delete. It
 * is shorter here than what messages are given, so that one that is served for longer shows.
 */
export const NEAR_FOR_A_WHILE: Pick<Scenario, 'cache' | 'lateMs' | 'leastMs'> = {
  cache: () => ({ near: { ttl: '500ms' } }),
  lateMs: 2_500,
  leastMs: 5_000,
}
