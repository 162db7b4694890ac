import {
  type CompareAndSetOptions,
  parseCount,
  type Store,
  type StoreCapabilities,
  type StoreEntry,
  StoreError,
  type StoreWrite,
  UnsupportedError,
  type Version,
  type WriteOptions,
} from '@tiercel/cache-core/store'
import { type Cas, type Collection, LookupInMacro, LookupInSpec, type Transcoder } from 'couchbase'
import { Connection, probe } from './connection.js'
import { closedError, isConflict, isMissing, isOutdatedMap, readError, STORE_NAME, writeError } from './errors.js'
import { expiryOf, TTL_RESOLUTION_MS } from './expiry.js'
import { type CouchbaseStoreOptions, maxKeyBytes, parseOptions } from './options.js'

/** The server's own limit: 20 MiB. */
const MAX_VALUE_BYTES = 20_971_520

/**
 * Counters are unsigned on the server and stop at 0 on the way down. So 0 is stored as this number: a step down stays
 * one atomic operation, and a person still reads the counter's value in its last digits. The SDK reports numbers
 * exactly up to 2^53, which leaves -10^15 to 8 * 10^15 to the counter.
 */
const COUNTER_ZERO = 1_000_000_000_000_000
const COUNTER_MIN = 1 - COUNTER_ZERO
const COUNTER_MAX = Number.MAX_SAFE_INTEGER - COUNTER_ZERO

/** Common flags of the SDKs: raw bytes. */
const RAW_FLAGS = (3 << 24) | 2

/** Bytes as they are, whoever wrote them: a counter or a foreign document is for the entry layer to call dead. */
const BYTES: Transcoder = {
  encode: (value: Buffer) => [value, RAW_FLAGS],
  decode: (bytes: Buffer) => bytes,
}

class CouchbaseVersion {
  /** Unique for every mutation of a document, also after it was removed or the server restarted: a hybrid logical clock. */
  readonly cas: Cas
  /** When the lifetime that this process gave ends, in milliseconds since 1970. `undefined`: given by another, or long ago. */
  readonly endsAt: number | undefined

  constructor(cas: Cas, endsAt?: number) {
    this.cas = cas
    this.endsAt = endsAt
  }
}

/** A CAS that no document has, for versions that are not of this store: without any, a write would be unconditional. */
const NO_CAS = '18446744073709551614'

/** Documents of raw bytes in one Couchbase collection. */
export class CouchbaseStore implements Store {
  readonly name = STORE_NAME
  readonly capabilities: StoreCapabilities
  readonly #connection: Connection
  readonly #prefix: string
  readonly #timeout: number

  /** @throws InvalidOptionError naming the option. */
  constructor(options: CouchbaseStoreOptions) {
    const { source, keyPrefix, kvTimeoutMs } = parseOptions(options)
    this.#prefix = keyPrefix
    this.#timeout = kvTimeoutMs
    this.#connection = new Connection(source, keyPrefix, kvTimeoutMs)
    this.capabilities = {
      add: true,
      compareAndSet: true,
      touch: true,
      increment: true,
      bus: false,
      purge: false,
      shared: true,
      ttlResolutionMs: TTL_RESOLUTION_MS,
      maxKeyBytes: maxKeyBytes(keyPrefix),
      maxValueBytes: MAX_VALUE_BYTES,
    }
  }

  get(key: string): Promise<StoreEntry | undefined> {
    return this.#read('get', (collection) => this.#get(collection, key))
  }

  async set(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<void> {
    // A plain upsert ends the lifetime of what stood there: without an expiry there is none.
    await this.#write('set', (collection) => collection.upsert(this.#id(key), bufferOf(bytes), this.#with(ttl)))
  }

  add(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<Version | undefined> {
    return this.#write(
      'add',
      async (collection) => {
        const { cas } = await collection.insert(this.#id(key), bufferOf(bytes), this.#with(ttl))
        return new CouchbaseVersion(cas, endOf(ttl))
      },
      isConflict,
    )
  }

  compareAndSet(
    key: string,
    version: Version,
    bytes: Uint8Array,
    { ttl }: CompareAndSetOptions = {},
  ): Promise<Version | undefined> {
    return this.#write(
      'compareAndSet',
      async (collection) => {
        const { expiry, endsAt } =
          ttl === 'keep'
            ? await this.#lifetime(collection, key, version)
            : { expiry: expiryOf(ttl), endsAt: endOf(ttl) }
        const options = { ...this.#with(undefined), ...expiring(expiry), cas: casOf(version) }
        const { cas } = await collection.replace(this.#id(key), bufferOf(bytes), options)
        return new CouchbaseVersion(cas, endsAt)
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
    const cas = casOf(version)
    const removed = await this.#write(
      'compareAndDelete',
      async (collection) => collection.remove(this.#id(key), { cas, timeout: this.#timeout }),
      (error) => isConflict(error) || isMissing(error),
    )
    return removed !== undefined
  }

  async touch(key: string, ttl: number): Promise<boolean> {
    const touched = await this.#write(
      'touch',
      (collection) => collection.touch(this.#id(key), expiryOf(ttl) ?? 0, { timeout: this.#timeout }),
      isMissing,
    )
    return touched !== undefined
  }

  /** All at once: the SDK pipelines them, and a bound of 64 made 500 keys slower by a quarter (measured). */
  getMany(keys: readonly string[]): Promise<(StoreEntry | undefined)[]> {
    return this.#read('getMany', (collection) => Promise.all(keys.map((key) => this.#get(collection, key))))
  }

  async setMany(writes: readonly StoreWrite[]): Promise<void> {
    await allSettled(writes.map(({ key, bytes, ttl }) => this.set(key, bytes, { ttl })))
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    await allSettled(keys.map((key) => this.delete(key)))
  }

  async increment(key: string, by: number, { ttl }: WriteOptions = {}): Promise<number> {
    parseCount('by', by, COUNTER_MIN, COUNTER_MAX)
    const counted = await this.#write(
      'increment',
      async (collection) => {
        // The server uses the expiry only when it creates the counter. Reading does not create one.
        const options = { timeout: this.#timeout, ...expiring(expiryOf(ttl)) }
        const counter = collection.binary()
        const { value } =
          by < 0
            ? await counter.decrement(this.#id(key), -by, { ...options, initial: COUNTER_ZERO + by })
            : await counter.increment(
                this.#id(key),
                by,
                by === 0 ? options : { ...options, initial: COUNTER_ZERO + by },
              )
        return value
      },
      isMissing,
    )
    if (counted === undefined) return 0
    const value = counted - COUNTER_ZERO
    if (value < COUNTER_MIN || value > COUNTER_MAX) {
      throw new StoreError(`couchbase: the counter has left ${COUNTER_MIN} to ${COUNTER_MAX}, where it is exact`, {
        store: STORE_NAME,
        operation: 'increment',
      })
    }
    return value
  }

  async ping(): Promise<void> {
    await this.#read('ping', (collection) => probe(collection, this.#prefix, this.#timeout))
  }

  publish(): Promise<void> {
    return this.#unsupported('publish', 'has no bus')
  }

  subscribe(): Promise<never> {
    return this.#unsupported('subscribe', 'has no bus')
  }

  purge(): Promise<void> {
    return this.#unsupported('purge', 'lists keys only with the query service')
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #get(collection: Collection, key: string): Promise<StoreEntry | undefined> {
    try {
      const { content, cas } = await collection.get(this.#id(key), { transcoder: BYTES, timeout: this.#timeout })
      return { bytes: content as Buffer, version: new CouchbaseVersion(cas) }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  /**
   * What is left of a document's lifetime, so that `replace` can give it again. Known where this process gave it:
   * a touch in between changes the CAS. Else the server is asked. `preserveExpiry` would save that question, but
   * servers before 7.0 do not have it, and some drop the connection over it.
   */
  async #lifetime(
    collection: Collection,
    key: string,
    version: Version,
  ): Promise<{ expiry: number | Date | undefined; endsAt: number | undefined }> {
    const endsAt = version instanceof CouchbaseVersion ? version.endsAt : undefined
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
      return await this.#run(run)
    } catch (error) {
      throw this.#connection.closed ? closedError(operation, error) : readError(operation, error)
    }
  }

  /** `lost` tells the errors that are an answer, `undefined`. */
  async #write<T>(
    operation: string,
    run: (collection: Collection) => Promise<T>,
    lost: (error: unknown) => boolean = () => false,
  ): Promise<T | undefined> {
    try {
      return await this.#run(run)
    } catch (error) {
      if (lost(error)) return undefined
      throw this.#connection.closed ? closedError(operation, error) : writeError(operation, error)
    }
  }

  async #run<T>(run: (collection: Collection) => Promise<T>): Promise<T> {
    const collection = await this.#connection.collection()
    try {
      return await run(collection)
    } catch (error) {
      if (isOutdatedMap(error)) this.#connection.renew(collection)
      throw error
    }
  }

  async #unsupported(operation: string, problem: string): Promise<never> {
    throw new UnsupportedError(`couchbase: ${operation}: the store ${problem}`, { store: STORE_NAME, operation })
  }
}

/**
 * A store in a Couchbase collection. Nothing is connected to before the first operation.
 * @throws InvalidOptionError naming the option.
 */
export function couchbaseStore(options: CouchbaseStoreOptions): CouchbaseStore {
  return new CouchbaseStore(options)
}

function casOf(version: Version): Cas | string {
  return version instanceof CouchbaseVersion ? version.cas : NO_CAS
}

function endOf(ttl: number | undefined): number {
  return ttl === undefined ? Number.POSITIVE_INFINITY : Date.now() + ttl
}

/** The SDK takes a `Buffer` only. No copy. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function expiring(expiry: number | Date | undefined): { expiry?: number | Date } {
  return expiry === undefined ? {} : { expiry }
}

/** Waits for all, then throws the first error. */
async function allSettled(operations: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(operations)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
