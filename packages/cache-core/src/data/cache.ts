import { InvalidLoaderError, StoreClosedError } from '../base/errors.js'
import { type Codec, decodeValue, encodeValue } from '../entry/codec.js'
import type { Encoded, Mark, ValueFrame } from '../entry/frame.js'
import type { Life } from '../entry/value-frame.js'
import { ENGINE, Engine, type EngineHandle } from '../protocol/engine.js'
import type { Delivery } from '../protocol/journal.js'
import { type Key, keyText } from '../protocol/key.js'
import type { NamedMark } from '../protocol/marks.js'
import { slotKey } from '../protocol/slot.js'
import type { CacheStats } from '../protocol/stats.js'
import type { Target } from '../protocol/write.js'
import { type Loader, loadingOf } from './loader.js'
import {
  type CacheOptions,
  type EntryOptions,
  type EntryTerms,
  entryTerms,
  type GetOrSetOptions,
  type GetOrSetTerms,
  parseCacheOptions,
  parseGetOrSetOptions,
  parseNamespace,
  parseNamespaceOptions,
  parseSetOptions,
  type SetOptions,
  type WriteTerms,
} from './options.js'

/** The room of keys of a cache that has not named another. */
const ROOT_NAMESPACE = ''

/**
 * Makes a cache over a store. Does no I/O.
 * @throws InvalidOptionError naming the option, also when the store does not declare what the cache needs.
 */
export function createCache(options: CacheOptions): Cache {
  const terms = parseCacheOptions(options)
  return new Cache(new Engine(terms), terms.codec, ROOT_NAMESPACE, entryTerms(terms))
}

/**
 * Values under keys, with one load per cold key among all processes on the store, and deletes that win over loads
 * under way. Every call works when the store does not: reads are misses, loaders run, invalidations are kept.
 *
 * Each caller gets a value of its own: what it does to it, nobody else sees.
 */
export class Cache {
  readonly #engine: Engine
  readonly #codec: Codec
  readonly #path: string
  readonly #namespace: NamedMark
  readonly #terms: EntryTerms

  /** @internal Made by `createCache` and `namespace`. */
  constructor(engine: Engine, codec: Codec, path: string, terms: EntryTerms) {
    this.#engine = engine
    this.#codec = codec
    this.#path = path
    this.#namespace = engine.marks.namespace(path)
    this.#terms = terms
  }

  /** @internal What the HTTP cache over this one is given. */
  get [ENGINE](): EngineHandle {
    const { leaseMs, hardTimeoutMs } = this.#terms
    return { engine: this.#engine, namespace: this.#path, leaseMs, hardTimeoutMs }
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
    const terms: GetOrSetTerms = options === undefined ? this.#terms : parseGetOrSetOptions(options, this.#terms)
    if (typeof loader !== 'function') throw new InvalidLoaderError('getOrSet needs a loader, a function')
    this.#engine.checkOpen('getOrSet')
    options?.signal?.throwIfAborted()
    const codec = this.#codec
    const { value } = await this.#engine.getOrSet<T>({
      key,
      slot: this.#slot(text),
      namespace: this.#namespace,
      marks: NO_MARKS,
      load: loadingOf(key, loader, terms, codec),
      open: (encoded) => decodeValue(codec, encoded) as T,
      leaseMs: terms.leaseMs,
      hardTimeoutMs: terms.hardTimeoutMs,
      waitTimeoutMs: terms.waitTimeoutMs ?? terms.hardTimeoutMs / 2,
      staleWhileRevalidateMs: terms.staleWhileRevalidateMs,
      staleIfErrorMs: terms.staleIfErrorMs,
      softTimeoutMs: terms.softTimeoutMs,
      jitter: terms.jitter,
      eagerRefresh: terms.eagerRefresh,
      forceFresh: terms.forceFresh ?? false,
      fallback: 'shared',
      signal: options?.signal,
    })
    return value as T
  }

  /**
   * The value under the key, or `undefined`: also when the store does not answer.
   * @throws InvalidKeyError, StoreClosedError
   */
  async get<T = unknown>(key: Key): Promise<T | undefined> {
    const frame = await this.#fresh('get', keyText(key))
    const value = frame === undefined ? undefined : (this.#decode(frame) as T | undefined)
    const { stats } = this.#engine
    if (value === undefined) stats.miss(this.#namespace, key)
    else stats.hit(this.#namespace, key)
    return value
  }

  /** Whether there is a value to serve. @throws InvalidKeyError, StoreClosedError */
  async has(key: Key): Promise<boolean> {
    return (await this.#fresh('has', keyText(key))) !== undefined
  }

  /** How long the value is still fresh, in milliseconds, `Infinity` without end; `undefined` when there is none. @throws InvalidKeyError, StoreClosedError */
  async ttl(key: Key): Promise<number | undefined> {
    const frame = await this.#fresh('ttl', keyText(key))
    return frame === undefined ? undefined : frame.freshUntil - this.#engine.clock.now()
  }

  /**
   * Stores a value, whatever stood there. Whether it was stored: when the store does not take it, what stood there is
   * removed, now or as soon as the store is back, and is a miss in this process until then.
   *
   * @throws ValueTooLargeError, InvalidValueError, InvalidKeyError, InvalidOptionError, StoreClosedError
   */
  async set(key: Key, value: unknown, options: SetOptions = {}): Promise<boolean> {
    const text = keyText(key)
    const life = parseSetOptions('set', options, this.#terms)
    const encoded = encodeValue(this.#codec, value)
    this.#engine.checkOpen('set')
    if (life.ttlMs === 0) {
      await this.delete(key)
      return false
    }
    return this.#engine.writes.set(this.#target(text), encoded, lifeOf(life))
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
    const life = parseSetOptions('add', options, this.#terms)
    const encoded = encodeValue(this.#codec, value)
    this.#engine.checkOpen('add')
    return this.#engine.writes.add(this.#target(text), encoded, { ...lifeOf(life), jitter: 0 })
  }

  /**
   * Removes the value and outruns any load of it under way: no process stores or serves what was loaded before.
   * `'delivered'`: the store has it. `'journaled'`: effective in this process at once, elsewhere when the store is back.
   *
   * Call it after the database has committed. @throws InvalidKeyError, StoreClosedError
   */
  async delete(key: Key): Promise<Delivery> {
    const { slot, namespace } = this.#target(keyText(key))
    this.#engine.checkOpen('delete')
    return this.#engine.invalidations.delete(slot, namespace, key)
  }

  /**
   * Voids every entry of this namespace, in one write on every engine; other namespaces are not touched. Other
   * processes see it at most `tagHold` (default 1 s) later. @throws StoreClosedError
   */
  async clear(): Promise<Delivery> {
    this.#engine.checkOpen('clear')
    return this.#engine.invalidations.clear(this.#namespace)
  }

  /**
   * Keys of their own on the same store, with defaults of their own. The same name is the same namespace, in every
   * process. `clear` of one namespace leaves the others, nested ones too.
   * @throws InvalidOptionError naming the option.
   */
  namespace(name: string, defaults: EntryOptions = {}): Cache {
    const part = namespacePart(name)
    const path = this.#path === ROOT_NAMESPACE ? part : `${this.#path}/${part}`
    return new Cache(this.#engine, this.#codec, path, parseNamespaceOptions(defaults, this.#terms))
  }

  /** What was counted since the cache was made, all namespaces together. */
  stats(): CacheStats {
    return this.#engine.counters
  }

  /** Closes the cache, its namespaces and the store. Loads under way still answer their callers. Idempotent. */
  close(): Promise<void> {
    return this.#engine.close()
  }

  #slot(text: string): string {
    return slotKey('value', this.#path, text)
  }

  #target(text: string): Target {
    return { slot: this.#slot(text), namespace: this.#namespace }
  }

  /** The frame to serve, or `undefined`: a miss, a lease, dead, or the store does not answer. */
  async #fresh(operation: string, text: string): Promise<ValueFrame | undefined> {
    this.#engine.checkOpen(operation)
    try {
      const { state } = await this.#engine.lookUp({ ...this.#target(text), marks: NO_MARKS })
      return state.is === 'fresh' ? state.frame : undefined
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      return undefined
    }
  }

  #decode(encoded: Encoded): unknown {
    try {
      return decodeValue(this.#codec, encoded)
    } catch {
      return undefined
    }
  }
}

const NO_MARKS: readonly Mark[] = []

function lifeOf({ ttlMs, staleWhileRevalidateMs, staleIfErrorMs, jitter }: WriteTerms): Life {
  return { ttlMs, staleWhileRevalidateMs, staleIfErrorMs, jitter }
}

/** A separator inside a name, escaped: `namespace('a/b')` is not `namespace('a').namespace('b')`. */
function namespacePart(name: string): string {
  return parseNamespace(name).replaceAll('%', '%25').replaceAll('/', '%2F')
}
