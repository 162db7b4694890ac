import { InvalidOptionError, UndeliveredError } from '../../base/errors.js'
import type { Cache } from '../../data/cache.js'
import type { Loading } from '../../protocol/call.js'
import { type EngineHandle, engineOf } from '../../protocol/engine.js'
import type { Delivery } from '../../protocol/journal.js'
import type { Stats } from '../../protocol/stats.js'
import { cacheStatusLine } from '../message/cache-status.js'
import type { CacheRequest, CacheResponse } from '../message/message.js'
import { admission } from '../rules/admission.js'
import { asksForLess } from '../rules/client-answer.js'
import { invalidatedTargets, isUnsafe } from '../rules/invalidation.js'
import type { UrlKey } from '../rules/key.js'
import {
  type HttpCacheOptions,
  type HttpCacheRules,
  overHttpCacheOptions,
  parseHttpCacheOptions,
} from '../rules/options.js'
import { purgeRequests } from '../rules/purge.js'
import { ownParts, variantKey } from '../rules/vary.js'
import { type Asked, address, chosenParts, isBypassed } from './asked.js'
import type { Exchange } from './exchange.js'
import { addKeyForm, keyForms } from './key-forms.js'
import { runOpenly } from './pass.js'
import { type Located, type Resource, Resources, type UrlText } from './resource.js'
import { missOf, Runs } from './runs.js'
import { serve } from './serve.js'
import { type StaleFound, staleOf } from './stale.js'
import { openVariant, type Variant } from './variant.js'

/** How often a request starts over when what it waited for turned out to be no answer to it. */
const MAX_ROUNDS = 3

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
  readonly #handle: EngineHandle
  readonly #rules: HttpCacheRules
  readonly #resources: Resources
  readonly #runs: Runs

  /** Made by `createHttpCache` and `with`. */
  constructor(cache: Cache, options: HttpCacheOptions, resources?: Resources) {
    this.#cache = cache
    this.#options = options
    this.#handle = engineOf(cache)
    this.#rules = parseHttpCacheOptions(options)
    this.#resources = resources ?? new Resources(this.#handle)
    this.#runs = new Runs(this, this.#handle, this.#rules, this.#resources)
    addKeyForm(this.#handle.engine, this.#rules)
  }

  /** Whether every read passes (`bypass: true`): entry points leave reads alone then, so that a cache inside has them. */
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
  async handle(exchange: Exchange): Promise<void> {
    const { request } = exchange
    if (isUnsafe(request.method)) {
      // The cache has heard of it.
      const [, cacheStatus] = cacheStatusLine({ hit: false, forward: 'method' }, this.#rules.cacheStatus)
      exchange.write({ cacheStatus, invalidate: (head) => this.#afterUnsafe(request, head) })
      return
    }
    if (isBypassed(request, this.#rules))
      return runOpenly(exchange, this.#rules, { forward: 'bypass', detail: 'route asks for it' })
    const admitted = admission(request, this.#rules)
    if (admitted.use === 'bypass')
      return runOpenly(exchange, this.#rules, { forward: admitted.forward, detail: admitted.reason })
    const found = address(request, this.#rules)
    if (!found.ok) return runOpenly(exchange, this.#rules, { forward: 'bypass', detail: found.reason })
    const { key, name, url } = found
    const asked: Asked = {
      exchange,
      key,
      url,
      own: ownParts(request, key, name, chosenParts(request, this.#rules), this.#rules),
      waitUntil: this.#runs.waitUntil,
      publicOnly: admitted.use === 'public-only' ? admitted.reason : undefined,
    }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (await this.#round(asked)) return
    }
    this.#runs.runAlone(asked, 'miss', 'what this request waited for was no answer to it')
  }

  /**
   * Removes a URL in all its spellings, with all its variants, under the keys of every `HttpCache` that this process has
   * made on the cache: what is loading now is not served afterwards either.
   * @param url Absolute; or path and query alone where this cache's key has no host.
   * @throws InvalidOptionError when nothing could be stored under `url`, StoreClosedError
   */
  async purge(url: string): Promise<Delivery> {
    const deletes = this.#deletes(purgeRequests(url, this.#rules))
    if (deletes.length === 0) throw new InvalidOptionError('url', 'no response is ever stored for it')
    const outcomes = await Promise.all(deletes)
    return outcomes.includes('journaled') ? 'journaled' : 'delivered'
  }

  /** Voids every response of every route on this cache, in one write. The data cache keeps its entries. @throws StoreClosedError */
  async purgeAll(): Promise<Delivery> {
    return this.#handle.engine.invalidations.clear(this.#resources.namespace)
  }

  /** Whether the request was answered; else what it waited for turned out to be no answer to it, and it looks again. */
  async #round(asked: Asked): Promise<boolean> {
    const { exchange, key, url, own, publicOnly } = asked
    const { stats, clock } = this.#handle.engine
    let located: Located
    let resource: Resource
    let stale: StaleFound | undefined
    let behind: Loading | undefined
    try {
      located = await this.#resources.locate(url, (vary) => variantKey(own, vary, exchange.request, key, this.#rules))
      const found = open(located, stats)
      if (found !== undefined && !('pass' in found) && (publicOnly === undefined || found.public)) {
        if (!serve(exchange, found, clock.now(), undefined, this.#rules.cacheStatus)) {
          return this.#runs.leaveToHandler(asked, 'request')
        }
        stats.hit(this.#resources.namespace, key)
        return true
      }
      if (publicOnly !== undefined) {
        runOpenly(exchange, this.#rules, { forward: 'bypass', detail: publicOnly })
        return true
      }
      stale = staleOf(located, clock.now(), stats)
      behind = stale && this.#runs.behind(asked, located)
      if (stale?.servable && behind !== undefined) {
        if (!serve(exchange, stale.stored, clock.now(), undefined, this.#rules.cacheStatus)) {
          return this.#runs.leaveToHandler(asked, 'request')
        }
        stats.stale(this.#resources.namespace, key)
        await this.#runs.refresh(asked, located, stale, behind)
        return true
      }
      if (found !== undefined) return this.#runs.runAlone(asked, 'miss', 'pass' in found ? found.pass : undefined)
      if (exchange.request.method === 'HEAD') {
        return this.#runs.runAlone(asked, missOf(located.resource), 'a HEAD is answered from a stored GET')
      }
      const asksFor = exchange.request.headers
      if (asksForLess(asksFor) && !this.#runs.whole.willDo(url, asksFor, located.resource !== undefined)) {
        return this.#runs.leaveToHandler(asked, missOf(located.resource))
      }
      resource = await this.#runs.ensure(asked, located)
    } catch (error) {
      const undelivered = error instanceof UndeliveredError
      return this.#runs.runAlone(
        asked,
        'miss',
        undelivered ? 'a purge of this URL has not reached the store yet' : 'the store does not answer',
      )
    }
    return this.#runs.joinOrRun(asked, located, resource, stale?.servableOnError ? behind : undefined)
  }

  /** RFC 9111 section 4.4. Settled before the answer ends: a client that has read it must not find the old response. */
  #afterUnsafe(request: CacheRequest, head: CacheResponse): Promise<void> | undefined {
    const targets = invalidatedTargets(request, head).map((target) => ({ ...request, target, url: target }))
    const deletes = this.#deletes(targets)
    // Of a cache that is closed there is nothing to fear: it answers nobody.
    return deletes.length === 0 ? undefined : Promise.allSettled(deletes).then(() => undefined)
  }

  /** Of every name under which these requests may be stored. */
  #deletes(requests: readonly CacheRequest[]): Promise<Delivery>[] {
    const { engine } = this.#handle
    const { namespace } = this.#resources
    const keys = new Map<UrlText, UrlKey>()
    for (const form of keyForms(engine)) {
      for (const request of requests) {
        const found = address(request, form)
        if (found.ok) keys.set(found.url, found.key)
      }
    }
    return Array.from(keys, ([url, key]) => engine.invalidations.delete(this.#resources.urlSlot(url), namespace, key))
  }
}

function open({ variantSlot, variant: { state } }: Located, stats: Stats): Variant | undefined {
  if (state.is !== 'fresh') return undefined
  try {
    return openVariant(state.frame)
  } catch {
    stats.unreadable(variantSlot, 'value')
    return undefined
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
