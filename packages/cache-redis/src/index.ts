export type { RedisClient } from './client.js'
export { failFast, type RedisConfig, type RedisStoreOptions } from './options.js'
export { type RedisStore, redisStore } from './redis-store.js'
