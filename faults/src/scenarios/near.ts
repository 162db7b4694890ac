import type { Scenario } from './scenario.js'

/** Promised are two seconds after a message or a connection is lost, the rest is for busy machines; and hits to the near TTL. */
export const NEAR: Pick<Scenario, 'cache' | 'lateMs'> = { cache: () => ({ near: { ttl: '10m' } }), lateMs: 4_000 }
