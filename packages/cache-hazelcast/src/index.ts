export { type HazelcastStore, hazelcastStore } from './hazelcast-store.js'
export type { HazelcastClient, HazelcastConfig, HazelcastStoreOptions } from './options.js'
