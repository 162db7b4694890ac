export type { ConformanceCase, Faults, StoreContext, StoreFactory } from './case.js'
export { type DescribeStoreOptions, describeStore, type Runner } from './describe-store.js'
