import { report } from '../base/diagnostics.js'
import {
  InvalidLoaderError,
  InvalidOptionError,
  StoreClosedError,
  StoreFullError,
  StoreUnavailableError,
  ValueTooLargeError,
} from '../base/errors.js'
import { decodeValue, encodeValue } from '../entry/codec.js'
import { type Encoded, encodeFrame, type Mark, type ValueFrame } from '../entry/frame.js'
import type { CallOptions } from '../protocol/call.js'
import { classify } from '../protocol/classify.js'
import { getOrSet } from '../protocol/drive.js'
import type { Delivery } from '../protocol/journal.js'
import { type Key, keyName, keyText } from '../protocol/key.js'
import { lookUp } from '../protocol/lookup.js'
import type { NamespaceVersion } from '../protocol/marks.js'
import type { Runtime } from '../protocol/runtime.js'
import { createShared, namespaceVersion, type Shared } from '../protocol/shared.js'
import { openSlot, type SlotRead, slotKey } from '../protocol/slot.js'
import type { CacheStats } from '../protocol/stats.js'
import { type Loader, loadOf } from './loader.js'
import {
  type CacheOptions,
  type EntryOptions,
  type EntryTerms,
  type GetOrSetOptions,
  parseCacheOptions,
  parseGetOrSetOptions,
  parseNamespace,
  parseNamespaceOptions,
  parseSetOptions,
  type SetOptions,
} from './options.js'

/** The room of keys of a cache that has not named another. */
const ROOT_NAMESPACE = ''

/** How often `add` looks again when what stood in its way, a lease or a dead frame, has changed meanwhile. */
const MAX_ADD_ROUNDS = 10

/**
 * Makes a cache over a store. Does no I/O.
 * @throws InvalidOptionError naming the option, also when the store does not declare what the cache needs.
 */
export function createCache(options: CacheOptions): Cache {
  const terms = parseCacheOptions(options)
  return new Cache(createShared(terms), ROOT_NAMESPACE, terms.entry)
}

/**
 * Values under keys, with one load per cold key among all processes on the store, and deletes that win over loads
 * under way. Every call works when the store does not: reads are misses, loaders run, invalidations are kept.
 *
 * Each caller gets a value of its own: what it does to it, nobody else sees.
 */
export class Cache {
  readonly #shared: Shared
  readonly #namespace: NamespaceVersion
  readonly #terms: EntryTerms

  /** Made by `createCache` and `namespace`. */
  constructor(shared: Shared, namespace: string, terms: EntryTerms) {
    this.#shared = shared
    this.#namespace = namespaceVersion(shared, namespace)
    this.#terms = terms
    internals.set(this, {
      runtime: shared.runtime,
      terms,
      innerNamespace: (name) => namespaceVersion(shared, `${namespace}//${name}`),
    })
  }

  /**
   * The value under the key: stored, or loaded once among all callers in all processes, then stored.
   * `undefined` from the loader is answered and not stored; `null`, `0`, `''` and `false` are values.
   *
   * @throws what the loader throws, for all that waited for this load; it is not stored.
   * @throws LoadTimeoutError after `hardTimeout` (default 30 s).
   * @throws InvalidKeyError, InvalidLoaderError, InvalidOptionError, InvalidValueError (the codec refuses what was
   *   loaded), StoreClosedError.
   */
  async getOrSet<T>(key: Key, loader: Loader<T>, options?: GetOrSetOptions): Promise<T> {
    const text = keyText(key)
    const terms = options === undefined ? this.#terms : parseGetOrSetOptions(options, this.#terms)
    if (typeof loader !== 'function') throw new InvalidLoaderError('getOrSet needs a loader, a function')
    this.#checkOpen('getOrSet')
    options?.signal?.throwIfAborted()
    const { runtime, codec } = this.#shared
    const call: CallOptions<T> = {
      key,
      slot: this.#slot(text),
      namespace: this.#namespace,
      marks: NO_MARKS,
      load: loadOf(loader, terms.ttlMs, this.#shared),
      open: (encoded) => decodeValue(codec, encoded) as T,
      leaseMs: terms.leaseMs,
      hardTimeoutMs: terms.hardTimeoutMs,
      waitTimeoutMs: terms.waitTimeoutMs,
      fallback: 'shared',
      signal: options?.signal,
    }
    const { value } = await getOrSet(runtime, call)
    return value as T
  }

  /**
   * The value under the key, or `undefined`: also when the store does not answer.
   * @throws InvalidKeyError, StoreClosedError
   */
  async get<T = unknown>(key: Key): Promise<T | undefined> {
    const text = keyText(key)
    const { counters } = this.#shared.runtime
    const frame = await this.#fresh('get', text)
    const value = frame === undefined ? undefined : (this.#decode(frame) as T | undefined)
    counters[value === undefined ? 'misses' : 'hits']++
    report(value === undefined ? 'miss' : 'hit', () => ({ namespace: this.#namespace.namespace, key: keyName(key) }))
    return value
  }

  /** Whether there is a value to serve. @throws InvalidKeyError, StoreClosedError */
  async has(key: Key): Promise<boolean> {
    return (await this.#fresh('has', keyText(key))) !== undefined
  }

  /** How long the value is still fresh, in milliseconds, `Infinity` without end; `undefined` when there is none. @throws InvalidKeyError, StoreClosedError */
  async ttl(key: Key): Promise<number | undefined> {
    const frame = await this.#fresh('ttl', keyText(key))
    return frame === undefined ? undefined : frame.freshUntil - this.#shared.runtime.clock.now()
  }

  /**
   * Stores a value, whatever stood there. Whether it was stored: when the store does not take it, what stood there is
   * removed, now or as soon as the store is back, and is a miss in this process until then.
   *
   * @throws ValueTooLargeError, InvalidValueError, InvalidKeyError, InvalidOptionError, StoreClosedError
   */
  async set(key: Key, value: unknown, options: SetOptions = {}): Promise<boolean> {
    const text = keyText(key)
    const ttlMs = parseSetOptions('set', options, this.#terms)
    const { runtime, codec } = this.#shared
    const encoded = encodeValue(codec, value)
    this.#checkOpen('set')
    if (ttlMs === 0) {
      await this.delete(key)
      return false
    }
    const slot = this.#slot(text)
    const sentAt = runtime.journal.position
    try {
      const mark = this.#namespace.held() ?? (await this.#namespace.ensure())
      const { bytes, ttl } = this.#frame(encoded, ttlMs, mark)
      await runtime.store.set(slot, bytes, { ttl })
      runtime.journal.settleKey(slot, sentAt)
      return true
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      // A refused write has left the key absent; any other may be executed yet, or has left the old value.
      const refused = error instanceof ValueTooLargeError || error instanceof StoreFullError
      if (!refused) runtime.journal.addKey(slot, this.#namespace)
      if (error instanceof ValueTooLargeError) throw error
      return false
    } finally {
      runtime.flights.detach(slot)
    }
  }

  /**
   * Stores a value where there is none. Whether this call stored it, atomically among all processes; a running load of
   * the key is overtaken.
   *
   * @throws the store's errors: who asks "was I first?" must not be told a guess. AmbiguousWriteError: it may have been.
   * @throws InvalidValueError, InvalidKeyError, InvalidOptionError, StoreClosedError
   */
  async add(key: Key, value: unknown, options: SetOptions = {}): Promise<boolean> {
    const text = keyText(key)
    const ttlMs = parseSetOptions('add', options, this.#terms)
    const { runtime, codec } = this.#shared
    const encoded = encodeValue(codec, value)
    this.#checkOpen('add')
    const slot = this.#slot(text)
    if (runtime.journal.distrusts(slot, this.#namespace)) {
      throw new StoreUnavailableError('an earlier delete of this key has not reached the store yet', {
        store: runtime.store.name,
        operation: 'add',
      })
    }
    if (ttlMs === 0) return false
    const added = await this.#add(slot, encoded, ttlMs)
    if (added) runtime.flights.detach(slot)
    return added
  }

  /**
   * Removes the value and outruns any load of it under way: no process stores or serves what was loaded before.
   * `'delivered'`: the store has it. `'journaled'`: effective in this process at once, elsewhere when the store is back.
   *
   * Call it after the database has committed. @throws InvalidKeyError, StoreClosedError
   */
  async delete(key: Key): Promise<Delivery> {
    const text = keyText(key)
    const { runtime } = this.#shared
    this.#checkOpen('delete')
    const slot = this.#slot(text)
    // Nobody joins a load that began before this call. One that begins while it is under way sees the commit before it.
    runtime.flights.detach(slot)
    const sentAt = runtime.journal.position
    let outcome: Delivery = 'delivered'
    try {
      await runtime.store.delete(slot)
      runtime.journal.settleKey(slot, sentAt)
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      runtime.journal.addKey(slot, this.#namespace)
      outcome = 'journaled'
    }
    this.#reportInvalidation(key, outcome)
    return outcome
  }

  /**
   * Voids every entry of this namespace, in one write on every engine; other namespaces are not touched. Other
   * processes see it at most `tagHold` (default 1 s) later. @throws StoreClosedError
   */
  async clear(): Promise<Delivery> {
    const { runtime } = this.#shared
    this.#checkOpen('clear')
    runtime.flights.detachAll(this.#namespace)
    let outcome: Delivery = 'delivered'
    try {
      await this.#namespace.renew()
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      runtime.journal.addNamespace(this.#namespace)
      outcome = 'journaled'
    }
    this.#reportInvalidation(undefined, outcome)
    return outcome
  }

  /**
   * Keys of their own on the same store, with defaults of their own. The same name is the same namespace, in every
   * process. `clear` of one namespace leaves the others, nested ones too.
   * @throws InvalidOptionError naming the option.
   */
  namespace(name: string, defaults: EntryOptions = {}): Cache {
    const parent = this.#namespace.namespace
    const path = parent === ROOT_NAMESPACE ? namespacePart(name) : `${parent}/${namespacePart(name)}`
    return new Cache(this.#shared, path, parseNamespaceOptions(defaults, this.#terms))
  }

  /** What was counted since the cache was made, all namespaces together. */
  stats(): CacheStats {
    const { counters, journal } = this.#shared.runtime
    return { ...counters, journaled: journal.size }
  }

  /** Closes the cache, its namespaces and the store. Loads under way still answer their callers. Idempotent. */
  close(): Promise<void> {
    this.#shared.closing ??= this.#close()
    return this.#shared.closing
  }

  async #close(): Promise<void> {
    const { runtime, context } = this.#shared
    runtime.journal.close()
    context.emitDestroy()
    await runtime.store.close()
  }

  #checkOpen(operation: string): void {
    if (this.#shared.closing !== undefined) {
      throw new StoreClosedError('the cache is closed', { store: this.#shared.runtime.store.name, operation })
    }
  }

  #slot(text: string): string {
    return slotKey('value', this.#namespace.namespace, text)
  }

  /** The frame to serve, or `undefined`: a miss, a lease, dead, or the store does not answer. */
  async #fresh(operation: string, text: string): Promise<ValueFrame | undefined> {
    this.#checkOpen(operation)
    const { runtime } = this.#shared
    const place = { slot: this.#slot(text), namespace: this.#namespace, marks: NO_MARKS }
    if (runtime.journal.distrusts(place.slot, place.namespace)) return undefined
    try {
      const { state } = await lookUp(runtime, place)
      return state.is === 'fresh' ? state.frame : undefined
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      return undefined
    }
  }

  #decode(encoded: Encoded): unknown {
    try {
      return decodeValue(this.#shared.codec, encoded)
    } catch {
      return undefined
    }
  }

  #frame(encoded: Encoded, ttlMs: number, mark: Mark): { bytes: Uint8Array; ttl: number | undefined } {
    const createdAt = this.#shared.runtime.clock.now()
    const until = createdAt + ttlMs
    const times = { createdAt, freshUntil: until, revalidateUntil: until, keepUntil: until }
    return {
      bytes: encodeFrame({ kind: 'value', ...times, ...encoded, marks: [mark] }),
      ttl: ttlMs === Number.POSITIVE_INFINITY ? undefined : ttlMs,
    }
  }

  /** T8b: over a lease, a dead or a void frame `add` wins too; it loses only to a value. @throws the store's errors. */
  async #add(slot: string, encoded: Encoded, ttlMs: number): Promise<boolean> {
    const { store, clock } = this.#shared.runtime
    let standing: SlotRead | undefined
    for (let round = 0; round < MAX_ADD_ROUNDS; round++) {
      // Read after the slot was: what another one has added since a `clear` must not be taken for void.
      const mark = await this.#namespace.ensure()
      const state = classify(standing, clock.now(), [mark])
      if (state.is === 'fresh') return false
      const { bytes, ttl } = this.#frame(encoded, ttlMs, mark)
      const written =
        state.is === 'absent'
          ? await store.add(slot, bytes, { ttl })
          : await store.compareAndSet(slot, state.version, bytes, { ttl })
      if (written !== undefined) return true
      standing = openSlot(await store.get(slot))
    }
    throw new StoreUnavailableError('the slot of this key changes too fast', { store: store.name, operation: 'add' })
  }

  #reportInvalidation(key: Key | undefined, outcome: Delivery): void {
    const { namespace } = this.#namespace
    report('invalidation', () => ({ namespace, key: key === undefined ? undefined : keyName(key), outcome }))
  }
}

/** What the HTTP cache shares with the cache it stands on: store, leases, journal, and a room of its own beside it. */
export interface CacheInternals {
  readonly runtime: Runtime
  readonly terms: EntryTerms
  /** A namespace that no caller can name: `clear` of the cache does not touch it. */
  innerNamespace(name: string): NamespaceVersion
}

const internals = new WeakMap<Cache, CacheInternals>()

/** @throws InvalidOptionError when `cache` was not made by `createCache`. */
export function internalsOf(cache: Cache): CacheInternals {
  const found = internals.get(cache)
  if (found === undefined) throw new InvalidOptionError('cache', 'expected a cache made by createCache')
  return found
}

const NO_MARKS: readonly Mark[] = []

/** A separator inside a name, escaped: `namespace('a/b')` is not `namespace('a').namespace('b')`. */
function namespacePart(name: string): string {
  return parseNamespace(name).replaceAll('%', '%25').replaceAll('/', '%2F')
}
