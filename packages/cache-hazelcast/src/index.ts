export { HazelcastStore, hazelcastStore } from './hazelcast-store.js'
export type { HazelcastConfig, HazelcastStoreOptions } from './options.js'
