import { AsyncResource } from 'node:async_hooks'
import type { Duration } from '../base/duration.js'
import { InvalidLoaderError } from '../base/errors.js'
import { show } from '../base/show.js'
import { tagsOption } from '../base/tags.js'
import { tagsOf, type ValueFrame } from '../entry/frame.js'
import { decodeValue, encodeValue, NOTHING } from '../entry/shape.js'
import type { Loaded, Loading } from '../protocol/call.js'
import type { Key } from '../protocol/key.js'
import { insideLoads, type LoadLink } from '../protocol/load-chain.js'
import { type EntryTerms, parseTtl } from './options.js'

/** What a loader is given. */
export interface LoaderContext {
  /** The key that was asked for. */
  readonly key: Key
  /** Aborted when `hardTimeout` is over, or when the last caller has gone. Pass it on to `fetch` or the database. */
  readonly signal: AbortSignal
  /**
   * The value that stood there, stale or outlived, where the store still has it: to ask the source whether it has
   * changed since. Decoded when it is read; `undefined` where there is none.
   */
  readonly previous: unknown
  /**
   * The lifetime of this value, instead of the `ttl` of the call. `0` stores nothing.
   * @throws InvalidOptionError naming `ttl`.
   */
  setTtl(ttl: Duration): void
  /**
   * Adds tags to those of the call: what a value was made of is often known only once it is loaded.
   * @throws InvalidOptionError naming `tags`: more than 64 with those of the call, or a name that is none.
   */
  addTags(...tags: readonly string[]): void
  /** The value is returned to the callers and not stored. */
  skip(): void
  /**
   * What a loader returns when the source says that `previous` still holds: `return context.notModified()`. It is fresh
   * again, and nothing is encoded.
   * @throws Error where there is no previous value.
   */
  notModified(): never
}

/**
 * Loads a value. Runs outside the async context of its first caller, whose request may end before the load does: all that
 * the loader depends on must be in the key.
 */
export type Loader<T> = (context: LoaderContext) => T | Promise<T>

/** @throws InvalidLoaderError naming the operation that was given it. */
export function checkLoader(operation: string, loader: unknown): void {
  if (typeof loader === 'function') return
  throw new InvalidLoaderError(`${operation}: expected a function that loads the value, got ${show(loader)}`)
}

/** Where loaders run: the async context in which this module was loaded, which is no request's. */
const OUTSIDE = new AsyncResource('TiercelLoad')

const NOT_MODIFIED = Symbol('not modified')

/** The loader as the protocol runs it: its result goes through the codec, so that a miss returns what a hit would. */
export function loadingOf<T>(key: Key, loader: Loader<T>, terms: EntryTerms): Loading {
  return async ({ signal, previous, link }) => {
    const run = new Run(key, signal, previous, terms)
    const value: unknown = await runOutside([link], loader, run)
    const loaded = value === NOT_MODIFIED ? { encoded: previous, ttlMs: terms.ttlMs } : loadedFrom(value, terms)
    return { encoded: loaded.encoded, ttlMs: run.ttlMs ?? loaded.ttlMs, tags: run.tags }
  }
}

/** Runs a loader outside any request's async context, and inside that of the loads that it runs for. */
export function runOutside<Arguments extends unknown[], T>(
  links: readonly LoadLink[],
  load: (...args: Arguments) => T,
  ...args: Arguments
): Promise<Awaited<T>> {
  return OUTSIDE.runInAsyncScope(() => insideLoads(links, () => load(...args)))
}

/** What a loader has returned, as it is stored. @throws InvalidValueError */
export function loadedFrom(value: unknown, terms: EntryTerms): Loaded {
  const { negativeTtlMs } = terms
  const negative = negativeTtlMs !== undefined && terms.isNegative(value)
  const ttlMs = negative ? negativeTtlMs : terms.ttlMs
  if (value === undefined) return { encoded: negative ? NOTHING : undefined, ttlMs }
  return { encoded: encodeValue(terms, value), ttlMs }
}

/** One run of a loader. */
class Run implements LoaderContext {
  readonly key: Key
  readonly signal: AbortSignal
  readonly #previous: ValueFrame | undefined
  readonly #terms: EntryTerms
  /** What the loader says, over what its call says. */
  ttlMs: number | undefined
  /** Those of the call, then the loader's. */
  tags: readonly string[]

  constructor(key: Key, signal: AbortSignal, previous: ValueFrame | undefined, terms: EntryTerms) {
    this.key = key
    this.signal = signal
    this.#previous = previous
    this.#terms = terms
    this.tags = terms.tags
  }

  get previous(): unknown {
    return this.#open()?.value
  }

  /** The previous value, where it can still be read. */
  #open(): { readonly value: unknown } | undefined {
    if (this.#previous === undefined) return undefined
    try {
      return { value: decodeValue(this.#terms, this.#previous) }
    } catch {
      return undefined
    }
  }

  // Bound, so that a loader may take them out of its context.
  readonly setTtl = (ttl: Duration): void => {
    this.ttlMs = parseTtl(ttl)
  }

  readonly addTags = (...tags: readonly string[]): void => {
    this.tags = tagsOption.parse([...this.tags, ...tags], 'tags')
  }

  readonly skip = (): void => {
    this.ttlMs = 0
  }

  readonly notModified = (): never => {
    if (this.#previous === undefined || this.#open() === undefined)
      throw new Error('notModified: there is no previous value')
    // A value that still holds keeps its tags.
    this.addTags(...tagsOf(this.#previous))
    return NOT_MODIFIED as never
  }
}
