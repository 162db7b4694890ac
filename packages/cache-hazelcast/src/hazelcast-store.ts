import { randomBytes } from 'node:crypto'
import {
  type CapabilityName,
  type CompareAndSetOptions,
  type Listener,
  type Store,
  type StoreCapabilities,
  type StoreEntry,
  type StoreWrite,
  type SubscriptionEvents,
  type Unsubscribe,
  UnsupportedError,
  ValueTooLargeError,
  type Version,
  type WriteOptions,
} from '@tiercel/cache-core/store'
import {
  allOrFirstError,
  chunks,
  MAX_KEY_BYTES,
  messageOf,
  type OperationKind,
  RefusableCapabilities,
  STAMP_BYTES,
  VersionStamps,
} from '@tiercel/cache-core/store-kit'
import { Predicates } from 'hazelcast-client'
import { CallersConnection, type Connection, OwnConnection } from './connection.js'
import { Counters } from './counters.js'
import { type Entries, engineTtl, isTooLarge, TTL_RESOLUTION_MS, withRawValues } from './entries.js'
import { errors, isRefused, STORE_NAME, storeError } from './errors.js'
import { Lifetimes } from './lifetimes.js'
import { type HazelcastClient, type HazelcastStoreOptions, parseOptions } from './options.js'
import { ownerOf } from './owner-of.js'
import { probeChannel, probeMap } from './probes.js'
import { replaceIfSame } from './replace-if-same.js'
import { type Channel, Subscription } from './subscription.js'

/** With more keys the client's `getAll` overflows the stack. */
const MAX_KEYS_AT_ONCE = 10_000

/** Equal to no stored value: all of those begin with a stamp. */
const NO_VERSION = Buffer.alloc(0)

/**
 * Stores values in one distributed map of Hazelcast. Each value is preceded by a stamp that is unique to its write. Its
 * version is the whole stored value, which is what `replaceIfSame` and `remove` compare.
 */
export class HazelcastStore implements Store {
  readonly name = STORE_NAME
  readonly #capabilities: RefusableCapabilities
  readonly #connection: Connection
  readonly #map: string
  readonly #prefix: string
  readonly #stamps = new VersionStamps()
  readonly #lifetimes: Lifetimes
  readonly #counters: Counters
  readonly #subscriptions = new Set<Subscription>()
  #opened: { readonly client: HazelcastClient; readonly entries: Entries } | undefined
  #closing: Promise<void> | undefined

  /** @throws InvalidOptionError naming the option. */
  constructor(options: HazelcastStoreOptions) {
    const { source, map, keyPrefix, maxValueBytes } = parseOptions(options)
    this.#connection =
      'client' in source ? new CallersConnection(source.client) : new OwnConnection(source.config, maxValueBytes)
    this.#map = map
    this.#prefix = keyPrefix
    this.#lifetimes = new Lifetimes(map, () => this.#entries())
    this.#counters = new Counters(() => this.#entries(), this.#lifetimes, this.#stamps)
    this.#capabilities = new RefusableCapabilities(STORE_NAME, {
      add: true,
      compareAndSet: true,
      touch: true,
      increment: true,
      bus: true,
      purge: true,
      shared: true,
      ttlResolutionMs: TTL_RESOLUTION_MS,
      maxKeyBytes: MAX_KEY_BYTES,
      maxValueBytes,
    })
  }

  get capabilities(): StoreCapabilities {
    return this.#capabilities.present
  }

  /** The member that owns the key's partition, by its address, as far as the client has heard. */
  serverOf(key: string): string | undefined {
    const client = this.#connection.current
    return client && ownerOf(client, this.#prefix + key)
  }

  onReachable(listener: () => void): void {
    this.#connection.onReachable = listener
  }

  get(key: string): Promise<StoreEntry | undefined> {
    return this.#read('get', (entries) => entries.get(this.#prefix + key).then(openEntry))
  }

  set(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<void> {
    return this.#write('set', (entries) => this.#set('set', entries, { key, bytes, ttl }))
  }

  async add(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<Version | undefined> {
    this.#capabilities.require('add', 'add')
    return this.#write('add', async (entries) => {
      const stamped = this.#stamped('add', bytes)
      const engineKey = this.#engineKey(key)
      let winner: unknown = await entries.putIfAbsent(engineKey, stamped, engineTtl(ttl))
      if (isTooLarge(winner)) {
        // The delete may hit a newer value, since an oversized one has no version. To callers that is an eviction.
        await entries.delete(engineKey)
        winner = await entries.putIfAbsent(engineKey, stamped, engineTtl(ttl))
      }
      if (winner !== null && !Buffer.isBuffer(winner)) {
        // Foreign data: it reads as a miss but would block every lease of this key.
        return (await this.#lifetimes.replace(engineKey, winner, stamped, ttl)) ? stamped : undefined
      }
      // If the client sent it twice (see `replaceIfSame`), the second attempt finds the first one's value.
      return winner === null || winner.equals(stamped) ? stamped : undefined
    })
  }

  async compareAndSet(
    key: string,
    version: Version,
    bytes: Uint8Array,
    { ttl }: CompareAndSetOptions = {},
  ): Promise<Version | undefined> {
    this.#capabilities.require('compareAndSet', 'compareAndSet')
    return this.#write('compareAndSet', async (entries) => {
      const engineKey = this.#engineKey(key)
      const next = this.#stamped('compareAndSet', bytes)
      // With 'keep' the map's own lifetime begins. A late setTtl would cut the value that follows a lease.
      const replaced =
        ttl === 'keep'
          ? await replaceIfSame(entries, engineKey, bytesOf(version), next)
          : await this.#lifetimes.replace(engineKey, bytesOf(version), next, ttl)
      return replaced ? next : undefined
    })
  }

  delete(key: string): Promise<boolean> {
    return this.#write('delete', async (entries) => (await entries.remove(this.#engineKey(key))) !== null)
  }

  async compareAndDelete(key: string, version: Version): Promise<boolean> {
    this.#capabilities.require('compareAndSet', 'compareAndDelete')
    return this.#write('compareAndDelete', async (entries) => {
      return (await entries.remove(this.#engineKey(key), bytesOf(version))) === true
    })
  }

  async touch(key: string, ttl: number): Promise<boolean> {
    this.#capabilities.require('touch', 'touch')
    return this.#write('touch', (entries) => entries.setTtl(this.#engineKey(key), engineTtl(ttl)))
  }

  getMany(keys: readonly string[]): Promise<(StoreEntry | undefined)[]> {
    return this.#read('getMany', async (entries) => {
      const unique = [...new Set(keys)].map((key) => this.#prefix + key)
      const batches = chunks(unique, MAX_KEYS_AT_ONCE).map((batch) => entries.getAll(batch))
      const found = new Map((await Promise.all(batches)).flat())
      return keys.map((key) => openEntry(found.get(this.#prefix + key)))
    })
  }

  setMany(writes: readonly StoreWrite[]): Promise<void> {
    // The client's own `setAll` takes no lifetime.
    return this.#write('setMany', (entries) =>
      allOrFirstError(writes.map((write) => this.#set('setMany', entries, write))),
    )
  }

  deleteMany(keys: readonly string[]): Promise<void> {
    return this.#write('deleteMany', (entries) =>
      allOrFirstError(keys.map((key) => entries.delete(this.#engineKey(key)))),
    )
  }

  async increment(key: string, by: number, { ttl }: WriteOptions = {}): Promise<number> {
    this.#capabilities.require('increment', 'increment')
    return this.#write('increment', () => this.#counters.increment(this.#prefix + key, by, ttl))
  }

  ping(): Promise<void> {
    return this.#read('ping', async (entries) => {
      await entries.containsKey(this.#prefix)
    })
  }

  async publish(channel: string, message: Uint8Array): Promise<void> {
    this.#capabilities.require('bus', 'publish')
    return this.#write('publish', async () => {
      // A copy: the client does not accept a plain Uint8Array, and it sends later. A full ringbuffer drops its oldest.
      await (await this.#channel(channel)).add(Buffer.from(message))
    })
  }

  async subscribe(channel: string, listener: Listener, events: SubscriptionEvents = {}): Promise<Unsubscribe> {
    this.#capabilities.require('bus', 'subscribe')
    return this.#read('subscribe', async () => {
      const subscription = new Subscription(() => this.#channel(channel), listener, events)
      await subscription.start()
      if (this.#closing !== undefined) subscription.end()
      this.#subscriptions.add(subscription)
      return async () => {
        subscription.end()
        this.#subscriptions.delete(subscription)
      }
    })
  }

  /** The members remove what the predicate matches, partition by partition; no key leaves the cluster. */
  async purge(): Promise<void> {
    this.#capabilities.require('purge', 'purge')
    return this.#write('purge', async (entries) => {
      // The prefix ends with the only ':' in it, and ';' follows ':' in every charset: a range, and nothing to escape.
      const end = `${this.#prefix.slice(0, -1)};`
      const { and, greaterEqual, lessThan } = Predicates
      await entries.removeAll(and(greaterEqual('__key', this.#prefix), lessThan('__key', end)))
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#capabilities.close()
    for (const subscription of this.#subscriptions) subscription.end()
    this.#lifetimes.close()
    await this.#connection.close()
  }

  async #set(operation: string, entries: Entries, { key, bytes, ttl }: StoreWrite): Promise<void> {
    await entries.set(this.#engineKey(key), this.#stamped(operation, bytes), engineTtl(ttl))
  }

  /** Refuses values that could not be read back. @throws ValueTooLargeError */
  #stamped(operation: string, bytes: Uint8Array): Buffer {
    if (bytes.byteLength <= this.capabilities.maxValueBytes) return this.#stamps.stamp(bytes)
    throw errors.failed(ValueTooLargeError, operation, `a value of ${bytes.byteLength} bytes, more than maxValueBytes`)
  }

  /** The key as stored, for a write: a lifetime that was still to be set for the old value is dropped. */
  #engineKey(key: string): string {
    const engineKey = this.#prefix + key
    this.#lifetimes.forget(engineKey)
    return engineKey
  }

  async #entries(): Promise<Entries> {
    const client = this.#connection.current ?? (await this.#connection.client())
    if (this.#opened?.client !== client) {
      this.#opened = { client, entries: withRawValues(await client.getMap<string, Buffer>(this.#map)) }
    }
    return this.#opened.entries
  }

  /** Ringbuffers are shared by the whole cluster, so the name includes the map and the prefix. */
  async #channel(channel: string): Promise<Channel> {
    const client = this.#connection.current ?? (await this.#connection.client())
    return client.getRingbuffer<Buffer>(`${this.#map}:${this.#prefix}${channel}`)
  }

  #read<T>(operation: string, run: (entries: Entries) => Promise<T>): Promise<T> {
    return this.#run(operation, 'read', run)
  }

  #write<T>(operation: string, run: (entries: Entries) => Promise<T>): Promise<T> {
    return this.#run(operation, 'write', run)
  }

  async #run<T>(operation: string, kind: OperationKind, run: (entries: Entries) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw errors.closed(operation)
    try {
      const opened = this.#opened
      // Usually the map is open already: no extra microtask for that.
      const ready = opened !== undefined && opened.client === this.#connection.current
      return await run(ready ? opened.entries : await this.#entries())
    } catch (error) {
      if (this.#closing !== undefined) throw errors.closed(operation)
      if (error instanceof UnsupportedError) this.#comparesNothing(error)
      if (isRefused(error)) this.#capabilities.refused(operation, messageOf(error), this.#probe)
      throw storeError(operation, kind, error)
    }
  }

  /** The map does not compare stored bytes. Without `compareAndSet` no lease is taken, so nothing stale is stored. */
  #comparesNothing({ message }: UnsupportedError): void {
    this.#capabilities.refuse('compareAndSet', message, () => this.#probe('compareAndSet'))
    this.#capabilities.refuse('increment', message, () => this.#probe('increment'))
  }

  readonly #probe = async (name: CapabilityName): Promise<void> => {
    const key = `${this.#prefix}#probe-${randomBytes(8).toString('hex')}`
    await (name === 'bus' ? probeChannel(await this.#channel('#probe')) : probeMap(name, await this.#entries(), key))
  }
}

/** Another store's version matches nothing. (`remove` without a value would remove whatever is stored.) */
function bytesOf(version: Version): Buffer {
  return Buffer.isBuffer(version) ? version : NO_VERSION
}

/** Anything else under our prefix was written by somebody else and counts as a miss. */
function openEntry(stored: unknown): StoreEntry | undefined {
  return Buffer.isBuffer(stored) ? { bytes: stored.subarray(STAMP_BYTES), version: stored } : undefined
}

/**
 * A store on Hazelcast: `hazelcastStore({ url: 'hazelcast://localhost:5701/map' })`. Creating it does no I/O.
 * @throws InvalidOptionError naming the option.
 */
export function hazelcastStore(options: HazelcastStoreOptions): HazelcastStore {
  return new HazelcastStore(options)
}
