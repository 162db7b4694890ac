import { InvalidOptionError } from '../../base/errors.js'
import type { Cache } from '../../data/cache.js'
import { type EngineHandle, handleOf } from '../../protocol/engine.js'
import type { Delivery } from '../../protocol/journal.js'
import { cacheStatusLine } from '../message/cache-status.js'
import { isUnsafe } from '../rules/invalidation.js'
import {
  type HttpCacheOptions,
  type HttpCacheRules,
  overHttpCacheOptions,
  parseHttpCacheOptions,
} from '../rules/options.js'
import { type PurgeOptions, parsePurgeOptions } from '../rules/purge-options.js'
import { Answers } from './answers.js'
import { CommonTags } from './common-tags.js'
import type { Exchange } from './exchange.js'
import { Filler } from './fill.js'
import { addKeyForm } from './key-forms.js'
import { OtherVariants } from './other-variants.js'
import { Patience } from './patience.js'
import { Posts } from './posts.js'
import { Purges } from './purges.js'
import { Reads } from './reads.js'
import { Resources } from './resource.js'
import { Runs } from './runs.js'
import { RunsBehind } from './runs-behind.js'
import { type WarmedUrls, type WarmUrlsOptions, warmUrls } from './warm.js'
import { WholeResponses } from './whole-responses.js'

/** Returned for a request that was answered before `handle` returned. One for all, since a promise is part of the cost of a hit. */
export const HANDLED: Promise<void> = Promise.resolve()

/**
 * The HTTP cache for one set of rules, on the leases of a data cache. Every entry point of a framework is this and an
 * `Exchange`.
 *
 * A URL has a slot with its Vary list and a version, each variant a slot that carries this version. The lease sits on
 * the best-known variant. A response that may not be stored leaves a short pass mark in its place.
 */
export class HttpCache {
  readonly #cache: Cache
  readonly #options: HttpCacheOptions
  readonly #rules: HttpCacheRules
  readonly #resources: Resources
  readonly #tags: CommonTags
  readonly #reads: Reads
  readonly #posts: Posts
  readonly #purges: Purges

  /** Made by `createHttpCache` and `with`. */
  constructor(cache: Cache, options: HttpCacheOptions, known?: Resources) {
    const handle: EngineHandle = handleOf(cache)
    const { engine } = handle
    const rules = parseHttpCacheOptions(options)
    const resources = known ?? new Resources(handle)
    const tags = new CommonTags(rules, resources)
    const hardTimeoutMs = rules.hardTimeoutMs ?? handle.hardTimeoutMs
    const waitTimeoutMs = rules.waitTimeoutMs ?? hardTimeoutMs / 2
    const patience = new Patience(engine.clock, { waitTimeoutMs, hardTimeoutMs })
    const whole = new WholeResponses(rules)
    const others = new OtherVariants(engine, rules, resources)
    const filler = new Filler({ engine, rules, resources, whole, others })
    const answers = new Answers(engine, rules, whole)
    const behind = new RunsBehind(this, { engine, rules, resources, filler, patience })
    const parts = { handle, rules, resources, filler, patience, answers, behind, hardTimeoutMs }
    const runs = new Runs(parts)
    this.#cache = cache
    this.#options = options
    this.#rules = rules
    this.#resources = resources
    this.#tags = tags
    this.#reads = new Reads({ ...parts, runs, tags, whole, others })
    this.#posts = new Posts({ engine, rules, resources, runs, filler })
    this.#purges = new Purges(engine, rules, resources)
    addKeyForm(engine, rules)
  }

  /** Whether every read passes (`bypass: true`). Entry points then leave reads to a cache further inside. */
  get hearsOnly(): boolean {
    return this.#rules.bypass === true
  }

  /** The same cache with other options over these. @throws InvalidOptionError naming the option. */
  with(options: HttpCacheOptions): HttpCache {
    return new HttpCache(this.#cache, overHttpCacheOptions(options, this.#options), this.#resources)
  }

  /**
   * Answers a request from the cache, or has its handler answer it. Never fails for the store: without it every handler
   * runs. Rejects only for a fault of the entry point, and with what the route's `vary` or `bypass` throws.
   */
  handle(exchange: Exchange): Promise<void> {
    try {
      if (isUnsafe(exchange.methodNow ?? exchange.request.method)) {
        this.#write(exchange)
        return HANDLED
      }
      const work = this.#reads.handle(exchange)
      if (work === undefined) return HANDLED
      this.#rules.waitUntil?.(work.catch(() => {}))
      return work
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Lets the handler answer a write, and invalidates what it has changed. */
  #write(exchange: Exchange): void {
    const { request } = exchange
    const [, cacheStatus] = cacheStatusLine({ hit: false, forward: 'method' }, this.#rules.cacheStatus)
    const kept = this.#posts.plan(request, (name) => this.#tags.of(name))
    exchange.write({ cacheStatus, invalidate: this.#purges.afterWrite(request), ...kept })
  }

  /**
   * Removes a URL in all its spellings, with all its variants, under the keys of every `HttpCache` that this process has
   * made on the cache: what is loading now is not served afterwards either.
   * @param url Absolute; or path and query alone where this cache's key has no host.
   * @throws InvalidOptionError when nothing could be stored under `url`, StoreClosedError
   */
  async purge(url: string, options: PurgeOptions = {}): Promise<Delivery> {
    return this.#purges.url(url, parsePurgeOptions(options).soft)
  }

  /**
   * Removes every response, and every entry of the data cache below, that carries one of the tags: in one write for each,
   * as `cache.invalidateTags`. Other processes see it at most `tagHold` (default 1 s) later.
   * @throws InvalidOptionError naming `tags`, StoreClosedError
   */
  async purgeTags(tags: readonly string[], options: PurgeOptions = {}): Promise<Delivery> {
    return this.#purges.tags(tags, parsePurgeOptions(options).soft)
  }

  /**
   * Removes the responses of all URLs, on every host, whose path begins with these segments, `/products` with
   * `/products/`: in one write. The routes must have a `prefixDepth` of as many. Other processes see it at most `tagHold`
   * (default 1 s) later.
   * @throws InvalidOptionError naming `prefix`, StoreClosedError
   */
  async purgePrefix(prefix: string, options: PurgeOptions = {}): Promise<Delivery> {
    return this.#purges.prefix(prefix, parsePurgeOptions(options).soft)
  }

  /**
   * Voids every response of every route on this cache, in one write. The data cache keeps its entries. Other processes
   * see it at most `tagHold` (default 1 s) later. @throws StoreClosedError
   */
  async purgeAll(options: PurgeOptions = {}): Promise<Delivery> {
    return this.#purges.all(parsePurgeOptions(options).soft)
  }

  /**
   * Has the application asked for each URL, a few at a time, so that the responses are stored. Needs a way to it: a
   * `fetch`, or the network. How many are stored, and which are not, with the reasons; it throws none of them.
   * @throws InvalidOptionError naming the option; the reason of the `signal`.
   */
  warm(urls: Iterable<string>, options: WarmUrlsOptions = {}): Promise<WarmedUrls> {
    return warmUrls(urls, options)
  }
}

/**
 * The engine behind every `httpCache`, for callers that hold it themselves: to purge, or to share it among routes.
 * @throws InvalidOptionError naming the option.
 */
export function createHttpCache(cache: Cache, options: HttpCacheOptions = {}): HttpCache {
  return new HttpCache(cache, options)
}

/** What every entry point takes: a cache and options, or an engine made of them. @throws InvalidOptionError */
export function toHttpCache(cache: Cache | HttpCache, options: HttpCacheOptions | undefined): HttpCache {
  if (!(cache instanceof HttpCache)) return createHttpCache(cache, options)
  if (options !== undefined && Object.keys(overHttpCacheOptions(options, {})).length > 0) {
    throw new InvalidOptionError('options', 'an HttpCache already has its options')
  }
  return cache
}
