export { MemcachedStore, memcachedStore } from './memcached-store.js'
export type { MemcachedStoreOptions, MemjsClient } from './options.js'
