import { InvalidOptionError } from '../base/errors.js'
import { parseTags } from '../base/tags.js'
import { encodeValue } from '../entry/shape.js'
import { ENGINE, Engine, type EngineHandle } from '../protocol/engine.js'
import type { Delivery } from '../protocol/journal.js'
import { type Key, keyText } from '../protocol/key.js'
import { slotKey } from '../protocol/slot.js'
import type { CacheStats } from '../protocol/stats.js'
import { type CacheEntry, entryOf } from './entry.js'
import { inTurns } from './in-turns.js'
import { Keyspace } from './keyspace.js'
import { entryList, keyList, keysFrom } from './lists.js'
import { checkLoader, type Loader, type LoaderContext } from './loader.js'
import { loadMany, type ManyLoader } from './many.js'
import { namespacePart } from './names.js'
import { NOT_NEAR } from './near-view.js'
import {
  type CacheOptions,
  type CloseOptions,
  type DeleteOptions,
  type EntryOptions,
  type EntryTerms,
  entryTerms,
  type GetOrSetOptions,
  type GetOrSetTerms,
  type IncrementOptions,
  type InvalidateTagsOptions,
  lifeOf,
  nearTerms,
  parseCacheOptions,
  parseCloseOptions,
  parseConfigureOptions,
  parseDeleteOptions,
  parseGetOrSetOptions,
  parseIncrementOptions,
  parseInvalidateTagsOptions,
  parseNamespaceOptions,
  parseSetOptions,
  parseTouchOptions,
  parseWarmOptions,
  type SetOptions,
  type TouchOptions,
  type WarmOptions,
} from './options.js'
import { type Warmed, warmKeys } from './warm.js'
import { type WrapOptions, type Wrapped, wrapFunction } from './wrap.js'

/** The room of keys of a cache that has not named another. */
const ROOT_NAMESPACE = ''

/**
 * Makes a cache over a store. Does no I/O.
 * @throws InvalidOptionError naming the option, also when the store does not declare what the cache needs.
 */
export function createCache(options: CacheOptions): Cache {
  const terms = parseCacheOptions(options)
  const near = nearTerms(terms)
  const engine = new Engine({ ...terms, near })
  return new Cache(new Keyspace(engine, near?.mutability ?? 'freeze', ROOT_NAMESPACE, entryTerms(terms)))
}

/**
 * Values under keys, with one load per cold key among all processes on the store, and deletes that win over loads
 * under way. Every call works when the store does not: reads are misses, loaders run, invalidations are kept.
 *
 * Each caller gets a value of its own: what it does to it, nobody else sees.
 */
export class Cache {
  readonly #engine: Engine
  readonly #keys: Keyspace
  readonly #terms: EntryTerms

  /** @internal Made by `createCache` and `namespace`. */
  constructor(keys: Keyspace) {
    this.#engine = keys.engine
    this.#keys = keys
    this.#terms = keys.terms
  }

  /** @internal What the HTTP cache over this one is given. */
  get [ENGINE](): EngineHandle {
    const { leaseMs, hardTimeoutMs } = this.#terms
    return { engine: this.#engine, namespace: this.#keys.path, leaseMs, hardTimeoutMs }
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
  getOrSet<T>(key: Key, loader: Loader<T>, options?: GetOrSetOptions): Promise<T> {
    // No async function: a hit in this process makes its promise and nothing else.
    if (options === undefined && typeof loader === 'function') {
      const value = this.#atOnce(key, loader, this.#terms, undefined)
      if (value !== NOT_NEAR) return Promise.resolve(value as T)
    }
    try {
      return this.#getOrSet(key, loader, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** What a hit in this process gets, near or in a store that is here; or `NOT_NEAR`. */
  #atOnce<T>(key: Key, loader: Loader<T>, terms: EntryTerms, signal: AbortSignal | undefined): unknown {
    const near = terms.near ? this.#keys.nearView : undefined
    return near === undefined ? this.#keys.atHand(key, terms) : this.#keys.nearby(near, key, loader, terms, signal)
  }

  #getOrSet<T>(key: Key, loader: Loader<T>, options: GetOrSetOptions | undefined): Promise<T> {
    const text = keyText(key)
    checkLoader('getOrSet', loader)
    const terms: GetOrSetTerms = options === undefined ? this.#terms : parseGetOrSetOptions(options, this.#terms)
    this.#engine.checkOpen('getOrSet')
    options?.signal?.throwIfAborted()
    if (options !== undefined && !terms.forceFresh) {
      const value = this.#atOnce(key, loader, terms, options.signal)
      if (value !== NOT_NEAR) return Promise.resolve(value as T)
    }
    return this.#keys.load<T>(key, text, loader, terms, options?.signal)
  }

  /**
   * The value under the key, where the near cache holds a fresh one: at once, without a promise. `undefined` where it
   * does not, whatever the store has. @throws InvalidKeyError, StoreClosedError
   */
  peek<T = unknown>(key: Key): T | undefined {
    const value = this.#keys.peek(key, this.#terms)
    if (value !== NOT_NEAR) return value as T
    keyText(key)
    this.#engine.checkOpen('peek')
    return undefined
  }

  /**
   * The values under many keys, in their order: stored, or loaded together. The loader is called once with the keys that
   * this call has to load; what another process loads is waited for, and what comes to nothing there goes into a second
   * call. A key given twice is loaded once.
   *
   * @throws as `getOrSet`, for the first key that fails. InvalidValueError: the loader did not return as many values as
   *   it was asked for.
   */
  async getOrSetMany<K extends Key, T>(
    keys: readonly K[],
    loader: ManyLoader<K, T>,
    options?: GetOrSetOptions,
  ): Promise<(T | undefined)[]> {
    checkLoader('getOrSetMany', loader)
    const terms: GetOrSetTerms = options === undefined ? this.#terms : parseGetOrSetOptions(options, this.#terms)
    this.#engine.checkOpen('getOrSetMany')
    options?.signal?.throwIfAborted()
    return loadMany(this.#keys, keyList('getOrSetMany', keys), loader, terms, options?.signal)
  }

  /**
   * The value under the key, or `undefined`: also when the store does not answer.
   * @throws InvalidKeyError, StoreClosedError
   */
  get<T = unknown>(key: Key): Promise<T | undefined> {
    const near = this.#keys.peek(key, this.#terms)
    const value = near === NOT_NEAR ? this.#keys.atHand(key, this.#terms) : near
    return value === NOT_NEAR ? this.#get<T>(key) : Promise.resolve(value as T | undefined)
  }

  async #get<T>(key: Key): Promise<T | undefined> {
    const text = keyText(key)
    const state = await this.#keys.look('get', text)
    const alone = state === undefined ? this.#keys.peekAlone(key, this.#terms) : NOT_NEAR
    if (alone !== NOT_NEAR) return alone as T
    const frame = this.#keys.freshIn(state, text)
    const value = frame === undefined ? undefined : (this.#keys.decode(text, frame) as T | undefined)
    const { stats } = this.#engine
    if (value === undefined) stats.miss(this.#keys.namespace, key)
    else stats.hit(this.#keys.namespace, key)
    return value
  }

  /** The values under the keys, in their order, `undefined` where there is none: in one read. @throws as `get` */
  async getMany<T = unknown>(keys: readonly Key[]): Promise<(T | undefined)[]> {
    return inTurns(keyList('getMany', keys), (key) => this.get<T>(key))
  }

  /**
   * The value with its times and tags, stale ones too; `undefined` where there is none, or the store does not answer.
   * @throws InvalidKeyError, StoreClosedError
   */
  async getEntry<T = unknown>(key: Key): Promise<CacheEntry<T> | undefined> {
    const text = keyText(key)
    const state = await this.#keys.look('getEntry', text)
    if (state?.is !== 'fresh' && state?.is !== 'stale') return undefined
    return this.#keys.readable(text, () => entryOf<T>(this.#terms, state.frame, state.is === 'stale'))
  }

  /** Whether there is a value to serve. @throws InvalidKeyError, StoreClosedError */
  async has(key: Key): Promise<boolean> {
    return (await this.#keys.fresh('has', keyText(key))) !== undefined
  }

  /** How long the value is still fresh, in milliseconds, `Infinity` without end; `undefined` when there is none. @throws InvalidKeyError, StoreClosedError */
  async ttl(key: Key): Promise<number | undefined> {
    const frame = await this.#keys.fresh('ttl', keyText(key))
    if (frame === undefined) return undefined
    // Never longer than it was given, though somebody has set the clock back since.
    return frame.freshUntil - Math.max(frame.createdAt, this.#engine.clock.now())
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
    const encoded = encodeValue(life, value)
    this.#engine.checkOpen('set')
    if (life.ttlMs === 0) {
      await this.delete(key)
      return false
    }
    return this.#engine.writes.set(this.#keys.target(text, life.tags), encoded, lifeOf(life))
  }

  /** Stores many values, each as `set`. Whether all were stored. @throws as `set`, for the first that fails */
  async setMany(entries: Iterable<readonly [Key, unknown]>, options: SetOptions = {}): Promise<boolean> {
    const stored = await inTurns(entryList(entries), ([key, value]) => this.set(key, value, options))
    return !stored.includes(false)
  }

  /**
   * Stores a value where there is none. Whether this call stored it, atomically among all processes; a running load of
   * the key is overtaken.
   *
   * @throws the store's errors: a caller that asks "was I first?" must not be given a guess. AmbiguousWriteError: it may have been.
   * @throws InvalidValueError, InvalidKeyError, InvalidOptionError, StoreClosedError
   */
  async add(key: Key, value: unknown, options: SetOptions = {}): Promise<boolean> {
    const text = keyText(key)
    const life = parseSetOptions('add', options, this.#terms)
    const encoded = encodeValue(life, value)
    this.#engine.checkOpen('add')
    return this.#engine.writes.add(this.#keys.target(text, life.tags), encoded, { ...lifeOf(life), jitter: 0 })
  }

  /**
   * Removes the value and outruns any load of it under way: no process stores or serves what was loaded before.
   * `'delivered'`: the store has it. `'journaled'`: effective in this process at once, elsewhere when the store is back.
   *
   * Call it after the database has committed. Where loaders may still read what was there before, from a replica that
   * lags behind, say for how long: `{ holdOff: '2s' }`. Until then callers load and nothing is stored.
   * @throws InvalidKeyError, InvalidOptionError, StoreClosedError
   */
  async delete(key: Key, options: DeleteOptions = {}): Promise<Delivery> {
    const slot = this.#keys.slot(keyText(key))
    const holdOffMs = parseDeleteOptions(options)
    this.#engine.checkOpen('delete')
    return this.#engine.invalidations.delete(slot, this.#keys.namespace, key, holdOffMs)
  }

  /** Removes many values, each as `delete`. `'delivered'`: the store has heard of all. @throws as `delete` */
  async deleteMany(keys: readonly Key[], options: DeleteOptions = {}): Promise<Delivery> {
    const outcomes = await inTurns(keyList('deleteMany', keys), (key) => this.delete(key, options))
    return outcomes.includes('journaled') ? 'journaled' : 'delivered'
  }

  /**
   * The value, taken away: of all that ask at once, in any process, one gets it. `undefined` where there is none, or a
   * stale one, which is taken away as well.
   * @throws the store's errors: whether it was taken must be known. InvalidKeyError, StoreClosedError
   */
  async pull<T = unknown>(key: Key): Promise<T | undefined> {
    this.#engine.checkOpen('pull')
    const text = keyText(key)
    const encoded = await this.#engine.retimes.pull(this.#keys.place(text))
    return encoded === undefined ? undefined : (this.#keys.decode(text, encoded) as T | undefined)
  }

  /**
   * Ends the freshness of a value and keeps it as stale: within `staleWhileRevalidate` the next call still gets it and
   * has it refreshed, within `staleIfError` it is there when a load fails. Without such windows it is a `delete`. Loads
   * under way are outrun. @throws InvalidKeyError, StoreClosedError
   */
  async expire(key: Key): Promise<Delivery> {
    this.#engine.checkOpen('expire')
    return this.#engine.retimes.expire(this.#keys.place(keyText(key)))
  }

  /**
   * Gives a value a new life from now on, by `ttl` and windows as in `set`. Whether there was one to give it to.
   * @throws the store's errors. InvalidKeyError, InvalidOptionError, StoreClosedError
   */
  async touch(key: Key, options: TouchOptions = {}): Promise<boolean> {
    const place = this.#keys.place(keyText(key))
    const life = parseTouchOptions(options, this.#terms)
    this.#engine.checkOpen('touch')
    if (life.ttlMs === 0) throw new InvalidOptionError('ttl', 'touch needs a lifetime; expire ends it')
    return this.#engine.retimes.touch(place, lifeOf(life))
  }

  /**
   * Adds a whole number to a counter, atomically among all processes; one that is not there begins at 0. The new value;
   * adding 0 reads it. Counters have keys of their own: `get`, `delete` and `clear` do not meet them.
   * @throws the store's errors; CounterRangeError beyond -(2^53 - 1) and 2^53 - 1: the counter keeps its value. InvalidKeyError, InvalidOptionError, StoreClosedError
   */
  async increment(key: Key, by = 1, options: IncrementOptions = {}): Promise<number> {
    const slot = slotKey('counter', this.#keys.path, keyText(key))
    const ttl = parseIncrementOptions(options)
    this.#engine.checkOpen('increment')
    return this.#engine.slots.increment(slot, by, ttl)
  }

  /**
   * A function whose results are cached under its name and arguments: `const product = cache.wrap(loadProduct)`.
   * @throws InvalidLoaderError, InvalidOptionError naming the option.
   */
  wrap<Arguments extends readonly unknown[], T>(
    fn: (...args: Arguments) => T | Promise<T>,
    { name, key, ...options }: WrapOptions<Arguments> = {},
  ): Wrapped<Arguments, T> {
    return wrapFunction(this.configure(options), fn, { name, key })
  }

  /**
   * Has the values of many keys loaded where there are none, a few at a time. How many could not be loaded, with the
   * errors; it throws none of them. @throws InvalidKeyError, InvalidLoaderError, InvalidOptionError
   */
  async warm<K extends Key>(
    keys: Iterable<K>,
    loader: (key: K, context: LoaderContext) => unknown,
    options: WarmOptions = {},
  ): Promise<Warmed<K>> {
    checkLoader('warm', loader)
    const { concurrency, ...terms } = parseWarmOptions(options, this.#terms)
    const view = new Cache(this.#keys.with(this.#keys.path, terms))
    return warmKeys(keysFrom('warm', keys), (key) => view.getOrSet(key, (context) => loader(key, context)), concurrency)
  }

  /**
   * Voids every entry of this namespace, in one write on every engine; other namespaces are not touched. Other
   * processes see it at most `tagHold` (default 1 s) later. @throws StoreClosedError
   */
  async clear(): Promise<Delivery> {
    this.#engine.checkOpen('clear')
    return this.#engine.invalidations.clear(this.#keys.namespace)
  }

  /**
   * Voids every entry of this namespace that carries one of the tags, in one write for each tag, however many entries
   * there are. With `{ soft: true }` they are stale instead.
   * Outruns every load under way, as `delete` does. Other processes see it at most `tagHold` (default 1 s) later.
   *
   * Call it after the database has committed. @throws InvalidOptionError naming `tags`, StoreClosedError
   */
  async invalidateTags(tags: readonly string[], options: InvalidateTagsOptions = {}): Promise<Delivery> {
    const names = parseTags(tags)
    const { soft } = parseInvalidateTagsOptions(options)
    this.#engine.checkOpen('invalidateTags')
    return this.#engine.invalidations.tags(this.#keys.namespace, names, soft)
  }

  /**
   * Keys of their own on the same store, with defaults of their own. The same name is the same namespace, in every
   * process. `clear` of one namespace leaves the others, nested ones too.
   * @throws InvalidOptionError naming the option.
   */
  namespace(name: string, defaults: EntryOptions = {}): Cache {
    const part = namespacePart(name)
    const { path: parent } = this.#keys
    const path = parent === ROOT_NAMESPACE ? part : `${parent}/${part}`
    return new Cache(this.#keys.with(path, parseNamespaceOptions(defaults, this.#terms)))
  }

  /** The same keys with other defaults: parsed once, they cost nothing per call. @throws InvalidOptionError naming the option. */
  configure(defaults: EntryOptions): Cache {
    return new Cache(this.#keys.with(this.#keys.path, parseConfigureOptions(defaults, this.#terms)))
  }

  /** What was counted since the cache was made, all namespaces together. */
  stats(): CacheStats {
    return this.#engine.counters
  }

  /**
   * Closes the cache, its namespaces and the store. Loads under way still answer their callers. What the journal holds
   * is lost, unless `drain` gives it time to be delivered. Idempotent.
   * @throws InvalidOptionError naming the option.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    await this.#engine.close(parseCloseOptions(options))
  }
}
