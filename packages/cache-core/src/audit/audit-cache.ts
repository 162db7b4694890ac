import { isDeepStrictEqual } from 'node:util'
import type { CancelTimer, Clock } from '../base/clock.js'
import type { Duration } from '../base/duration.js'
import { amount, callback, count, duration } from '../base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../base/option-table.js'
import type { Cache } from '../data/cache.js'
import { engineOf } from '../protocol/engine.js'
import type { Key } from '../protocol/key.js'

/** What a cache served after the source had said something else for longer than it may. */
export interface StaleEntry {
  readonly key: Key
  /** What the cache serves. */
  readonly cached: unknown
  /** What the source says. */
  readonly present: unknown
  /** Milliseconds between the two looks: the cache is late by this at the least. */
  readonly lateMs: number
}

export interface AuditOptions {
  /** What a loader of this key would answer now, past the cache. `undefined`: there is nothing, or nothing to compare. */
  readonly source: (key: Key) => unknown
  /** The share of hits that are compared, 0 to 1. Each costs two reads of the cache at most, and two of the source. Default 0.001. */
  readonly sample?: number | undefined
  /**
   * How soon a change of the source must show: what your invalidations take, replicas and queues included, or the `ttl`
   * where nothing invalidates. Default `'10s'`.
   */
  readonly within?: Duration | undefined
  /** Keys that are looked at, or waited for, at once; hits beyond it are left out. Default 100. */
  readonly maxPending?: number | undefined
  /** Whether two values are the same to the application. Default: `isDeepStrictEqual` of `node:util`. */
  readonly isSame?: ((cached: unknown, present: unknown) => boolean) | undefined
  /** Told of each finding; must not throw. Default: they are only counted. */
  readonly onStale?: ((entry: StaleEntry) => void) | undefined
}

/** What an audit has come to since it began. */
export interface AuditReport {
  /** Hits of the cache, those of the near cache among them. */
  readonly hits: number
  /** Hits whose value was compared with the source. */
  readonly compared: number
  /** The same at the first look. */
  readonly same: number
  /** Different at the first look, and put right within the time. */
  readonly caughtUp: number
  /** Different, and still served when the time was over. */
  readonly stale: number
  /** Gone, or without anything to compare, before they could be compared. */
  readonly skipped: number
  /** The source failed. */
  readonly failed: number
  /** Keys that are looked at, or waited for, now. */
  readonly pending: number
}

const OPTIONS = {
  source: callback<AuditOptions['source']>('a function such as (key) => db.load(key)').required(
    'for example { source: (key) => db.load(key) }',
  ),
  sample: amount({ min: 0, max: 1 }).or(0.001),
  within: duration().or('10s'),
  maxPending: count().or(100),
  isSame: callback<NonNullable<AuditOptions['isSame']>>('a function such as (cached, present) => boolean').or(
    isDeepStrictEqual,
  ),
  onStale: callback<NonNullable<AuditOptions['onStale']>>('a function such as (entry) => log(entry)'),
} satisfies RowsOf<AuditOptions>

const TABLE = new OptionTable('auditCache', OPTIONS)

type Counters = { -readonly [Name in Exclude<keyof AuditReport, 'pending'>]: number }

/**
 * Compares hits of a cache with its source, in production, after Meta's Polaris: what differs is looked at again when the
 * change must have shown, and is a finding only if the cache still serves the same value and the source still says
 * something else. So a change under way, or a replica that lags behind, is none.
 */
export class CacheAudit {
  readonly #cache: Cache
  readonly #options: Parsed<typeof OPTIONS>
  readonly #clock: Clock
  readonly #unwatch: () => void
  readonly #pending = new Set<string>()
  readonly #timers = new Set<CancelTimer>()
  readonly #counters: Counters = { hits: 0, compared: 0, same: 0, caughtUp: 0, stale: 0, skipped: 0, failed: 0 }
  #stopped = false

  /** @internal Made by `auditCache`. */
  constructor(cache: Cache, options: Parsed<typeof OPTIONS>) {
    const { engine, namespace } = engineOf(cache)
    this.#cache = cache
    this.#options = options
    this.#clock = engine.clock
    this.#unwatch = engine.stats.watchHits((label, key) => {
      if (label === namespace) this.#onHit(key)
    })
  }

  report(): AuditReport {
    return { ...this.#counters, pending: this.#pending.size }
  }

  /** No hit is looked at any more, nor what is pending. Idempotent. */
  stop(): void {
    this.#stopped = true
    this.#unwatch()
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#pending.clear()
  }

  #onHit(key: Key): void {
    this.#counters.hits++
    const { sample, maxPending } = this.#options
    if (Math.random() >= sample || this.#pending.size >= maxPending) return
    const name = JSON.stringify(key)
    // Its own reads are hits, too.
    if (this.#pending.has(name)) return
    this.#pending.add(name)
    // Behind the caller's answer.
    setImmediate(() => {
      void this.#look(key, (cached, present) => {
        const cancel = this.#clock.after(this.#options.withinMs, () => {
          this.#timers.delete(cancel)
          void this.#lookAgain(key, cached, present).finally(() => this.#pending.delete(name))
        })
        this.#timers.add(cancel)
      }).then((waits) => {
        if (!waits) this.#pending.delete(name)
      })
    })
  }

  /** Whether it has to be looked at again. Never rejects. */
  async #look(key: Key, onDifferent: (cached: unknown, present: unknown) => void): Promise<boolean> {
    const cached = await this.#cached(key)
    if (cached === undefined) return this.#end('skipped')
    const present = await this.#present(key)
    if (this.#stopped || present === undefined) return false
    this.#counters.compared++
    if (this.#options.isSame(cached, present.value)) return this.#end('same')
    onDifferent(cached, present.value)
    return true
  }

  async #lookAgain(key: Key, first: unknown, before: unknown): Promise<void> {
    const { isSame, withinMs, onStale } = this.#options
    const cached = await this.#cached(key)
    if (cached === undefined || !isSame(first, cached)) return void this.#end('caughtUp')
    const present = await this.#present(key)
    if (this.#stopped || present === undefined) return
    // It may have changed back, or it was the source that was late.
    if (isSame(cached, present.value) || isSame(cached, before)) return void this.#end('caughtUp')
    this.#end('stale')
    onStale?.({ key, cached, present: present.value, lateMs: withinMs })
  }

  /** What is served now, by the near cache too. What is stale by the application's own wish is none of it. */
  async #cached(key: Key): Promise<unknown> {
    try {
      return await this.#cache.get(key)
    } catch {
      return undefined
    }
  }

  async #present(key: Key): Promise<{ readonly value: unknown } | undefined> {
    try {
      const value = await this.#options.source(key)
      if (value !== undefined) return { value }
      this.#end('skipped')
    } catch {
      this.#end('failed')
    }
    return undefined
  }

  #end(how: keyof Counters): false {
    if (!this.#stopped) this.#counters[how]++
    return false
  }
}

/**
 * Samples the hits of a cache, or of one namespace, and reports what is older than it may be: `auditCache(cache, { sample:
 * 0.001, source: (key) => db.load(key), within: '5s' })`. Values must be what a hit returns: with a codec that changes
 * them, give `source` the same change, or `isSame`.
 * @throws InvalidOptionError naming the option.
 */
export function auditCache(cache: Cache, options: AuditOptions): CacheAudit {
  return new CacheAudit(cache, TABLE.read(options))
}
