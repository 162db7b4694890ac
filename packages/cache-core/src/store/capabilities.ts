/**
 * What differs between engines, declared by each store and never guessed above it.
 * An operation declared missing throws `UnsupportedError`.
 */
export interface StoreCapabilities {
  /**
   * `add` is atomic among all processes.
   * Default: none, a store must say. `createCache` refuses a store without it: no lease can be taken.
   */
  readonly add: boolean

  /**
   * `compareAndSet` and `compareAndDelete` are atomic, and versions are never used twice (rules V1 to V3).
   * Default: none, a store must say. `createCache` refuses a store without it; a store that finds out later
   * (memcached `-C`) turns it to false: `getOrSet` then loads without a lease and stores nothing.
   */
  readonly compareAndSet: boolean

  /** `touch` gives a key a new lifetime. False: lifetimes are fixed by writes. */
  readonly touch: boolean

  /** `increment` is atomic. False: no counters on this store. */
  readonly increment: boolean

  /** `publish` and `subscribe` reach every process. False: near caches elsewhere are bounded by their TTL only. */
  readonly bus: boolean

  /** `purge` removes physically what was written under the prefix. False: `clear` renews a version and the engine's own TTL frees the room. */
  readonly purge: boolean

  /** Other processes see what this one writes. False for the memory store: leases and deletes hold inside one process. */
  readonly shared: boolean

  /** How long after its TTL a value may still be there, in milliseconds. The entry's header is exact to the millisecond; this one is about room. */
  readonly ttlResolutionMs: number

  /** The longest key this store takes, in bytes of UTF-8, its own prefix not counted. The guard hashes longer ones. */
  readonly maxKeyBytes: number

  /** The largest value, in bytes. The guard refuses larger ones with `ValueTooLargeError`. */
  readonly maxValueBytes: number
}

/** Names that `createCache({ require })` accepts: the capabilities that are there or not. */
export type CapabilityName = {
  [Name in keyof StoreCapabilities]: StoreCapabilities[Name] extends boolean ? Name : never
}[keyof StoreCapabilities]

export const CAPABILITY_NAMES: readonly CapabilityName[] = [
  'add',
  'compareAndSet',
  'touch',
  'increment',
  'bus',
  'purge',
  'shared',
]

/** The longest key that a caller may use, in bytes of UTF-8; what every store takes of its caller, hashed where it must be. */
export const MAX_KEY_BYTES = 65_536
