import { channelOf, type DiagnosticEvents, report } from '../base/diagnostics.js'
import { Latencies, type LatencySummary } from '../base/latencies.js'
import { type Key, keyName } from './key.js'
import { LoadTimes } from './load-times.js'

/** What a cache counted since it was made, its namespaces included. */
export interface CacheStats {
  /** Reads answered from the store. */
  readonly hits: number
  /** Reads answered by the near cache, stale values among them. */
  readonly nearHits: number
  /** Entries in the near cache, and the bytes that they take with their keys. */
  readonly nearEntries: number
  readonly nearBytes: number
  /** Messages heard from other processes: invalidations and heartbeats. */
  readonly busMessages: number
  /** Calls answered with a stale value: while it is refreshed, or because its load failed or was slow. */
  readonly staleHits: number
  /** Reads that found nothing to serve. */
  readonly misses: number
  /** Loaders run under a lease. */
  readonly loads: number
  /** Loaders run behind an answer, for a value that was stale, or soon would be. */
  readonly refreshes: number
  /** Loaders run without a lease: the store was unreachable, or a wait came to its bound. Nothing was stored. */
  readonly unleasedLoads: number
  /**
   * Loaders run beside one of another process that took suspiciously long, one at a time for each key among all processes.
   * They count in `loads`, too.
   */
  readonly hedges: number
  /** Loaders that threw, rejected or ran into `hardTimeout`. */
  readonly loadErrors: number
  /** Callers answered by a load of their own process. */
  readonly joins: number
  /** Callers that waited for a load of another process. */
  readonly waits: number
  /** Loaded values stored. */
  readonly stores: number
  /** Loaded values not stored: deleted meanwhile, skipped, too large, or the store did not take them. */
  readonly unstored: number
  /**
   * Reads that met something they could not read: damaged, poisoned, sealed with another secret, of another shape, or not
   * valid. Each was a miss.
   */
  readonly unreadable: number
  /** Invalidations that the store has not heard yet. */
  readonly journaled: number
  /** Servers that do not answer, and are not asked by callers until they do. */
  readonly openBreakers: number
  /** Bytes of responses that are held now while they are captured, at most `maxCaptureBytes`. */
  readonly captureBytes: number
  /** Bytes of stored responses that are held now for clients that have not read them, at most `maxSendBytes`. */
  readonly sendBytes: number
  /** How long things took, in milliseconds. What failed, or missed its deadline, is not in it. */
  readonly latency: {
    /** Loaders. */
    readonly load: LatencySummary
    /** Operations on the store; `undefined` for one in this process. */
    readonly storeRead: LatencySummary | undefined
    readonly storeWrite: LatencySummary | undefined
  }
}

/** Statistics that count no events, and are kept elsewhere. */
type Levels = 'journaled' | 'openBreakers' | 'captureBytes' | 'sendBytes' | 'nearEntries' | 'nearBytes' | 'latency'

type Counters = { -readonly [Name in Exclude<keyof CacheStats, Levels>]: number }

/** The namespace, as diagnostics name it. */
interface Subject {
  /** The namespace's name. */
  readonly label: string
}

const hits = channelOf('hit')
const nearHits = channelOf('near-hit')

/** @param label The namespace's name. */
export type HitWatcher = (label: string, key: Key) => void

/** Counts what happens and reports it on diagnostics, in one call. */
export class Stats {
  readonly loadLatencies = new Latencies()
  readonly loadTimes = new LoadTimes(this.loadLatencies)
  #watchers: readonly HitWatcher[] = []
  readonly #counters: Counters = {
    hits: 0,
    nearHits: 0,
    busMessages: 0,
    staleHits: 0,
    misses: 0,
    loads: 0,
    refreshes: 0,
    hedges: 0,
    unleasedLoads: 0,
    loadErrors: 0,
    joins: 0,
    waits: 0,
    stores: 0,
    unstored: 0,
    unreadable: 0,
  }

  get counters(): Readonly<Counters> {
    return this.#counters
  }

  /** Has each hit reported, whatever its source. Returns a function that ends that. */
  watchHits(watcher: HitWatcher): () => void {
    this.#watchers = [...this.#watchers, watcher]
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== watcher)
    }
  }

  hit({ label }: Subject, key: Key): void {
    this.#counters.hits++
    if (this.#watchers.length > 0) this.#tell(label, key)
    if (hits.hasSubscribers) hits.publish({ namespace: label, key: keyName(key) } satisfies DiagnosticEvents['hit'])
  }

  /** A reader got what is near. */
  nearHit({ label }: Subject, key: Key): void {
    this.#counters.nearHits++
    if (this.#watchers.length > 0) this.#tell(label, key)
    if (nearHits.hasSubscribers) {
      nearHits.publish({ namespace: label, key: keyName(key) } satisfies DiagnosticEvents['near-hit'])
    }
  }

  /** A message of another process came. */
  heard(): void {
    this.#counters.busMessages++
  }

  miss({ label }: Subject, key: Key): void {
    this.#counters.misses++
    report('miss', () => ({ namespace: label, key: keyName(key) }))
  }

  unreadable(slot: string, part: 'frame' | 'value'): void {
    this.#counters.unreadable++
    report('unreadable', () => ({ slot, part }))
  }

  joined(): void {
    this.#counters.joins++
  }

  waited(): void {
    this.#counters.waits++
  }

  loading(leased: boolean): void {
    this.#counters[leased ? 'loads' : 'unleasedLoads']++
  }

  loadFailed({ label }: Subject, key: Key, error: unknown): void {
    this.#counters.loadErrors++
    report('load-error', () => ({ namespace: label, key: keyName(key), error }))
  }

  /** A caller got what is stale. */
  stale({ label }: Subject, key: Key): void {
    this.#counters.staleHits++
    report('stale', () => ({ namespace: label, key: keyName(key) }))
  }

  refreshing(): void {
    this.#counters.refreshes++
  }

  /** A function of an HTTP route has failed: it threw, or returned what cannot be meant. */
  routeFailed({ label }: Subject, option: string, error: unknown): void {
    report('route-error', () => ({ namespace: label, option, error }))
  }

  hedging(): void {
    this.#counters.hedges++
  }

  /** A loader ran. `value`: whether there was something to store. */
  loaded(
    { label }: Subject,
    key: Key,
    load: {
      readonly leased: boolean
      readonly value: boolean
      readonly stored: boolean
      readonly failed: boolean
      readonly durationMs: number
    },
  ): void {
    const { leased, value, stored, failed, durationMs } = load
    if (!failed) this.loadLatencies.record(durationMs)
    if (stored) this.#counters.stores++
    else if (value) this.#counters.unstored++
    report('load', () => ({ namespace: label, key: keyName(key), leased, stored, durationMs }))
  }

  /** @param key `undefined`: everything in the namespace. @param soft Whether it is stale, instead of void. */
  invalidated({ label }: Subject, key: Key | undefined, outcome: 'delivered' | 'journaled', soft = false): void {
    report('invalidation', () => {
      const named = { namespace: label, key: key === undefined ? undefined : keyName(key), outcome }
      return soft ? { ...named, soft } : named
    })
  }

  /** @param soft Whether what carries a tag is stale, instead of void. */
  tagsInvalidated(
    { label }: Subject,
    tags: readonly string[],
    { soft, outcome }: { readonly soft: boolean; readonly outcome: 'delivered' | 'journaled' },
  ): void {
    report('invalidation', () => ({ namespace: label, key: undefined, tags, soft, outcome }))
  }

  #tell(label: string, key: Key): void {
    for (const watch of this.#watchers) watch(label, key)
  }
}
