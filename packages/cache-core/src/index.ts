// The front door of an application. Authors of a store find the contract in `/store` and tools in `/store-kit`.
export { type Clock, systemClock } from './base/clock.js'
export type { DiagnosticEvents } from './base/diagnostics.js'
export type { Duration } from './base/duration.js'
export {
  AmbiguousWriteError,
  CircularLoadError,
  CounterRangeError,
  InvalidKeyError,
  InvalidLoaderError,
  InvalidOptionError,
  InvalidValueError,
  LoadTimeoutError,
  StoreClosedError,
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  UnsupportedError,
  ValueTooLargeError,
} from './base/errors.js'
export type { LatencySummary } from './base/latencies.js'
export type { TraceContexts } from './base/tracing.js'
export { type Cache, createCache } from './data/cache.js'
export type { CacheEntry } from './data/entry.js'
export type { Loader, LoaderContext } from './data/loader.js'
export type { ManyLoader, ManyLoaderContext } from './data/many.js'
export type {
  CacheOptions,
  CloseOptions,
  CompressionOptions,
  DeleteOptions,
  EntryOptions,
  GetOrSetOptions,
  IncrementOptions,
  InvalidateTagsOptions,
  SetOptions,
  TouchOptions,
  WarmOptions,
} from './data/options.js'
export type { Warmed } from './data/warm.js'
export type { WrapOptions, Wrapped } from './data/wrap.js'
export { type Codec, jsonCodec } from './entry/codec.js'
export type { CompressionAlgorithm } from './entry/transforms/compression.js'
export { v8Codec } from './entry/v8-codec.js'
export type { StandardSchema } from './entry/validate.js'
export type { Delivery } from './protocol/journal.js'
export type { Key } from './protocol/key.js'
export type { CacheStats } from './protocol/stats.js'
export { memoryStore } from './store/memory/memory-store.js'
export type { MemoryStoreOptions } from './store/memory/options.js'
export type { Store } from './store/store.js'
