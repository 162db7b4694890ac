import { randomBytes } from 'node:crypto'
import type {
  CompareAndSetOptions,
  Store,
  StoreCapabilities,
  StoreEntry,
  StoreWrite,
  Version,
  WriteOptions,
} from '@tiercel/cache-core/store'
import { allOrFirstError, bufferOf, type OperationKind, RefusableCapabilities } from '@tiercel/cache-core/store-kit'
import { type Collection, LookupInMacro, LookupInSpec, type Transcoder } from 'couchbase'
import { CasVersion, casOf } from './cas-version.js'
import { Connection, probe } from './connection.js'
import { beyondCounter, checkStep, count, countOf, uncount } from './counter.js'
import { errors, isConflict, isMissing, isRefused, reasonOf, STORE_NAME, storeError } from './errors.js'
import { expiryOf, TTL_RESOLUTION_MS } from './expiry.js'
import { type CouchbaseStoreOptions, MAX_KEY_BYTES, parseOptions } from './options.js'
import { PROBES } from './probes.js'

/** Common flags of the SDKs: raw bytes. */
const RAW_FLAGS = (3 << 24) | 2

/** Bytes unchanged, whoever wrote them. The entry layer recognizes counters and foreign documents as unreadable. */
const BYTES: Transcoder = {
  encode: (value: Buffer) => [value, RAW_FLAGS],
  decode: (bytes: Buffer) => bytes,
}

/** Couchbase, through the vendor's SDK: documents of raw bytes in one collection. */
export class CouchbaseStore implements Store {
  readonly name = STORE_NAME
  readonly #capabilities: RefusableCapabilities
  readonly #connection: Connection
  readonly #prefix: string
  readonly #timeout: number

  /** @throws InvalidOptionError naming the option. */
  constructor(options: CouchbaseStoreOptions) {
    const { source, keyPrefix, maxValueBytes, kvTimeoutMs } = parseOptions(options)
    this.#prefix = keyPrefix
    this.#timeout = kvTimeoutMs
    this.#connection = new Connection(source, keyPrefix, kvTimeoutMs)
    this.#capabilities = new RefusableCapabilities(STORE_NAME, {
      add: true,
      compareAndSet: true,
      touch: true,
      increment: true,
      bus: false,
      purge: false,
      shared: true,
      ttlResolutionMs: TTL_RESOLUTION_MS,
      maxKeyBytes: MAX_KEY_BYTES - Buffer.byteLength(keyPrefix),
      maxValueBytes,
    })
  }

  get capabilities(): StoreCapabilities {
    return this.#capabilities.present
  }

  onReachable(listener: () => void): void {
    this.#connection.onReachable = listener
  }

  get(key: string): Promise<StoreEntry | undefined> {
    return this.#read('get', (collection) => this.#get(collection, key))
  }

  async set(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<void> {
    // A plain upsert also removes the previous document's expiry.
    await this.#write('set', (collection) => collection.upsert(this.#id(key), bufferOf(bytes), this.#with(ttl)))
  }

  async add(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<Version | undefined> {
    this.#capabilities.require('add', 'add')
    return this.#write(
      'add',
      async (collection) => {
        const { cas } = await collection.insert(this.#id(key), bufferOf(bytes), this.#with(ttl))
        return new CasVersion(cas, endOf(ttl))
      },
      isConflict,
    )
  }

  async compareAndSet(
    key: string,
    version: Version,
    bytes: Uint8Array,
    { ttl }: CompareAndSetOptions = {},
  ): Promise<Version | undefined> {
    this.#capabilities.require('compareAndSet', 'compareAndSet')
    return this.#write(
      'compareAndSet',
      async (collection) => {
        const { expiry, endsAt } =
          ttl === 'keep'
            ? await this.#lifetime(collection, key, version)
            : { expiry: expiryOf(ttl), endsAt: endOf(ttl) }
        const options = { ...this.#with(undefined), ...expiring(expiry), cas: casOf(version) }
        const { cas } = await collection.replace(this.#id(key), bufferOf(bytes), options)
        return new CasVersion(cas, endsAt)
      },
      (error) => isConflict(error) || isMissing(error),
    )
  }

  async delete(key: string): Promise<boolean> {
    const removed = await this.#write(
      'delete',
      async (collection) => collection.remove(this.#id(key), { timeout: this.#timeout }),
      isMissing,
    )
    return removed !== undefined
  }

  async compareAndDelete(key: string, version: Version): Promise<boolean> {
    this.#capabilities.require('compareAndSet', 'compareAndDelete')
    const cas = casOf(version)
    const removed = await this.#write(
      'compareAndDelete',
      async (collection) => collection.remove(this.#id(key), { cas, timeout: this.#timeout }),
      (error) => isConflict(error) || isMissing(error),
    )
    return removed !== undefined
  }

  async touch(key: string, ttl: number): Promise<boolean> {
    this.#capabilities.require('touch', 'touch')
    const touched = await this.#write(
      'touch',
      (collection) => collection.touch(this.#id(key), expiryOf(ttl) ?? 0, { timeout: this.#timeout }),
      isMissing,
    )
    return touched !== undefined
  }

  /** All at once: the SDK pipelines them, and a limit of 64 made 500 keys a quarter slower (measured). */
  getMany(keys: readonly string[]): Promise<(StoreEntry | undefined)[]> {
    return this.#read('getMany', (collection) => Promise.all(keys.map((key) => this.#get(collection, key))))
  }

  async setMany(writes: readonly StoreWrite[]): Promise<void> {
    await allOrFirstError(writes.map(({ key, bytes, ttl }) => this.set(key, bytes, { ttl })))
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    await allOrFirstError(keys.map((key) => this.delete(key)))
  }

  async increment(key: string, by: number, { ttl }: WriteOptions = {}): Promise<number> {
    this.#capabilities.require('increment', 'increment')
    checkStep(by)
    const options = { timeout: this.#timeout, ...expiring(expiryOf(ttl)) }
    const stored = await this.#write(
      'increment',
      (collection) => count(collection.binary(), this.#id(key), by, options),
      isMissing,
    )
    if (stored === undefined) return 0
    const value = countOf(stored)
    if (value !== undefined) return value
    // The server does not check the range before it counts. Until this is undone, others may get the same error.
    if (by !== 0) {
      const takeBack = { timeout: this.#timeout }
      await this.#write(
        'increment',
        (collection) => uncount(collection.binary(), this.#id(key), by, takeBack),
        isMissing,
      )
    }
    throw beyondCounter()
  }

  async ping(): Promise<void> {
    await this.#read('ping', (collection) => probe(collection, this.#prefix, this.#timeout))
  }

  async publish(): Promise<void> {
    throw errors.unsupported('publish', 'the store has no bus')
  }

  async subscribe(): Promise<never> {
    throw errors.unsupported('subscribe', 'the store has no bus')
  }

  async purge(): Promise<void> {
    throw errors.unsupported('purge', 'the keys of a prefix cannot be listed without the query service')
  }

  close(): Promise<void> {
    this.#capabilities.close()
    return this.#connection.close()
  }

  async #get(collection: Collection, key: string): Promise<StoreEntry | undefined> {
    try {
      const { content, cas } = await collection.get(this.#id(key), { transcoder: BYTES, timeout: this.#timeout })
      return { bytes: content as Buffer, version: new CasVersion(cas) }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  /**
   * The remaining lifetime of a document, for `replace` to set again. Known if this process set it (a touch since would
   * have changed the CAS); otherwise the server is asked. `preserveExpiry` would avoid that, but servers before 7.0
   * lack it, and some drop the connection because of it.
   */
  async #lifetime(
    collection: Collection,
    key: string,
    version: Version,
  ): Promise<{ expiry: number | Date | undefined; endsAt: number | undefined }> {
    const endsAt = version instanceof CasVersion ? version.endsAt : undefined
    if (endsAt !== undefined) {
      const left = endsAt === Number.POSITIVE_INFINITY ? undefined : Math.max(1, endsAt - Date.now())
      return { expiry: expiryOf(left), endsAt }
    }
    const specs = [LookupInSpec.get(LookupInMacro.Expiry)]
    const { content } = await collection.lookupIn(this.#id(key), specs, { timeout: this.#timeout })
    const seconds: unknown = content[0]?.value
    return { expiry: typeof seconds === 'number' && seconds > 0 ? new Date(seconds * 1_000) : undefined, endsAt }
  }

  #id(key: string): string {
    return this.#prefix + key
  }

  #with(ttl: number | undefined) {
    return { transcoder: BYTES, timeout: this.#timeout, ...expiring(expiryOf(ttl)) }
  }

  async #read<T>(operation: string, run: (collection: Collection) => Promise<T>): Promise<T> {
    try {
      return await this.#connection.run(run)
    } catch (error) {
      throw this.#failure(operation, 'read', error)
    }
  }

  /** @param lost Recognizes errors that are a negative answer: they resolve to `undefined`. */
  async #write<T>(
    operation: string,
    run: (collection: Collection) => Promise<T>,
    lost: (error: unknown) => boolean = () => false,
  ): Promise<T | undefined> {
    try {
      return await this.#connection.run(run)
    } catch (error) {
      if (lost(error)) return undefined
      throw this.#failure(operation, 'write', error)
    }
  }

  #failure(operation: string, kind: OperationKind, error: unknown): Error {
    if (this.#connection.closed) return errors.closed(operation, error)
    this.#noteRefusal(operation, error)
    return storeError(operation, kind, error)
  }

  #noteRefusal(operation: string, error: unknown): void {
    if (!isRefused(error)) return
    this.#capabilities.refused(operation, reasonOf(error), async (name) => {
      const collection = await this.#connection.collection()
      await PROBES[name]?.(collection, this.#id(`#probe-${randomBytes(8).toString('hex')}`), this.#timeout)
    })
  }
}

function endOf(ttl: number | undefined): number {
  return ttl === undefined ? Number.POSITIVE_INFINITY : Date.now() + ttl
}

function expiring(expiry: number | Date | undefined): { expiry?: number | Date } {
  return expiry === undefined ? {} : { expiry }
}

/**
 * A store on Couchbase: `couchbaseStore({ url: 'couchbase://user:password@localhost/bucket' })`. Creating it does no
 * I/O.
 * @throws InvalidOptionError naming the option.
 */
export function couchbaseStore(options: CouchbaseStoreOptions): CouchbaseStore {
  return new CouchbaseStore(options)
}
