import { tracingChannel } from 'node:diagnostics_channel'
import { setTimeout as delay } from 'node:timers/promises'
import { type Cache, createCache, jsonCodec, type TraceContexts } from '@tiercel/cache-core'
import type { Store } from '@tiercel/cache-core/store'
import type { ChangeEvent, HistoryEvent, LoadEvent, ReadEvent } from './events.js'
import { broken } from './planted.js'
import { type ClientTerms, TAG_HOLD_MS } from './terms.js'

/** The data behind the caches: a version of each key, which only goes up. */
export interface Source {
  version(key: string): Promise<number>
  /** Resolves with the version after the change. */
  change(key: string): Promise<number>
}

interface Value {
  readonly of: string
  readonly version: number
}

const KEYS = [0, 1, 2, 3, 4, 5, 6, 7]
const READERS = 4
const CLEARED = 'cleared'
/** Short, so that keys that nobody changes are loaded again and again. */
const QUIET_TTL_MS = 120

/** One process of a history: readers of all keys, and a writer of its own share of them. */
export class HistoryClient {
  readonly #terms: ClientTerms
  readonly #source: Source
  readonly #cache: Cache
  readonly #cleared: ReturnType<Cache['namespace']>
  readonly #events: HistoryEvent[] = []
  readonly errors: string[] = []
  #until = 0

  constructor(store: Store, terms: ClientTerms, source: Source) {
    this.#terms = terms
    this.#source = source
    const { bug } = terms
    this.#cache = createCache({
      store: broken(store, bug),
      storeTimeout: terms.storeTimeout as '1s',
      ttl: '1m',
      jitter: 0,
      tagHold: TAG_HOLD_MS,
      near: terms.near,
      ...(bug === 'values are decoded wrong' && { codec: WRONG }),
    })
    this.#cleared = this.#cache.namespace(CLEARED)
  }

  /** Plays to the end, and returns what it saw. */
  async play(): Promise<readonly HistoryEvent[]> {
    const { forMs, process } = this.#terms
    const loads = tracingChannel<unknown, TraceContexts['load']>('tiercel:load')
    const begun = new WeakMap<object, number>()
    const subscribers = {
      start: (context: object) => void begun.set(context, now()),
      end() {},
      asyncStart() {},
      asyncEnd: (context: TraceContexts['load']) => {
        const { namespace, key, leased } = context
        const name = namespace === CLEARED ? `${CLEARED} ${key}` : key
        this.#events.push({
          kind: 'load',
          process,
          key: name,
          leased,
          begin: begun.get(context) ?? now(),
          end: now(),
        } satisfies LoadEvent)
      },
      error() {},
    }
    loads.subscribe(subscribers as never)
    this.#until = now() + forMs
    await Promise.all([...Array.from({ length: READERS }, () => this.#read()), this.#write()])
    loads.unsubscribe(subscribers as never)
    await this.#cache.close()
    return this.#events
  }

  async #read(): Promise<void> {
    while (now() < this.#until) {
      const group = pick(['changed', 'quiet', CLEARED] as const)
      await this.#ask(group, pick(KEYS))
      await delay(2 + Math.random() * 4)
    }
  }

  async #ask(group: string, index: number): Promise<void> {
    const cache = group === CLEARED ? this.#cleared : this.#cache
    const key = `${group} ${index}`
    const begin = now()
    try {
      const name = group === CLEARED ? String(index) : key
      const options = group === 'quiet' ? { ttl: QUIET_TTL_MS } : {}
      const value = await cache.getOrSet(name, () => this.#load(key), options)
      const read = typeof value?.version === 'number' ? { key: String(value.of), version: value.version } : undefined
      const { process } = this.#terms
      this.#events.push({ kind: 'read', process, key, value: read, begin, end: now() } satisfies ReadEvent)
    } catch (error) {
      this.errors.push(String(error))
    }
  }

  async #load(key: string): Promise<Value> {
    const version = await this.#source.version(key)
    await delay(this.#terms.loadMs)
    return { of: key, version }
  }

  async #write(): Promise<void> {
    const { process, processes } = this.#terms
    const own = KEYS.filter((index) => index % processes === process)
    while (now() < this.#until) {
      await this.#change(pick(own))
      await delay(5 + Math.random() * 20)
    }
  }

  async #change(index: number): Promise<void> {
    const { sets, process } = this.#terms
    const how = pick(sets ? (['delete', 'delete', 'set', 'clear'] as const) : (['delete', 'delete', 'clear'] as const))
    const key = `${how === 'clear' ? CLEARED : 'changed'} ${index}`
    const begin = now()
    try {
      const version = await this.#source.change(key)
      const delivered = await this.#tell(how, key, version)
      this.#events.push({
        kind: 'change',
        process,
        key,
        version,
        how,
        delivered,
        begin,
        end: now(),
      } satisfies ChangeEvent)
    } catch (error) {
      this.errors.push(String(error))
    }
  }

  async #tell(how: ChangeEvent['how'], key: string, version: number): Promise<boolean> {
    if (how === 'clear') return (await this.#cleared.clear()) === 'delivered'
    if (how === 'delete') return (await this.#cache.delete(key)) === 'delivered'
    return this.#cache.set(key, { of: key, version } satisfies Value)
  }
}

/** A version that will come much later. */
const WRONG = {
  ...jsonCodec,
  decode(bytes: Uint8Array): unknown {
    const value = jsonCodec.decode(bytes) as Value
    return { ...value, version: value.version + (Math.random() < 0.1 ? 1_000 : 0) }
  },
}

/** The system's monotonic clock: the same in every process. */
function now(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)] as T
}
