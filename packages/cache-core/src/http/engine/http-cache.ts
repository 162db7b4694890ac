import { InvalidOptionError, UndeliveredError } from '../../base/errors.js'
import type { Cache } from '../../data/cache.js'
import { type EngineHandle, engineOf } from '../../protocol/engine.js'
import type { Delivery } from '../../protocol/journal.js'
import { cacheStatusLine } from '../message/cache-status.js'
import { admission } from '../rules/admission.js'
import { asksForLess, asksForPartOnly, asksForVersion } from '../rules/client-answer.js'
import { isUnsafe } from '../rules/invalidation.js'
import {
  type HttpCacheOptions,
  type HttpCacheRules,
  overHttpCacheOptions,
  parseHttpCacheOptions,
} from '../rules/options.js'
import { prefixTags } from '../rules/prefix.js'
import { type PurgeOptions, parsePurgeOptions } from '../rules/purge-options.js'
import type { ResourceName } from '../rules/resource-name.js'
import { acceptsStale, isReusable, wishesOf } from '../rules/reuse.js'
import { fixedTags } from '../rules/route-verdict.js'
import { ownParts, variantKey } from '../rules/vary.js'
import { Addresses } from './addresses.js'
import { type Asked, chosenParts, isBypassed } from './asked.js'
import type { Exchange } from './exchange.js'
import { addKeyForm } from './key-forms.js'
import { type Match, match } from './match.js'
import { runOpenly } from './pass.js'
import { Posts } from './posts.js'
import { Purges } from './purges.js'
import { type Located, type Resource, Resources, type UrlText } from './resource.js'
import { type Behind, missOf, Runs } from './runs.js'
import { type StaleFound, staleOf } from './stale.js'
import type { StoredResponse } from './stored-response.js'
import type { Variant } from './variant.js'
import { type WarmedUrls, type WarmUrlsOptions, warmUrls } from './warm.js'

/** Of a request that was on its way before `handle` returned: one for all, since each promise is a part of what a hit costs. */
export const HANDLED: Promise<void> = Promise.resolve()

const NO_TAGS: readonly string[] = []

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
  readonly #addresses: Addresses
  readonly #posts: Posts
  readonly #purges: Purges
  /** What every response carries. */
  readonly #tags: readonly string[]

  /** Made by `createHttpCache` and `with`. */
  constructor(cache: Cache, options: HttpCacheOptions, resources?: Resources) {
    this.#cache = cache
    this.#options = options
    this.#handle = engineOf(cache)
    this.#rules = parseHttpCacheOptions(options)
    this.#resources = resources ?? new Resources(this.#handle)
    this.#runs = new Runs(this, this.#handle, this.#rules, this.#resources)
    this.#posts = new Posts(this.#handle, this.#rules, this.#resources, this.#runs)
    this.#purges = new Purges(this.#handle.engine, this.#rules, this.#resources)
    this.#tags = fixedTags(this.#rules)
    this.#addresses = new Addresses(this.#rules)
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
  handle(exchange: Exchange): Promise<void> {
    try {
      const asked = this.#ask(exchange)
      if (asked === undefined || this.#answerAtOnce(asked)) return HANDLED
      const work = this.#answer(asked)
      this.#rules.waitUntil?.(work.catch(() => {}))
      return work
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** What the request asks of the cache; `undefined` where that is nothing, and it is on its way. */
  #ask(exchange: Exchange): Asked | undefined {
    const { request } = exchange
    if (isUnsafe(request.method)) {
      // The cache has heard of it.
      const [, cacheStatus] = cacheStatusLine({ hit: false, forward: 'method' }, this.#rules.cacheStatus)
      const kept = this.#posts.plan(request, (name) => this.#tagsOf(name))
      exchange.write({ cacheStatus, invalidate: this.#purges.afterWrite(request), ...kept })
      return undefined
    }
    if (isBypassed(request, this.#rules))
      return this.#pass(exchange, { forward: 'bypass', detail: 'route asks for it' })
    const admitted = admission(request, this.#rules)
    if (admitted.use === 'bypass') return this.#pass(exchange, { forward: admitted.forward, detail: admitted.reason })
    const found = this.#addresses.of(request)
    if (!found.ok) return this.#pass(exchange, { forward: 'bypass', detail: found.reason })
    const { key, name, url } = found
    const asked: Asked = {
      exchange,
      key,
      url,
      tags: this.#tagsOf(name, url),
      own: ownParts(request, key, name, chosenParts(request, this.#rules), this.#rules),
      waitUntil: this.#runs.waitUntil,
      publicOnly: admitted.use === 'public-only' ? admitted.reason : undefined,
      credentials: admitted.use === 'cache' && admitted.credentials,
      wishes: wishesOf(request.headers, this.#rules),
    }
    if (!asked.wishes.noStore) return asked
    this.#runs.runAlone(asked, 'request', 'request says no-store')
    return undefined
  }

  #pass(exchange: Exchange, status: Parameters<typeof runOpenly>[2]): undefined {
    runOpenly(exchange, this.#rules, status)
    return undefined
  }

  async #answer(asked: Asked): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if ((round > 0 && this.#answerAtOnce(asked)) || (await this.#round(asked))) return
    }
    this.#runs.runAlone(asked, 'miss', 'what this request waited for was no answer to it')
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

  /** Whether the request was answered by what is at hand: near, or in a store of this process. */
  #answerAtOnce(asked: Asked): boolean {
    const { exchange, key, url, publicOnly, wishes } = asked
    const { stats, clock } = this.#handle.engine
    const { namespace } = this.#resources
    const partsOf = this.#partsOf(asked)
    const near = this.#resources.nearby(url, partsOf)
    if (near?.fresh && this.#answerNear(asked, near.variant, isReusable, () => stats.nearHit(namespace, key)))
      return true
    const located = this.#resources.locateAtHand(url, partsOf)
    const found = located && match(located, exchange.request, wishes, this.#rules, clock.now())
    if (found?.is !== 'usable' || (publicOnly !== undefined && !found.stored.public)) return false
    if (this.#runs.serve(asked, found.stored, undefined)) stats.hit(namespace, key)
    return true
  }

  /** The key parts of the variant that a Vary list selects for this request. */
  #partsOf({ exchange, key, own }: Asked): (vary: readonly string[]) => readonly string[] {
    return (vary) => variantKey(own, vary, exchange.request, key, this.#rules)
  }

  /** What every response of a URL carries, and what its last one has named itself where its text is given. */
  #tagsOf([, path]: ResourceName, url?: UrlText): readonly string[] {
    const { prefixDepth } = this.#rules
    const hinted = url === undefined ? NO_TAGS : this.#resources.hintedTags(url)
    if (prefixDepth === 0 && hinted.length === 0) return this.#tags
    return [...new Set([...this.#tags, ...prefixTags(path, prefixDepth), ...hinted])]
  }

  /** Whether the request was answered; else what it waited for turned out to be no answer to it, and it looks again. */
  async #round(asked: Asked): Promise<boolean> {
    const { exchange, key, url, tags, publicOnly, wishes } = asked
    const { stats, clock } = this.#handle.engine
    const rules = this.#rules
    let located: Located
    let resource: Resource
    let found: Match
    let stale: StaleFound | undefined
    let behind: Behind | undefined
    let part = false
    const { namespace } = this.#resources
    const partsOf = this.#partsOf(asked)
    try {
      located = await this.#resources.locate(url, partsOf, tags)
      found = match(located, exchange.request, wishes, rules, clock.now(), stats)
      if (found.is === 'usable' && (publicOnly === undefined || found.stored.public)) {
        if (this.#runs.serve(asked, found.stored, undefined)) stats.hit(namespace, key)
        return true
      }
      if (publicOnly !== undefined) {
        runOpenly(exchange, this.#rules, { forward: 'bypass', detail: publicOnly })
        return true
      }
      stale = staleOf(located, clock.now(), stats, rules.storeSetCookie)
      if (stale !== undefined && this.#runs.isRuledInside(located)) {
        runOpenly(exchange, this.#rules, { forward: 'stale', detail: 'left to a cache further inside' })
        return true
      }
      behind = stale && this.#runs.behind(asked, located, askedAbout(found))
      if (stale?.servable && behind !== undefined && acceptsStale(stale.stored, wishes, clock.now())) {
        if (!this.#runs.serve(asked, stale.stored, undefined)) return true
        stats.stale(namespace, key)
        await this.#runs.refresh(asked, located, stale, behind)
        return true
      }
      if (wishes.onlyIfCached) return refuse(exchange, rules)
      if (found.is === 'pass') return this.#runs.runAlone(asked, 'miss', found.reason)
      if (exchange.request.method === 'HEAD') {
        return this.#runs.runAlone(asked, missOf(located.resource), 'a HEAD is answered from a stored GET')
      }
      const asksFor = exchange.request.headers
      const isAsked = found.is === 'asked-about' && !asksForVersion(asksFor)
      if (asksForLess(asksFor) && !isAsked && !this.#runs.whole.willDo(url, asksFor, located.resource !== undefined)) {
        part = rules.storePartial && asksForPartOnly(asksFor)
        if (!part) return this.#runs.leaveToHandler(asked, missOf(located.resource))
      }
      resource = await this.#runs.ensure(asked, located)
    } catch (error) {
      // Looked for anew: meanwhile it may have been purged.
      const stale = this.#resources.nearby(url, partsOf)
      if (stale && this.#answerNear(asked, stale.variant, acceptsStale, () => stats.stale(namespace, key))) return true
      return this.#runs.runWithoutStore(asked, this.#resources.guess(url, partsOf), error instanceof UndeliveredError)
    }
    const stored = part ? undefined : askedAbout(found)
    const fresh = 'fresh' in found && found.fresh
    const onError = stale?.servableOnError && acceptsStale(stale.stored, wishes, clock.now()) ? behind : undefined
    return this.#runs.joinOrRun(asked, located, resource, { stored, part, fresh, behind: onError })
  }

  /** Whether the request may have what is near, and so is answered: by that, or as it says. */
  #answerNear(asked: Asked, found: Variant, fits: typeof isReusable, onServed: () => void): boolean {
    const { publicOnly, wishes } = asked
    if ('pass' in found) {
      const passes = publicOnly === undefined && !wishes.onlyIfCached
      return passes && this.#runs.runAlone(asked, 'miss', found.pass)
    }
    const now = this.#handle.engine.clock.now()
    if (found.status === 206 || (publicOnly !== undefined && !found.public) || !fits(found, wishes, now)) return false
    if (this.#runs.serve(asked, found, undefined)) onServed()
    return true
  }
}

/** What is stored and may be used when its handler says that it still holds. */
function askedAbout(found: Match): StoredResponse | undefined {
  return found.is === 'asked-about' ? found.stored : undefined
}

/** RFC 9111 section 5.2.1.7. */
function refuse(exchange: Exchange, { cacheStatus }: HttpCacheRules): true {
  const status = { hit: false, forward: 'miss', detail: 'request says only-if-cached' } as const
  const headers = ['Content-Length', '0', ...cacheStatusLine(status, cacheStatus)]
  exchange.send({ status: 504, statusText: '', headers, added: [], removed: [] }, undefined)
  return true
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
