export { type CouchbaseStore, couchbaseStore } from './couchbase-store.js'
export type { CouchbaseClient, CouchbaseConfig, CouchbaseStoreOptions } from './options.js'
