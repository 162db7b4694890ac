import {
  AmbiguousWriteError,
  type CompareAndSetOptions,
  report,
  type Store,
  type StoreCapabilities,
  StoreClosedError,
  type StoreEntry,
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  type StoreWrite,
  UnsupportedError,
  ValueTooLargeError,
  type Version,
  type WriteOptions,
} from '@tiercel/cache-core/store'
import { CasVersion } from './cas-version.js'
import { countCommand, countOf } from './counter.js'
import { expirationOf, TTL_RESOLUTION_MS } from './expiration.js'
import { HardenedClient } from './memjs/client.js'
import { NoReplyError, NotSentError } from './memjs/errors.js'
import type { Command, Reply } from './memjs/message.js'
import { MAX_KEY_BYTES, Opcode, Status } from './memjs/protocol.js'
import type { HardenedServer } from './memjs/server.js'
import { type MemcachedStoreOptions, parseOptions } from './options.js'

/** Keys of one `getMany` under way at a time: other operations get their turn between. */
const BATCH_KEYS = 256

type Kind = 'read' | 'write'

/** Bytes in one or many memcached servers, by the binary protocol over a hardened memjs. */
export class MemcachedStore implements Store {
  readonly name = 'memcached'
  readonly #client: HardenedClient
  readonly #prefix: string
  #capabilities: StoreCapabilities
  #closed = false

  constructor(options: MemcachedStoreOptions) {
    const { addresses, timings, prefix, maxValueBytes } = parseOptions(options)
    this.#client = new HardenedClient(addresses, timings)
    this.#prefix = prefix
    this.#capabilities = {
      add: true,
      compareAndSet: true,
      touch: true,
      increment: true,
      bus: false,
      purge: false,
      shared: true,
      ttlResolutionMs: TTL_RESOLUTION_MS,
      maxKeyBytes: MAX_KEY_BYTES - Buffer.byteLength(prefix),
      maxValueBytes,
    }
  }

  get capabilities(): StoreCapabilities {
    return this.#capabilities
  }

  async get(key: string): Promise<StoreEntry | undefined> {
    const reply = await this.#call('get', 'read', { opcode: Opcode.Get, key: this.#prefix + key })
    if (reply.status === Status.NotFound) return undefined
    this.#expectOk('get', reply)
    return { bytes: reply.value, version: this.#versionOf(reply, undefined) }
  }

  async set(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<void> {
    const reply = await this.#call('set', 'write', storing(Opcode.Set, this.#prefix + key, bytes, ttl))
    this.#expectOk('set', reply)
    this.#noticeCas(reply)
  }

  async add(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<Version | undefined> {
    this.#requireCas('add')
    const reply = await this.#call('add', 'write', storing(Opcode.Add, this.#prefix + key, bytes, ttl))
    if (reply.status === Status.Exists) return undefined
    this.#expectOk('add', reply)
    const version = this.#versionOf(reply, ttl)
    if (!this.#capabilities.add) {
      // Nobody could complete what this add began.
      await this.delete(key).catch(() => {})
      this.#requireCas('add')
    }
    return version
  }

  async compareAndSet(
    key: string,
    version: Version,
    bytes: Uint8Array,
    { ttl }: CompareAndSetOptions = {},
  ): Promise<Version | undefined> {
    this.#requireCas('compareAndSet')
    if (!this.#isCurrent(key, version)) return this.#conflict('compareAndSet', key, undefined)
    const ttlMs = ttl === 'keep' ? version.keepMs : ttl
    // Not SET: one that memcached refuses for its size removes what stands there, whatever its version.
    const replace = storing(Opcode.Replace, this.#prefix + key, bytes, ttlMs, version.cas)
    const reply = await this.#call('compareAndSet', 'write', replace)
    if (reply.status === Status.Exists || reply.status === Status.NotFound) return undefined
    this.#expectOk('compareAndSet', reply)
    return this.#versionOf(reply, ttlMs)
  }

  async delete(key: string): Promise<boolean> {
    const reply = await this.#call('delete', 'write', { opcode: Opcode.Delete, key: this.#prefix + key })
    if (reply.status === Status.NotFound) return false
    this.#expectOk('delete', reply)
    return true
  }

  async compareAndDelete(key: string, version: Version): Promise<boolean> {
    this.#requireCas('compareAndDelete')
    if (!this.#isCurrent(key, version)) return this.#conflict('compareAndDelete', key, false)
    const remove = { opcode: Opcode.Delete, key: this.#prefix + key, cas: version.cas }
    const reply = await this.#call('compareAndDelete', 'write', remove)
    if (reply.status === Status.Exists || reply.status === Status.NotFound) return false
    this.#expectOk('compareAndDelete', reply)
    return true
  }

  /**
   * Appending nothing changes the version, which TOUCH does not: `'keep'` with an older version, whose lifetime is
   * known, must not match and cut what this touch gives.
   */
  async touch(key: string, ttl: number): Promise<boolean> {
    const full = this.#prefix + key
    const [, reply] = await Promise.all([
      this.#call('touch', 'write', { opcode: Opcode.Append, key: full }),
      this.#call('touch', 'write', { opcode: Opcode.Touch, key: full, extras: uint32(expirationOf(ttl)) }),
    ])
    if (reply.status === Status.NotFound) return false
    this.#expectOk('touch', reply)
    return true
  }

  async getMany(keys: readonly string[]): Promise<(StoreEntry | undefined)[]> {
    const entries: (StoreEntry | undefined)[] = []
    for (let at = 0; at < keys.length; at += BATCH_KEYS) {
      entries.push(...(await Promise.all(keys.slice(at, at + BATCH_KEYS).map((key) => this.get(key)))))
    }
    return entries
  }

  async setMany(writes: readonly StoreWrite[]): Promise<void> {
    await allTried(writes.map(({ key, bytes, ttl }) => this.set(key, bytes, { ttl })))
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    await allTried(keys.map((key) => this.delete(key)))
  }

  async increment(key: string, by: number, { ttl }: WriteOptions = {}): Promise<number> {
    const reply = await this.#call('increment', 'write', countCommand(this.#prefix + key, by, ttl))
    this.#expectOk('increment', reply)
    this.#noticeCas(reply)
    const count = countOf(reply.value)
    if (count === undefined) {
      throw new StoreError('the counter is beyond 2^53: it has counted, and no number can tell its value', {
        store: this.name,
        operation: 'increment',
      })
    }
    return count
  }

  /** Resolves when one of the servers answers: a dead one among several fails its own keys, not the store. */
  async ping(): Promise<void> {
    await this.#client.anyAnswer(NOOP, (cause) => this.#failure('ping', 'read', cause))
  }

  async publish(): Promise<void> {
    throw this.#unsupported('publish', 'memcached has no bus')
  }

  async subscribe(): Promise<never> {
    throw this.#unsupported('subscribe', 'memcached has no bus')
  }

  async purge(): Promise<void> {
    throw this.#unsupported('purge', 'memcached cannot list the keys of a prefix')
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client.drain()
  }

  #call(operation: string, kind: Kind, command: Command): Promise<Reply> {
    return this.#client.call(command, (cause) => this.#failure(operation, kind, cause))
  }

  #failure(operation: string, kind: Kind, cause: Error): Error {
    if (this.#closed) return this.#closedError(operation)
    const details = { store: this.name, operation, cause }
    const message = `memcached: ${operation}: ${cause.message}`
    if (cause instanceof NotSentError) return new StoreUnavailableError(message, details)
    if (kind === 'write') return new AmbiguousWriteError(message, details)
    const silent = cause instanceof NoReplyError && cause.silent
    return silent ? new StoreTimeoutError(message, details) : new StoreUnavailableError(message, details)
  }

  #expectOk(operation: string, { status, value }: Reply): void {
    if (status === Status.Ok) return
    const details = { store: this.name, operation }
    const message = `memcached: ${operation} was refused: ${value.toString('latin1')} (status ${status})`
    if (status === Status.TooLarge) throw new ValueTooLargeError(message, details)
    if (status === Status.OutOfMemory) throw new StoreFullError(message, details)
    if (status === Status.Busy || status === Status.TemporaryFailure) throw new StoreUnavailableError(message, details)
    throw new StoreError(message, details)
  }

  #versionOf(reply: Reply, keepMs: number | undefined): CasVersion {
    this.#noticeCas(reply)
    return new CasVersion(reply.connection, reply.cas, keepMs)
  }

  /** Every value has a CAS number, from 1 on. 0 tells that the server keeps none, and would match any value. */
  #noticeCas({ cas }: Reply): void {
    if (cas !== 0n || !this.#capabilities.compareAndSet) return
    this.#capabilities = { ...this.#capabilities, add: false, compareAndSet: false }
    report('store-warning', () => ({ store: this.name, message: NO_CAS }))
  }

  /**
   * Whether memcached may be asked about this version: it is of the connection that stands. To be asked in the same
   * turn as the command is sent, so that no other connection comes between.
   */
  #isCurrent(key: string, version: Version): version is CasVersion {
    return version instanceof CasVersion && version.connection === this.#serverOf(key).connectionNumber
  }

  /** A version of an earlier connection matches nothing. But a server that is away is an error, and no conflict. */
  async #conflict<T>(operation: string, key: string, outcome: T): Promise<T> {
    await this.#client.call(NOOP, (cause) => this.#failure(operation, 'read', cause), this.#serverOf(key))
    return outcome
  }

  #serverOf(key: string): HardenedServer {
    return this.#client.server(this.#prefix + key)
  }

  #requireCas(operation: string): void {
    if (this.#closed) throw this.#closedError(operation)
    if (!this.#capabilities.compareAndSet) throw this.#unsupported(operation, NO_CAS)
  }

  #closedError(operation: string): StoreClosedError {
    return new StoreClosedError('memcached: the store is closed', { store: this.name, operation })
  }

  #unsupported(operation: string, why: string): UnsupportedError {
    return new UnsupportedError(why, { store: this.name, operation })
  }
}

const NOOP: Command = { opcode: Opcode.Noop, key: '' }
const NO_CAS = 'a memcached server runs with -C (no CAS): no leases can be taken; start it without -C'

/** The extras are flags, which nothing reads, and the expiration. */
function storing(opcode: number, key: string, value: Uint8Array, ttlMs: number | undefined, cas?: bigint): Command {
  const extras = Buffer.alloc(8)
  extras.writeUInt32BE(expirationOf(ttlMs), 4)
  return { opcode, key, extras, value, cas }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Waits for all of them, then throws the first error. */
async function allTried(operations: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(operations)) if (outcome.status === 'rejected') throw outcome.reason
}

/**
 * A store on memcached.
 * @throws InvalidOptionError naming the option.
 */
export function memcachedStore(options: MemcachedStoreOptions): MemcachedStore {
  return new MemcachedStore(options)
}
