export { CouchbaseStore, couchbaseStore } from './couchbase-store.js'
export type { CouchbaseConfig, CouchbaseStoreOptions } from './options.js'
