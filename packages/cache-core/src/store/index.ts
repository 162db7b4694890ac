export { bufferOf } from '../base/bytes.js'
export { type CancelTimer, type Clock, systemClock } from '../base/clock.js'
export { type DiagnosticEvents, report } from '../base/diagnostics.js'
export { type Duration, parseDuration } from '../base/duration.js'
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
export { show } from '../base/show.js'
export { CAPABILITY_NAMES, type CapabilityName, type StoreCapabilities } from './capabilities.js'
export { type DeadlineClass, GuardedStore, guardStore } from './guard/guarded-store.js'
export { MAX_KEY_BYTES } from './guard/long-keys.js'
export type { GuardOptions, StoreTimeout } from './guard/options.js'
export { allOrFirstError, chunks } from './kit/batches.js'
export { type Credentials, checkDriverConfig, parseCredentials, refuseBesideClient } from './kit/connection-options.js'
export { DEFAULT_PREFIX, keyPrefix } from './kit/key-prefix.js'
export {
  checkQuery,
  durationInQuery,
  formatHost,
  parseHost,
  parseStoreUrl,
  type StoreHost,
  type StoreUrl,
} from './kit/store-url.js'
export { STAMP_BYTES, VersionStamps } from './kit/version-stamps.js'
export { MemoryStore, memoryStore } from './memory/memory-store.js'
export type { MemoryStoreOptions } from './memory/options.js'
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
