import { InvalidLoaderError, InvalidOptionError, StoreClosedError } from '../base/errors.js'
import type { Encoded, Mark, ValueFrame } from '../entry/frame.js'
import { decodeValue, encodeValue, isOfShape } from '../entry/shape.js'
import type { CallOptions, Loading } from '../protocol/call.js'
import type { SlotState } from '../protocol/classify.js'
import { ENGINE, Engine, type EngineHandle } from '../protocol/engine.js'
import type { Delivery } from '../protocol/journal.js'
import { type Key, keyText } from '../protocol/key.js'
import type { Place } from '../protocol/lookup.js'
import type { NamespaceMark } from '../protocol/marks.js'
import { slotKey } from '../protocol/slot.js'
import type { CacheStats } from '../protocol/stats.js'
import type { Target } from '../protocol/write.js'
import { type CacheEntry, entryOf } from './entry.js'
import { type Loader, type LoaderContext, loadingOf } from './loader.js'
import { LoadBatch, type ManyLoader } from './many.js'
import { namespacePart, parseTags } from './names.js'
import { type Mutability, NearView, NOT_NEAR } from './near-view.js'
import {
  type CacheOptions,
  type CloseOptions,
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
  return new Cache(new Engine({ ...terms, near }), near?.mutability ?? 'freeze', ROOT_NAMESPACE, entryTerms(terms))
}

/**
 * Values under keys, with one load per cold key among all processes on the store, and deletes that win over loads
 * under way. Every call works when the store does not: reads are misses, loaders run, invalidations are kept.
 *
 * Each caller gets a value of its own: what it does to it, nobody else sees.
 */
export class Cache {
  readonly #engine: Engine
  /** What callers get of values that are near. */
  readonly #mutability: Mutability
  readonly #path: string
  readonly #namespace: NamespaceMark
  readonly #terms: EntryTerms
  readonly #nearView: NearView | undefined
  /** The same, where calls look there that say nothing else. */
  readonly #near: NearView | undefined

  /** @internal Made by `createCache` and `namespace`. */
  constructor(engine: Engine, mutability: Mutability, path: string, terms: EntryTerms) {
    this.#engine = engine
    this.#mutability = mutability
    this.#path = path
    this.#namespace = engine.marks.namespace(path)
    this.#terms = terms
    const { near } = engine.slots
    this.#nearView = near && new NearView(near, engine.stats, mutability, path)
    this.#near = terms.near ? this.#nearView : undefined
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
  getOrSet<T>(key: Key, loader: Loader<T>, options?: GetOrSetOptions): Promise<T> {
    // No async function: a hit near makes its promise and nothing else.
    const near = this.#near
    if (near !== undefined && options === undefined && typeof loader === 'function') {
      const value = this.#nearby(near, key, loader, this.#terms, undefined)
      if (value !== NOT_NEAR) return Promise.resolve(value as T)
    }
    return this.#getOrSet(key, loader, options)
  }

  async #getOrSet<T>(key: Key, loader: Loader<T>, options: GetOrSetOptions | undefined): Promise<T> {
    const text = keyText(key)
    const terms: GetOrSetTerms = options === undefined ? this.#terms : parseGetOrSetOptions(options, this.#terms)
    if (typeof loader !== 'function') throw new InvalidLoaderError('getOrSet needs a loader, a function')
    this.#engine.checkOpen('getOrSet')
    options?.signal?.throwIfAborted()
    if (options !== undefined && this.#nearView !== undefined && terms.near && !terms.forceFresh) {
      const near = this.#nearby(this.#nearView, key, loader, terms, options.signal)
      if (near !== NOT_NEAR) return near as T
    }
    return this.#load<T>(key, text, loader, terms, options?.signal)
  }

  async #load<T>(
    key: Key,
    text: string,
    loader: Loader<T>,
    terms: GetOrSetTerms,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const load = loadingOf(key, loader, terms)
    return (await this.#engine.getOrSet<T>(this.#call(key, text, load, terms, signal))).value as T
  }

  /** What a hit near gets, or `NOT_NEAR`. What is stale is asked of the store, once: which refreshes it, or has it anew. */
  #nearby<T>(
    near: NearView,
    key: Key,
    loader: Loader<T>,
    terms: GetOrSetTerms,
    signal: AbortSignal | undefined,
  ): unknown {
    const entry = near.find(key, terms)
    if (entry === undefined) return NOT_NEAR
    const value = near.valueOf(entry, key, terms)
    if (value !== NOT_NEAR && near.isStale(entry) && !entry.revalidating) {
      entry.revalidating = true
      const done = (): void => {
        entry.revalidating = false
      }
      this.#load(key, keyText(key), loader, terms, signal).then(done, done)
    }
    return value
  }

  /**
   * The value under the key, where the near cache holds a fresh one: at once, without a promise. `undefined` where it
   * does not, whatever the store has. @throws InvalidKeyError, StoreClosedError
   */
  peek<T = unknown>(key: Key): T | undefined {
    const value = this.#peek(key, this.#terms)
    if (value !== NOT_NEAR) return value as T
    keyText(key)
    this.#engine.checkOpen('peek')
    return undefined
  }

  #peek(key: Key, terms: EntryTerms): unknown {
    const view = terms.near ? this.#nearView : undefined
    const entry = view?.find(key, FRESH_ONLY)
    return view === undefined || entry === undefined ? NOT_NEAR : view.valueOf(entry, key, terms)
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
    const terms: GetOrSetTerms = options === undefined ? this.#terms : parseGetOrSetOptions(options, this.#terms)
    if (typeof loader !== 'function') throw new InvalidLoaderError('getOrSetMany needs a loader, a function')
    const texts = keys.map(keyText)
    const distinct = new Map(texts.map((text, index) => [text, keys[index] as K]))
    this.#engine.checkOpen('getOrSetMany')
    options?.signal?.throwIfAborted()
    const batch = new LoadBatch(distinct.values(), loader, terms, this.#engine.clock)
    const values = new Map<string, T | undefined>()
    await Promise.all(
      Array.from(distinct, async ([text, key]) => {
        const decided = (): void => batch.decided(key)
        const near = terms.forceFresh ? NOT_NEAR : this.#peek(key, terms)
        if (near !== NOT_NEAR) {
          values.set(text, near as T | undefined)
          decided()
          return
        }
        const call = this.#call<T>(key, text, batch.loadingOf(key), terms, options?.signal)
        try {
          values.set(text, (await this.#engine.getOrSet<T>({ ...call, onDepends: decided })).value)
        } finally {
          decided()
        }
      }),
    )
    return texts.map((text) => values.get(text))
  }

  /**
   * The value under the key, or `undefined`: also when the store does not answer.
   * @throws InvalidKeyError, StoreClosedError
   */
  get<T = unknown>(key: Key): Promise<T | undefined> {
    const near = this.#peek(key, this.#terms)
    return near === NOT_NEAR ? this.#get<T>(key) : Promise.resolve(near as T | undefined)
  }

  async #get<T>(key: Key): Promise<T | undefined> {
    const text = keyText(key)
    const frame = await this.#fresh('get', text)
    const value = frame === undefined ? undefined : (this.#decode(text, frame) as T | undefined)
    const { stats } = this.#engine
    if (value === undefined) stats.miss(this.#namespace, key)
    else stats.hit(this.#namespace, key)
    return value
  }

  /** The values under the keys, in their order, `undefined` where there is none: in one read. @throws as `get` */
  getMany<T = unknown>(keys: readonly Key[]): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)))
  }

  /**
   * The value with its times and tags, stale ones too; `undefined` where there is none, or the store does not answer.
   * @throws InvalidKeyError, StoreClosedError
   */
  async getEntry<T = unknown>(key: Key): Promise<CacheEntry<T> | undefined> {
    const text = keyText(key)
    const state = await this.#look('getEntry', text)
    if (state?.is !== 'fresh' && state?.is !== 'stale') return undefined
    return this.#readable(text, () => entryOf<T>(this.#terms, state.frame, state.is === 'stale'))
  }

  /** Whether there is a value to serve. @throws InvalidKeyError, StoreClosedError */
  async has(key: Key): Promise<boolean> {
    return (await this.#fresh('has', keyText(key))) !== undefined
  }

  /** How long the value is still fresh, in milliseconds, `Infinity` without end; `undefined` when there is none. @throws InvalidKeyError, StoreClosedError */
  async ttl(key: Key): Promise<number | undefined> {
    const frame = await this.#fresh('ttl', keyText(key))
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
    return this.#engine.writes.set(this.#target(text, life.tags), encoded, lifeOf(life))
  }

  /** Stores many values, each as `set`. Whether all were stored. @throws as `set`, for the first that fails */
  async setMany(entries: Iterable<readonly [Key, unknown]>, options: SetOptions = {}): Promise<boolean> {
    const stored = await Promise.all(Array.from(entries, ([key, value]) => this.set(key, value, options)))
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
    return this.#engine.writes.add(this.#target(text, life.tags), encoded, { ...lifeOf(life), jitter: 0 })
  }

  /**
   * Removes the value and outruns any load of it under way: no process stores or serves what was loaded before.
   * `'delivered'`: the store has it. `'journaled'`: effective in this process at once, elsewhere when the store is back.
   *
   * Call it after the database has committed. @throws InvalidKeyError, StoreClosedError
   */
  async delete(key: Key): Promise<Delivery> {
    const slot = this.#slot(keyText(key))
    this.#engine.checkOpen('delete')
    return this.#engine.invalidations.delete(slot, this.#namespace, key)
  }

  /** Removes many values, each as `delete`. `'delivered'`: the store has heard of all. @throws as `delete` */
  async deleteMany(keys: readonly Key[]): Promise<Delivery> {
    const outcomes = await Promise.all(keys.map((key) => this.delete(key)))
    return outcomes.includes('journaled') ? 'journaled' : 'delivered'
  }

  /**
   * The value, taken away: of all that ask at once, in any process, one gets it. `undefined` where there is none.
   * @throws the store's errors: whether it was taken must be known. InvalidKeyError, StoreClosedError
   */
  async pull<T = unknown>(key: Key): Promise<T | undefined> {
    this.#engine.checkOpen('pull')
    const text = keyText(key)
    const encoded = await this.#engine.retimes.pull(this.#place(text))
    return encoded === undefined ? undefined : (this.#decode(text, encoded) as T | undefined)
  }

  /**
   * Ends the freshness of a value and keeps it as stale: within `staleWhileRevalidate` the next call still gets it and
   * has it refreshed, within `staleIfError` it is there when a load fails. Without such windows it is a `delete`. Loads
   * under way are outrun. @throws InvalidKeyError, StoreClosedError
   */
  async expire(key: Key): Promise<Delivery> {
    this.#engine.checkOpen('expire')
    return this.#engine.retimes.expire(this.#place(keyText(key)))
  }

  /**
   * Gives a value a new life from now on, by `ttl` and windows as in `set`. Whether there was one to give it to.
   * @throws the store's errors. InvalidKeyError, InvalidOptionError, StoreClosedError
   */
  async touch(key: Key, options: TouchOptions = {}): Promise<boolean> {
    const place = this.#place(keyText(key))
    const life = parseTouchOptions(options, this.#terms)
    this.#engine.checkOpen('touch')
    if (life.ttlMs === 0) throw new InvalidOptionError('ttl', 'touch needs a lifetime; expire ends it')
    return this.#engine.retimes.touch(place, lifeOf(life))
  }

  /**
   * Adds a whole number to a counter, atomically among all processes; one that is not there begins at 0. The new value;
   * adding 0 reads it. Counters have keys of their own: `get`, `delete` and `clear` do not meet them.
   * @throws the store's errors. InvalidKeyError, InvalidOptionError, StoreClosedError
   */
  async increment(key: Key, by = 1, options: IncrementOptions = {}): Promise<number> {
    const slot = slotKey('counter', this.#path, keyText(key))
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
   * errors; it throws none of them. @throws InvalidKeyError, InvalidOptionError, StoreClosedError
   */
  async warm<K extends Key>(
    keys: Iterable<K>,
    loader: (key: K, context: LoaderContext) => unknown,
    options: WarmOptions = {},
  ): Promise<{ readonly warmed: number; readonly failed: readonly { readonly key: K; readonly error: unknown }[] }> {
    const { concurrency, ...terms } = parseWarmOptions(options, this.#terms)
    const view = new Cache(this.#engine, this.#mutability, this.#path, terms)
    const failed: { readonly key: K; readonly error: unknown }[] = []
    let warmed = 0
    const queue = [...keys].values()
    const worker = async (): Promise<void> => {
      for (const key of queue) {
        try {
          await view.getOrSet(key, (context) => loader(key, context))
          warmed++
        } catch (error) {
          failed.push({ key, error })
        }
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
    return { warmed, failed }
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
    return this.#engine.invalidations.tags(this.#namespace, names, soft)
  }

  /**
   * Keys of their own on the same store, with defaults of their own. The same name is the same namespace, in every
   * process. `clear` of one namespace leaves the others, nested ones too.
   * @throws InvalidOptionError naming the option.
   */
  namespace(name: string, defaults: EntryOptions = {}): Cache {
    const part = namespacePart(name)
    const path = this.#path === ROOT_NAMESPACE ? part : `${this.#path}/${part}`
    return new Cache(this.#engine, this.#mutability, path, parseNamespaceOptions(defaults, this.#terms))
  }

  /** The same keys with other defaults: parsed once, they cost nothing per call. @throws InvalidOptionError naming the option. */
  configure(defaults: EntryOptions): Cache {
    return new Cache(this.#engine, this.#mutability, this.#path, parseConfigureOptions(defaults, this.#terms))
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

  #slot(text: string): string {
    return slotKey('value', this.#path, text)
  }

  #target(text: string, tags: readonly string[]): Target {
    return { slot: this.#slot(text), namespace: this.#namespace, tags }
  }

  #place(text: string): Place {
    return { ...this.#target(text, this.#terms.tags), marks: NO_MARKS, near: this.#terms.near }
  }

  #call<T>(
    key: Key,
    text: string,
    load: Loading,
    terms: GetOrSetTerms,
    signal: AbortSignal | undefined,
  ): CallOptions<T> {
    return {
      key,
      slot: this.#slot(text),
      namespace: this.#namespace,
      marks: NO_MARKS,
      tags: terms.tags,
      namesTags: true,
      load,
      near: terms.near,
      open: (encoded) => this.#open(terms, encoded) as T,
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
      signal,
    }
  }

  /** What the slot means; `undefined` where the store does not answer. */
  async #look(operation: string, text: string): Promise<SlotState | undefined> {
    this.#engine.checkOpen(operation)
    try {
      return (await this.#engine.lookUp(this.#place(text))).state
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      return undefined
    }
  }

  /** The frame to serve, or `undefined`: a miss, a lease, dead, remembered as nothing, another shape, or no answer. */
  async #fresh(operation: string, text: string): Promise<ValueFrame | undefined> {
    const state = await this.#look(operation, text)
    if (state?.is !== 'fresh' || state.frame.encoding === 'nothing') return undefined
    if (isOfShape(this.#terms, state.frame)) return state.frame
    this.#engine.stats.unreadable(this.#slot(text), 'value')
    return undefined
  }

  /** With a near cache in the form in which a hit there answers, so that no caller changes what the next one cannot. */
  #open(terms: EntryTerms, encoded: Encoded): unknown {
    const view = terms.near ? this.#nearView : undefined
    return view === undefined ? decodeValue(terms, encoded) : view.open(terms, encoded)
  }

  #decode(text: string, encoded: Encoded): unknown {
    return this.#readable(text, () => this.#open(this.#terms, encoded))
  }

  /** `undefined`, and counted, where what stands there is none of the values that callers expect. */
  #readable<T>(text: string, read: () => T): T | undefined {
    try {
      return read()
    } catch {
      this.#engine.stats.unreadable(this.#slot(text), 'value')
      return undefined
    }
  }
}

const NO_MARKS: readonly Mark[] = []
const FRESH_ONLY = { staleWhileRevalidateMs: 0, eagerRefresh: 0 }
