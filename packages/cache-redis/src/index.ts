export { failFast, type RedisClient, type RedisConfig, type RedisStoreOptions } from './options.js'
export { RedisStore, redisStore } from './redis-store.js'
