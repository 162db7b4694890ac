// The contract, for authors of a store: what its methods are given and answer, what it declares, how it fails.
export {
  AmbiguousWriteError,
  CounterRangeError,
  InvalidOptionError,
  StoreClosedError,
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  UnsupportedError,
  ValueTooLargeError,
} from '../base/errors.js'
export { CAPABILITY_NAMES, type CapabilityName, type StoreCapabilities } from './capabilities.js'
export { type GuardedStore, guardStore } from './guard/guarded-store.js'
export type { GuardOptions, StoreTimeout } from './guard/options.js'
export type {
  CompareAndSetOptions,
  Listener,
  Store,
  StoreEntry,
  StoreWrite,
  SubscriptionEvents,
  Unsubscribe,
  Version,
  WriteOptions,
} from './store.js'
