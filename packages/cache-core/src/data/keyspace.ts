import { StoreClosedError } from '../base/errors.js'
import type { Encoded, Mark, ValueFrame } from '../entry/frame.js'
import { decodeValue, isOfShape } from '../entry/shape.js'
import { encodedAtHand } from '../protocol/at-hand.js'
import type { Answer, CallOptions, Loading } from '../protocol/call.js'
import type { SlotState } from '../protocol/classify.js'
import type { Engine } from '../protocol/engine.js'
import { type Key, keyText } from '../protocol/key.js'
import type { Place } from '../protocol/lookup.js'
import type { NamespaceMark } from '../protocol/marks.js'
import { slotKey } from '../protocol/slot.js'
import type { Target } from '../protocol/write.js'
import { type Loader, loadingOf } from './loader.js'
import { type Mutability, NearView, NOT_NEAR } from './near-view.js'
import type { EntryTerms, GetOrSetTerms } from './options.js'

const NO_MARKS: readonly Mark[] = []
const FRESH_ONLY = { staleWhileRevalidateMs: 0, eagerRefresh: 0 }

/** The keys of one namespace under one set of defaults: where their entries stand, and how they are read and loaded. */
export class Keyspace {
  readonly engine: Engine
  /** Of the namespace; `''` for that of the cache itself. */
  readonly path: string
  readonly namespace: NamespaceMark
  readonly terms: EntryTerms
  readonly nearView: NearView | undefined
  readonly #slotPrefix: string
  /** What callers get of values that are near. */
  readonly #mutability: Mutability

  constructor(engine: Engine, mutability: Mutability, path: string, terms: EntryTerms) {
    this.engine = engine
    this.#mutability = mutability
    this.path = path
    this.#slotPrefix = slotKey('value', path)
    this.namespace = engine.marks.namespace(path)
    this.terms = terms
    const { near } = engine.slots
    this.nearView = near && new NearView(near, engine.stats, mutability, path)
  }

  /** Another namespace, or other defaults, on the same engine. */
  with(path: string, terms: EntryTerms): Keyspace {
    return new Keyspace(this.engine, this.#mutability, path, terms)
  }

  slot(text: string): string {
    return this.#slotPrefix + text
  }

  target(text: string, tags: readonly string[]): Target {
    return { slot: this.slot(text), namespace: this.namespace, tags }
  }

  place(text: string): Place {
    return { marks: NO_MARKS, near: this.terms.near, ...this.target(text, this.terms.tags) }
  }

  call<T>(
    key: Key,
    text: string,
    load: Loading,
    terms: GetOrSetTerms,
    signal: AbortSignal | undefined,
  ): CallOptions<T> {
    return {
      key,
      slot: this.slot(text),
      namespace: this.namespace,
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
      nearAlone: terms.near && this.nearView !== undefined ? () => this.#nearAlone<T>(key, terms) : undefined,
      staleNear: terms.staleIfErrorMs > 0 ? () => this.#staleNear<T>(key, terms) : undefined,
      signal,
    }
  }

  #nearAlone<T>(key: Key, terms: GetOrSetTerms): Answer<T> | undefined {
    const value = this.peekAlone(key, terms)
    return value === NOT_NEAR ? undefined : { value: value as T, source: 'hit' }
  }

  #staleNear<T>(key: Key, terms: GetOrSetTerms): (() => T) | undefined {
    const view = terms.near ? this.nearView : undefined
    const entry = view?.findStale(key, terms.staleIfErrorMs)
    if (view === undefined || entry === undefined) return undefined
    return () => {
      const value = view.valueOf(entry, key, terms)
      if (value === NOT_NEAR) throw new TypeError('another shape')
      return value as T
    }
  }

  /** The value, stored or loaded. */
  load<T>(
    key: Key,
    text: string,
    loader: Loader<T>,
    terms: GetOrSetTerms,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const call = (): CallOptions<T> => this.call(key, text, loadingOf(key, loader, terms), terms, signal)
    if (terms.forceFresh !== true && terms.eagerRefresh === 0) {
      const open = (frame: ValueFrame, owned: boolean): T => decodeValue(terms, frame, owned) as T
      const look = { key, slot: this.slot(text), namespace: this.namespace, marks: NO_MARKS, open, call }
      const answer = this.engine.firstLook(look, terms.tags)
      if (answer !== undefined) return answer as Promise<T>
    }
    return this.engine.getOrSet<T>(call()).then(({ value }) => value as T)
  }

  /** The value of a near hit, or `NOT_NEAR`. A stale one has the store asked once, which refreshes it or has a newer one. */
  nearby<T>(
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
      this.load(key, keyText(key), loader, terms, signal).then(done, done)
    }
    return value
  }

  /** A fresh value from a store in this process, or `NOT_NEAR`: a hit without a promise of its own. */
  atHand(key: Key, terms: EntryTerms): unknown {
    const { engine, namespace } = this
    // Whether it is due for an eager refresh is decided where one can be started.
    if (terms.eagerRefresh > 0) return NOT_NEAR
    try {
      const slot = this.slot(keyText(key))
      const found = engine.lookUpAtHand({ slot, namespace, marks: NO_MARKS })
      // A stored `'nothing'` is a hit to some calls and a miss to others.
      if (found === undefined || found.frame.encoding === 'nothing') return NOT_NEAR
      const value = decodeValue(terms, encodedAtHand(found))
      engine.stats.hit(namespace, key)
      return value
    } catch {
      // The longer way says what is wrong, with the key or with what stands there.
      return NOT_NEAR
    }
  }

  /** The fresh value near, or `NOT_NEAR`. */
  peek(key: Key, terms: EntryTerms): unknown {
    const view = terms.near ? this.nearView : undefined
    const entry = view?.find(key, FRESH_ONLY)
    return view === undefined || entry === undefined ? NOT_NEAR : view.valueOf(entry, key, terms)
  }

  /** As `peek`, for a call that the store did not answer; within the stale window as well. */
  peekAlone(key: Key, terms: EntryTerms): unknown {
    const view = terms.near ? this.nearView : undefined
    const entry = view?.findAlone(key, terms.staleWhileRevalidateMs)
    return view === undefined || entry === undefined ? NOT_NEAR : view.valueOf(entry, key, terms)
  }

  /** What the slot means; `undefined` where the store does not answer. */
  async look(operation: string, text: string): Promise<SlotState | undefined> {
    this.engine.checkOpen(operation)
    try {
      return (await this.engine.lookUp(this.place(text))).state
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      return undefined
    }
  }

  /** The frame to serve, or `undefined`: a miss, a lease, dead, remembered as nothing, another shape, or no answer. */
  async fresh(operation: string, text: string): Promise<ValueFrame | undefined> {
    return this.freshIn(await this.look(operation, text), text)
  }

  freshIn(state: SlotState | undefined, text: string): ValueFrame | undefined {
    if (state?.is !== 'fresh' || state.frame.encoding === 'nothing') return undefined
    if (isOfShape(this.terms, state.frame)) return state.frame
    this.engine.stats.unreadable(this.slot(text), 'value')
    return undefined
  }

  /** The value; `undefined` where it is of another shape or not valid. */
  decode(text: string, encoded: Encoded): unknown {
    return this.readable(text, () => this.#open(this.terms, encoded))
  }

  /** `undefined`, and counted, where `read` throws at what stands there. */
  readable<T>(text: string, read: () => T): T | undefined {
    try {
      return read()
    } catch {
      this.engine.stats.unreadable(this.slot(text), 'value')
      return undefined
    }
  }

  /** With a near cache, the value as a near hit would return it: frozen, where those are. */
  #open(terms: EntryTerms, encoded: Encoded): unknown {
    const view = terms.near ? this.nearView : undefined
    return view === undefined ? decodeValue(terms, encoded) : view.open(terms, encoded)
  }
}
