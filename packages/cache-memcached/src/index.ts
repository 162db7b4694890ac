export { type MemcachedStore, memcachedStore } from './memcached-store.js'
export type { MemcachedClient, MemcachedStoreOptions, TlsSettings } from './options.js'
