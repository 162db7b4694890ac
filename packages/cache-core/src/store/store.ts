import type { StoreCapabilities } from './capabilities.js'

/**
 * The version of one write. Opaque: only the store that made it looks inside. It lives in memory and is never written anywhere.
 * A version is never used twice for a key: not after a delete, not after a restart of the server, not for equal bytes (rule V1).
 * One that another store has made matches nothing.
 */
export type Version = NonNullable<unknown>

/** What stands under a key. `bytes` belong to both sides from now on: neither the store nor the caller may change them. */
export interface StoreEntry {
  readonly bytes: Uint8Array
  readonly version: Version
  /**
   * Nobody else holds these bytes, nor will: whoever was given them may keep and change them, so that large values need
   * no copy. Absent: they must not be changed.
   */
  readonly owned?: boolean
}

export interface WriteOptions {
  /** Lifetime in milliseconds, positive and finite; fractions are rounded up. Absent: no end. */
  readonly ttl?: number | undefined
}

export interface CompareAndSetOptions {
  /**
   * Lifetime in milliseconds. `'keep'` leaves what is left of the present one (an engine that cannot may give
   * the key more, never less). Absent: no end.
   */
  readonly ttl?: number | 'keep' | undefined
}

export interface StoreWrite {
  readonly key: string
  readonly bytes: Uint8Array
  readonly ttl?: number | undefined
}

/** Called for each message. Must not throw. */
export type Listener = (message: Uint8Array) => void

/** What a subscription reports besides messages. */
export interface SubscriptionEvents {
  /** The subscription is up (again): every message published from now on arrives. */
  readonly onUp?: (() => void) | undefined
  /** The subscription broke: messages are lost from now on. */
  readonly onDown?: (() => void) | undefined
}

/** Ends a subscription. */
export type Unsubscribe = () => Promise<void>

/**
 * Bytes under string keys: what an engine must give, and all that Tiercel asks of it.
 *
 * A store is written against these rules and knows nothing above them; the guard (`guardStore`) around it adds
 * deadlines, key rules and error mapping, so that a method here may assume: a key is well-formed Unicode of at most
 * `capabilities.maxKeyBytes` bytes, `bytes` has at most `maxValueBytes`, a TTL is a positive whole number of
 * milliseconds.
 *
 * Errors are the classes of `errors.ts`. A write whose answer was lost is an `AmbiguousWriteError`, one that was
 * certainly not executed a `StoreUnavailableError`. A driver never repeats a conditional write by itself (rule V4).
 */
export interface Store {
  /** The engine's name, for messages: `'redis'`. */
  readonly name: string
  /**
   * What this engine can do. May shrink when the store finds out later that its server refuses something; what was
   * declared at first comes back when the server takes it again. Never grows beyond that. To be read anew each time.
   */
  readonly capabilities: StoreCapabilities

  /**
   * The server that holds this key, under any name that stays the same as long as it does; `undefined` where there is
   * only one, or the driver does not show them. A server that is down then fails its own keys only, since the guard splits
   * batches by server. Called often: no I/O, no promise.
   */
  serverOf?(key: string): string | undefined

  /**
   * Where the store is several servers without copies of each other: the part of the store that this key lies in, under
   * any name. Keys of different parts lie on different servers, as far as servers share the keys evenly. The versions of
   * namespaces stand in three parts, so that the loss of one server does not lose them (`docs/leases.md`, G6). Every
   * process must come to the same answer by itself, so it may depend on the key and on the configured servers only, not on
   * what happens later. `undefined`, or no such method: there is one part.
   */
  partOf?(key: string): string | undefined

  /**
   * Calls the listener, until `close`, whenever a server may be reachable again, since a connection was made. The guard
   * then asks the servers that it has given up without waiting any longer; where the driver shows no connections, it asks
   * every 100 ms. Called once, before the first operation.
   */
  onReachable?(listener: () => void): void

  /**
   * Called when a server is given up, since it fails to answer: its circuit breaker has opened. A store that may reach it
   * another way can try to, in the background, and calls the listener of `onReachable` if it does.
   * @param key On this server. It holds nothing that anybody reads.
   */
  goAround?(key: string): void

  /** What stands under the key, or `undefined`. */
  get(key: string): Promise<StoreEntry | undefined>

  /**
   * Writes unconditionally. A `set` that the engine refuses leaves the key absent.
   * @throws ValueTooLargeError, StoreFullError, AmbiguousWriteError, StoreUnavailableError
   */
  set(key: string, bytes: Uint8Array, options?: WriteOptions): Promise<void>

  /** Writes if the key is absent, atomically. The version written, or `undefined` when something stood there (rule V3). */
  add(key: string, bytes: Uint8Array, options?: WriteOptions): Promise<Version | undefined>

  /**
   * Writes if the key still holds this version, atomically. The version written, or `undefined` when it does not.
   * On an absent key it fails, always: absent can mean deleted (rule V2).
   */
  compareAndSet(
    key: string,
    version: Version,
    bytes: Uint8Array,
    options?: CompareAndSetOptions,
  ): Promise<Version | undefined>

  /** Removes the key. Whether something stood there. */
  delete(key: string): Promise<boolean>

  /** Removes the key if it still holds this version, atomically. Whether it did. */
  compareAndDelete(key: string, version: Version): Promise<boolean>

  /** Gives the key a new lifetime in milliseconds. Whether the key is there. May change the version. */
  touch(key: string, ttl: number): Promise<boolean>

  /** In the order of the keys, a miss is `undefined`; duplicates are fine. May be executed key by key, in any order (rule V5). */
  getMany(keys: readonly string[]): Promise<(StoreEntry | undefined)[]>

  /** Each as `set`. Not atomic as a whole; when one fails, the others are still tried and the first error is thrown. */
  setMany(writes: readonly StoreWrite[]): Promise<void>

  /** Each as `delete`. Not atomic as a whole; when one fails, the others are still tried and the first error is thrown. */
  deleteMany(keys: readonly string[]): Promise<void>

  /**
   * Adds a whole number to the counter, atomically; an absent counter begins at 0. The new value.
   * `ttl` in milliseconds is given when the counter begins and not renewed. `increment(key, 0)` reads.
   * @throws CounterRangeError where the new value would not be exact, below -(2^53 - 1) or above 2^53 - 1: the counter
   *   keeps its value.
   * Counters are a key space of their own: `get` of a counter is unspecified.
   */
  increment(key: string, by: number, options?: WriteOptions): Promise<number>

  /** Resolves when the server answers. */
  ping(): Promise<void>

  /** Sends bytes to every subscriber of the channel, in every process. */
  publish(channel: string, message: Uint8Array): Promise<void>

  /** Resolves when the subscription stands. */
  subscribe(channel: string, listener: Listener, events?: SubscriptionEvents): Promise<Unsubscribe>

  /** Removes all that was written under this store's prefix, counters too, and nothing else, without blocking the server. */
  purge(): Promise<void>

  /** Pending operations settle, later ones throw `StoreClosedError`, the process can exit. A caller's own client stays open. Idempotent. */
  close(): Promise<void>
}
