import type { Scenario } from './scenario.js'

/**
 * Two seconds are promised after a message or a connection is lost; the rest is for busy machines. Hits are promised to
 * the near TTL.
 */
export const NEAR: Pick<Scenario, 'cache' | 'lateMs' | 'keepsHot'> = {
  cache: () => ({ near: { ttl: '10m' } }),
  lateMs: 4_000,
  keepsHot: true,
}

/**
 * A client that reaches neither store nor bus serves what it has near to the end of its near TTL, whatever others
 * delete. That TTL is shorter here than the time allowed for messages, so that serving for longer shows.
 */
export const NEAR_FOR_A_WHILE: Pick<Scenario, 'cache' | 'lateMs' | 'leastMs'> = {
  cache: () => ({ near: { ttl: '500ms' } }),
  lateMs: 2_500,
  leastMs: 5_000,
}
