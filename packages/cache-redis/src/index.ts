export type { RedisClient } from './client.js'
export { failFast, failFastCluster } from './fail-fast.js'
export type { RedisConfig, RedisStoreOptions } from './options.js'
export { type RedisStore, redisStore } from './redis-store.js'
