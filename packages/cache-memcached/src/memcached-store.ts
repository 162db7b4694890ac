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
import {
  allOrFirstError,
  chunks,
  formatHost,
  type OperationKind,
  RefusableCapabilities,
} from '@tiercel/cache-core/store-kit'
import { CasVersion } from './cas-version.js'
import { countCommand, countOf, uncountCommand } from './counter.js'
import { errors, refusedError, STORE_NAME, storeError } from './errors.js'
import { expiryOf, TTL_RESOLUTION_MS } from './expiry.js'
import { HardenedClient } from './memjs/client.js'
import type { Command, Reply } from './memjs/message.js'
import { MAX_KEY_BYTES, Opcode, Status } from './memjs/protocol.js'
import type { HardenedServer } from './memjs/server.js'
import { type MemcachedStoreOptions, parseOptions } from './options.js'

/** `getMany` asks for this many keys at a time, so that other operations get their turn in between. */
const BATCH_KEYS = 256

/** Stores values in one or several memcached servers, using the binary protocol and a hardened memjs. */
export class MemcachedStore implements Store {
  readonly name = STORE_NAME
  readonly #client: HardenedClient
  readonly #prefix: string
  readonly #capabilities: RefusableCapabilities
  #closed = false

  /** @throws InvalidOptionError naming the option. */
  constructor(options: MemcachedStoreOptions) {
    const { addresses, bounds, keyPrefix, maxValueBytes } = parseOptions(options)
    this.#client = new HardenedClient(addresses, bounds)
    this.#prefix = keyPrefix
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

  serverOf(key: string): string | undefined {
    if (this.#client.servers.length === 1) return undefined
    const { host, port } = this.#serverOf(key)
    return formatHost({ host, port })
  }

  /** The ring consists of the servers as configured: no key moves to another one when a server is away. */
  partOf(key: string): string | undefined {
    return this.serverOf(key)
  }

  onReachable(listener: () => void): void {
    for (const server of this.#client.servers) server.onReachable = listener
  }

  async get(key: string): Promise<StoreEntry | undefined> {
    const reply = await this.#call('get', 'read', { opcode: Opcode.Get, key: this.#prefix + key })
    if (reply.status === Status.NotFound) return undefined
    this.#expectOk('get', reply)
    return { bytes: reply.value, version: this.#versionOf(key, reply, undefined) }
  }

  async set(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<void> {
    const reply = await this.#call('set', 'write', storing(Opcode.Set, this.#prefix + key, bytes, ttl))
    this.#expectOk('set', reply)
    this.#noticeCas(key, reply)
  }

  async add(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<Version | undefined> {
    this.#requireCas('add')
    const reply = await this.#call('add', 'write', storing(Opcode.Add, this.#prefix + key, bytes, ttl))
    if (reply.status === Status.Exists) return undefined
    this.#expectOk('add', reply)
    const version = this.#versionOf(key, reply, ttl)
    if (!this.capabilities.add) {
      // The answer showed that there is no CAS: nobody could complete the lease that this add began.
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
    // Not SET: if memcached refuses that for its size, it removes the stored value, whatever its version.
    const replace = storing(Opcode.Replace, this.#prefix + key, bytes, ttlMs, version.cas)
    const reply = await this.#call('compareAndSet', 'write', replace)
    if (reply.status === Status.Exists || reply.status === Status.NotFound) return undefined
    this.#expectOk('compareAndSet', reply)
    return this.#versionOf(key, reply, ttlMs)
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
   * Appends nothing first, since TOUCH alone does not change the version: `'keep'` with an older version, whose
   * lifetime is known, must not match and shorten the lifetime set here.
   */
  async touch(key: string, ttl: number): Promise<boolean> {
    const full = this.#prefix + key
    const [, reply] = await Promise.all([
      this.#call('touch', 'write', { opcode: Opcode.Append, key: full }),
      this.#call('touch', 'write', { opcode: Opcode.Touch, key: full, extras: uint32(expiryOf(ttl)) }),
    ])
    if (reply.status === Status.NotFound) return false
    this.#expectOk('touch', reply)
    return true
  }

  async getMany(keys: readonly string[]): Promise<(StoreEntry | undefined)[]> {
    const entries: (StoreEntry | undefined)[] = []
    for (const batch of chunks(keys, BATCH_KEYS))
      entries.push(...(await Promise.all(batch.map((key) => this.get(key)))))
    return entries
  }

  async setMany(writes: readonly StoreWrite[]): Promise<void> {
    await allOrFirstError(writes.map(({ key, bytes, ttl }) => this.set(key, bytes, { ttl })))
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    await allOrFirstError(keys.map((key) => this.delete(key)))
  }

  async increment(key: string, by: number, { ttl }: WriteOptions = {}): Promise<number> {
    const reply = await this.#call('increment', 'write', countCommand(this.#prefix + key, by, ttl))
    this.#expectOk('increment', reply)
    this.#noticeCas(key, reply)
    const count = countOf(reply.value)
    if (count !== undefined) return count
    // The server does not check the range before it counts. Until this is undone, others may get the same error.
    if (by !== 0) await this.#call('increment', 'write', uncountCommand(this.#prefix + key, by))
    throw errors.beyondCounter()
  }

  /** Resolves when one of the servers answers: a dead one only fails its own keys. */
  async ping(): Promise<void> {
    await this.#client.anyAnswer(NOOP, this.#failure('ping', 'read'))
  }

  async publish(): Promise<void> {
    throw errors.unsupported('publish', 'the store has no bus')
  }

  async subscribe(): Promise<never> {
    throw errors.unsupported('subscribe', 'the store has no bus')
  }

  async purge(): Promise<void> {
    throw errors.unsupported('purge', 'the keys of a prefix cannot be listed')
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#capabilities.close()
    await this.#client.drain()
  }

  #call(operation: string, kind: OperationKind, command: Command): Promise<Reply> {
    return this.#client.call(command, this.#failure(operation, kind))
  }

  #failure(operation: string, kind: OperationKind) {
    return (cause: Error): Error => (this.#closed ? errors.closed(operation) : storeError(operation, kind, cause))
  }

  #expectOk(operation: string, reply: Reply): void {
    if (reply.status !== Status.Ok) throw refusedError(operation, reply)
  }

  #versionOf(key: string, reply: Reply, keepMs: number | undefined): CasVersion {
    this.#noticeCas(key, reply)
    return new CasVersion(reply.connection, reply.cas, keepMs)
  }

  /** CAS numbers begin at 1. 0 shows that the server keeps none; as a version it would match any value. */
  #noticeCas(key: string, { cas }: Reply): void {
    if (cas !== 0n) return
    const server = this.#serverOf(key)
    const probe = async (): Promise<void> => {
      const probeKey = `${this.#prefix}#probe-${randomBytes(8).toString('hex')}`
      const set = storing(Opcode.Set, probeKey, Buffer.alloc(0), PROBE_MS)
      const reply = await this.#client.call(set, this.#failure('set', 'write'), server)
      if (reply.cas === 0n) throw errors.unsupported('add', NO_CAS)
    }
    this.#capabilities.refuse('compareAndSet', NO_CAS, probe)
    this.#capabilities.refuse('add', NO_CAS, probe)
  }

  /**
   * Whether the version belongs to the current connection, so that memcached can compare it. Must be checked in the
   * same turn of the event loop in which the command is sent, so that the connection cannot change in between.
   */
  #isCurrent(key: string, version: Version): version is CasVersion {
    return version instanceof CasVersion && version.connection === this.#serverOf(key).connectionNumber
  }

  /** A version of an earlier connection matches nothing; but if the server is away that is an error, not a conflict. */
  async #conflict<T>(operation: string, key: string, outcome: T): Promise<T> {
    await this.#client.call(NOOP, this.#failure(operation, 'read'), this.#serverOf(key))
    return outcome
  }

  #serverOf(key: string): HardenedServer {
    return this.#client.server(this.#prefix + key)
  }

  #requireCas(operation: string): void {
    if (this.#closed) throw errors.closed(operation)
    this.#capabilities.require('compareAndSet', operation)
  }
}

/** The lifetime of a probe's key, in milliseconds. */
const PROBE_MS = 1_000
const NOOP: Command = { opcode: Opcode.Noop, key: '' }
const NO_CAS = 'a memcached server runs with -C (no CAS): no leases can be taken; start it without -C'

/** The extras are the flags, which are unused, and the expiration. */
function storing(opcode: number, key: string, value: Uint8Array, ttlMs: number | undefined, cas?: bigint): Command {
  const extras = Buffer.alloc(8)
  extras.writeUInt32BE(expiryOf(ttlMs), 4)
  return { opcode, key, extras, value, cas }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/**
 * A store on memcached: `memcachedStore({ url: 'memcached://localhost:11211' })`. Creating it does no I/O.
 * @throws InvalidOptionError naming the option.
 */
export function memcachedStore(options: MemcachedStoreOptions): MemcachedStore {
  return new MemcachedStore(options)
}
