import { isDeepStrictEqual } from 'node:util'
import type { CancelTimer, Clock } from '../base/clock.js'
import type { Duration } from '../base/duration.js'
import { amount, callback, count, duration } from '../base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../base/option-table.js'
import type { Cache } from '../data/cache.js'
import { handleOf } from '../protocol/engine.js'
import type { Key } from '../protocol/key.js'

/** A value that a cache still served after its source had changed longer ago than is allowed. */
export interface StaleEntry {
  readonly key: Key
  /** What the cache serves. */
  readonly cached: unknown
  /** What the source says. */
  readonly present: unknown
  /** Milliseconds between the two looks: the cache is at least this late. */
  readonly lateMs: number
}

export interface AuditOptions {
  /** What a loader of this key would answer now, without the cache. `undefined`: no value, or nothing to compare. */
  readonly source: (key: Key) => unknown
  /**
   * Share of hits to compare, 0 to 1. Each costs at most two reads of the cache, and two of the source. Default 0.001.
   */
  readonly sample?: number | undefined
  /**
   * How soon a change of the source must show: the time that your invalidations take, including replicas and queues, or
   * the `ttl` if nothing invalidates. Default `'10s'`.
   */
  readonly within?: Duration | undefined
  /** Most keys that are looked at, or waited for, at once; further hits are left out. Default 100. */
  readonly maxPending?: number | undefined
  /** Whether two values are equal to the application. Default: `isDeepStrictEqual` of `node:util`. */
  readonly isSame?: ((cached: unknown, present: unknown) => boolean) | undefined
  /** Called with each finding; must not throw. Default: findings are only counted. */
  readonly onStale?: ((entry: StaleEntry) => void) | undefined
}

/** The results of an audit since it began. */
export interface AuditReport {
  /** Hits of the cache, including those of the near cache. */
  readonly hits: number
  /** Hits whose value was compared with the source. */
  readonly compared: number
  /** Equal at the first look. */
  readonly same: number
  /** Different at the first look, and corrected within the time. */
  readonly caughtUp: number
  /** Different, and still served when the time was over. */
  readonly stale: number
  /** Gone before the comparison, or without anything to compare with. */
  readonly skipped: number
  /** The source failed. */
  readonly failed: number
  /** Keys that are being looked at, or waited for, now. */
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
 * Compares hits of a cache with its source, in production, after Meta's Polaris. A value that differs is looked at
 * again once the change must have shown. It is a finding only if the cache still serves the same value and the source
 * still says something else; a change under way, or a replica that lags behind, is not.
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
    const { engine, namespace } = handleOf(cache)
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

  /** Stops looking at hits, also at those that are pending. Idempotent. */
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
    // The audit's own reads are hits too.
    if (this.#pending.has(name)) return
    this.#pending.add(name)
    // After the caller's answer.
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

  /** Resolves with whether the key has to be looked at again. Never rejects. */
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
    // The value may have changed back, or the source itself was late.
    if (isSame(cached, present.value) || isSame(cached, before)) return void this.#end('caughtUp')
    this.#end('stale')
    onStale?.({ key, cached, present: present.value, lateMs: withinMs })
  }

  /** What is served now, also by the near cache. Leaves out what is stale by the application's own choice. */
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
 * Samples the hits of a cache, or of one namespace, and reports values that are older than allowed:
 * `auditCache(cache, { sample: 0.001, source: (key) => db.load(key), within: '5s' })`. Values are compared as a hit
 * returns them: with a codec that changes them, give `source` the same change, or set `isSame`.
 * @throws InvalidOptionError naming the option.
 */
export function auditCache(cache: Cache, options: AuditOptions): CacheAudit {
  return new CacheAudit(cache, TABLE.read(options))
}
