export { bufferOf } from '../base/bytes.js'
export { type CancelTimer, type Clock, systemClock } from '../base/clock.js'
export { type DiagnosticEvents, report } from '../base/diagnostics.js'
export { type Duration, parseDuration, show } from '../base/duration.js'
export {
  AmbiguousWriteError,
  InvalidKeyError,
  InvalidOptionError,
  StoreClosedError,
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  UnsupportedError,
  ValueTooLargeError,
} from '../base/errors.js'
export { checkOptions, parseChoice, parseCount, parseFlag, parseText } from '../base/options.js'
export { allOrFirstError, chunks } from './batches.js'
export { CAPABILITY_NAMES, type CapabilityName, type StoreCapabilities } from './capabilities.js'
export { type Credentials, checkDriverConfig, parseCredentials, refuseBesideClient } from './connection-options.js'
export {
  type DeadlineClass,
  GuardedStore,
  type GuardOptions,
  guardStore,
  parseStoreTimeout,
  type StoreTimeout,
} from './guard.js'
export { DEFAULT_PREFIX, keyPrefix } from './key-prefix.js'
export { MAX_KEY_BYTES } from './key-rules.js'
export { MemoryStore, type MemoryStoreOptions, memoryStore } from './memory-store.js'
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
export {
  checkQuery,
  durationInQuery,
  formatHost,
  parseHost,
  parseStoreUrl,
  type StoreHost,
  type StoreUrl,
} from './store-url.js'
export { STAMP_BYTES, VersionStamps } from './version-stamp.js'
