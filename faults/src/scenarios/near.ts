import type { Scenario } from './scenario.js'

/** Promised are two seconds after a message or a connection is lost; the rest is for busy machines. */
export const NEAR: Pick<Scenario, 'cache' | 'lateMs'> = { cache: () => ({ near: true }), lateMs: 4_000 }
