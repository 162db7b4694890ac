import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../base/clock.js'
import { InvalidValueError } from '../base/errors.js'
import type { Loaded, Loading, LoadTerms } from '../protocol/call.js'
import { type Key, keyText } from '../protocol/key.js'
import { AT_ONCE, inTurns } from './in-turns.js'
import type { Keyspace } from './keyspace.js'
import { loadedFrom, runOutside } from './loader.js'
import { NOT_NEAR } from './near-view.js'
import type { EntryTerms, GetOrSetTerms } from './options.js'

/** What a loader of many keys is given. */
export interface ManyLoaderContext {
  /** Aborted when nobody waits for any of the keys any more, or `hardTimeout` is over. */
  readonly signal: AbortSignal
}

/**
 * Loads the values of the keys, in their order, `undefined` where there is none. Runs in no caller's async context, as
 * `Loader`.
 */
export type ManyLoader<K extends Key, T> = (
  keys: readonly K[],
  context: ManyLoaderContext,
) => readonly (T | undefined)[] | Promise<readonly (T | undefined)[]>

/** How long keys are gathered for a second call of the loader, whose loads elsewhere came to nothing. Milliseconds. */
const GATHER_MS = 50

interface Waiting<K extends Key> {
  readonly key: K
  /** Among the caller's keys. */
  readonly place: number
  readonly terms: LoadTerms
  readonly resolve: (loaded: Loaded) => void
  readonly reject: (error: unknown) => void
}

/** The values under the keys, in their order: near, stored, or loaded together. */
export async function loadMany<K extends Key, T>(
  keyspace: Keyspace,
  keys: readonly K[],
  loader: ManyLoader<K, T>,
  terms: GetOrSetTerms,
  signal: AbortSignal | undefined,
): Promise<(T | undefined)[]> {
  const { engine } = keyspace
  const texts = keys.map(keyText)
  const distinct = new Map(texts.map((text, index) => [text, keys[index] as K]))
  const batch = new LoadBatch(distinct.values(), loader, terms, engine.clock)
  const values = new Map<string, T | undefined>()
  const answer = async ([text, key]: readonly [string, K], decided: () => void): Promise<void> => {
    const near = terms.forceFresh ? NOT_NEAR : keyspace.peek(key, terms)
    if (near !== NOT_NEAR) {
      values.set(text, near as T | undefined)
      return
    }
    const call = keyspace.call<T>(key, text, batch.loadingOf(key, decided), terms, signal)
    values.set(text, (await engine.getOrSet<T>({ onDepends: decided, ...call })).value)
  }
  const answers: Promise<void>[] = []
  // A turn ends when the key is decided: the batch waits for that of all keys.
  await inTurns(
    [...distinct],
    (each) =>
      new Promise<void>((resolve) => {
        const decided = (): void => {
          batch.decided(each[1])
          resolve()
        }
        const answered = answer(each, decided).finally(decided)
        answered.catch(() => {})
        answers.push(answered)
      }),
  )
  await Promise.all(answers)
  return texts.map((text) => values.get(text))
}

/**
 * One call of a loader for all keys of a `getOrSetMany` that have to be loaded. It waits until each key is decided: has
 * its answer, has the right to load, or depends on somebody else's load. It does not wait for those other loads, since
 * with leases of its own in hand that could be a deadlock. Keys that have to be loaded after all go into a second call.
 */
class LoadBatch<K extends Key, T> {
  readonly #loader: ManyLoader<K, T>
  readonly #terms: EntryTerms
  readonly #clock: Clock
  readonly #undecided: Set<K>
  readonly #places: ReadonlyMap<K, number>
  #waiting: Waiting<K>[] = []
  #scheduled = false

  constructor(keys: Iterable<K>, loader: ManyLoader<K, T>, terms: EntryTerms, clock: Clock) {
    this.#clock = clock
    this.#undecided = new Set(keys)
    this.#places = new Map(Array.from(this.#undecided, (key, place) => [key, place]))
    this.#loader = loader
    this.#terms = terms
  }

  /** The key no longer needs this batch, or not now. */
  decided(key: K): void {
    if (this.#undecided.delete(key) && this.#undecided.size === 0) this.#load()
  }

  /** @param decided Told when the key has the right to load. */
  loadingOf(key: K, decided: () => void): Loading {
    return (terms) =>
      new Promise((resolve, reject) => {
        this.#waiting.push({ key, place: this.#places.get(key) ?? 0, terms, resolve, reject })
        if (this.#undecided.size > 0) decided()
        else this.#schedule()
      })
  }

  /** After the first call. Waits for other loads are bounded already, so the second call only gathers for a moment. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const load = (): void => {
      this.#scheduled = false
      this.#load()
    }
    this.#clock.after(GATHER_MS, load, true)
  }

  #load(): void {
    // In the order of the caller, whatever the order in which rights were won.
    const batch = this.#waiting.sort((a, b) => a.place - b.place)
    this.#waiting = []
    if (batch.length > 0) void this.#run(batch)
  }

  async #run(batch: readonly Waiting<K>[]): Promise<void> {
    try {
      const keys = batch.map(({ key }) => key)
      const values = await runOutside(
        batch.map(({ terms }) => terms.link),
        this.#loader,
        keys,
        { signal: whenAllAborted(batch) },
      )
      if (!Array.isArray(values) || values.length !== keys.length) {
        throw new InvalidValueError(`the loader was asked for ${keys.length} keys: expected an array of as many values`)
      }
      for (const [index, { resolve, reject }] of batch.entries()) {
        // Values are stored from here on: the store's answers must get a turn in between.
        if (index % AT_ONCE === AT_ONCE - 1) await setImmediate()
        try {
          resolve(loadedFrom(values[index], this.#terms))
        } catch (error) {
          reject(error)
        }
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}

function whenAllAborted(batch: readonly Waiting<Key>[]): AbortSignal {
  const controller = new AbortController()
  let left = batch.length
  for (const { terms } of batch) {
    const onAbort = (): void => {
      if (--left === 0) controller.abort(terms.signal.reason)
    }
    if (terms.signal.aborted) onAbort()
    else terms.signal.addEventListener('abort', onAbort, { once: true })
  }
  return controller.signal
}
