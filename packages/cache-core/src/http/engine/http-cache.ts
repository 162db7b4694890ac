import { InvalidOptionError, UndeliveredError } from '../../base/errors.js'
import type { Cache } from '../../data/cache.js'
import type { Answer } from '../../protocol/call.js'
import { type EngineHandle, engineOf } from '../../protocol/engine.js'
import type { Delivery } from '../../protocol/journal.js'
import { keyText } from '../../protocol/key.js'
import { formatCacheStatus } from '../message/cache-status.js'
import type { CacheRequest, CacheResponse } from '../message/message.js'
import { admission } from '../rules/admission.js'
import { invalidatedTargets, isUnsafe } from '../rules/invalidation.js'
import { type UrlKey, urlKey } from '../rules/key.js'
import {
  type HttpCacheOptions,
  type HttpCacheRules,
  overHttpCacheOptions,
  parseHttpCacheOptions,
} from '../rules/options.js'
import { variantKey } from '../rules/vary.js'
import type { Exchange } from './exchange.js'
import { Filler } from './fill.js'
import { type Forward, runAlone, runOpenly } from './pass.js'
import { type Located, type Resource, Resources, type UrlText } from './resource.js'
import { serve } from './serve.js'
import { openVariant, type Variant } from './variant.js'

/** What the response to a write says: the cache has heard of it. */
const WRITTEN = formatCacheStatus({ hit: false, forward: 'method' })

/** How often a request starts over when what it waited for turned out to be no answer to it. */
const MAX_ROUNDS = 3

/** A request that may be answered by the cache. */
interface Asked {
  readonly exchange: Exchange
  readonly key: UrlKey
  readonly url: UrlText
  /** How long it waits for others, all rounds together; on the monotonic clock. */
  readonly waitUntil: number
  /** Why only a public response will do, where that is so. */
  readonly publicOnly: string | undefined
}

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
  readonly #filler: Filler
  readonly #leaseMs: number
  readonly #hardTimeoutMs: number

  /** Made by `createHttpCache` and `with`. */
  constructor(cache: Cache, options: HttpCacheOptions, resources?: Resources) {
    this.#cache = cache
    this.#options = options
    this.#handle = engineOf(cache)
    this.#rules = parseHttpCacheOptions(options)
    this.#resources = resources ?? new Resources(this.#handle)
    this.#filler = new Filler(this.#handle.engine, this.#rules, this.#resources)
    this.#leaseMs = this.#rules.leaseMs ?? this.#handle.leaseMs
    this.#hardTimeoutMs = this.#rules.hardTimeoutMs ?? this.#handle.hardTimeoutMs
  }

  /** The same cache with other options over these. @throws InvalidOptionError naming the option. */
  with(options: HttpCacheOptions): HttpCache {
    return new HttpCache(this.#cache, overHttpCacheOptions(options, this.#options), this.#resources)
  }

  /**
   * Answers a request from the cache, or has its handler answer it. Never fails for the store: without it every handler
   * runs. Rejects only for a fault of the entry point.
   */
  async handle(exchange: Exchange): Promise<void> {
    const { request } = exchange
    if (isUnsafe(request.method)) {
      exchange.write({ cacheStatus: WRITTEN, invalidate: (head) => this.#afterUnsafe(request, head) })
      return
    }
    const admitted = admission(request, this.#rules)
    if (admitted.use === 'bypass') return runOpenly(exchange, { forward: admitted.forward, detail: admitted.reason })
    const found = this.#address(request)
    if (!found.ok) return runOpenly(exchange, { forward: 'bypass', detail: found.reason })
    const asked: Asked = {
      exchange,
      key: found.key,
      url: found.url,
      waitUntil: this.#handle.engine.clock.monotonic() + this.#rules.waitTimeoutMs,
      publicOnly: admitted.use === 'public-only' ? admitted.reason : undefined,
    }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (await this.#round(asked)) return
    }
    this.#runAlone(asked, 'miss', 'what this request waited for was no answer to it')
  }

  /**
   * Removes a URL with all its variants: what is loading now is not served afterwards either.
   * @param url Absolute; or path and query alone where the route's key has no host.
   * @throws InvalidOptionError when `url` has no key, StoreClosedError
   */
  async purge(url: string): Promise<Delivery> {
    const scheme = /^(https?):/i.exec(url)?.[1]?.toLowerCase()
    if (this.#rules.host && scheme === undefined) throw new InvalidOptionError('url', 'expected an absolute URL')
    const found = this.#address({ method: 'GET', target: url, headers: [] })
    if (!found.ok) throw new InvalidOptionError('url', found.reason)
    const urls = [found.url]
    // Where the framework resolves the scheme behind a proxy, it is part of the key.
    if (this.#rules.host && scheme !== undefined) urls.push(keyText([scheme, ...found.key.slice(1)]))
    const outcomes = await Promise.all(urls.map((known) => this.#invalidate(known, found.key)))
    return outcomes.includes('journaled') ? 'journaled' : 'delivered'
  }

  /** Voids every response of every route on this cache, in one write. The data cache keeps its entries. @throws StoreClosedError */
  async purgeAll(): Promise<Delivery> {
    return this.#handle.engine.invalidations.clear(this.#resources.namespace)
  }

  /** Whether the request was answered; else what it waited for turned out to be no answer to it, and it looks again. */
  async #round(asked: Asked): Promise<boolean> {
    const { exchange, key, url, publicOnly } = asked
    const { stats, clock } = this.#handle.engine
    let located: Located
    let resource: Resource
    try {
      located = await this.#resources.locate(url, (vary) => variantKey(vary, exchange.request, key, this.#rules))
      const found = open(located)
      if (found !== undefined && !('pass' in found) && (publicOnly === undefined || found.public)) {
        stats.hit(this.#resources.namespace, key)
        serve(exchange, found, clock.now(), undefined)
        return true
      }
      if (publicOnly !== undefined) {
        runOpenly(exchange, { forward: 'bypass', detail: publicOnly })
        return true
      }
      if (found !== undefined) return this.#runAlone(asked, 'miss', 'pass' in found ? found.pass : undefined)
      if (exchange.request.method === 'HEAD') {
        return this.#runAlone(asked, missOf(located.resource), 'a HEAD is answered from a stored GET')
      }
      resource = located.resource ?? (await this.#resources.ensure(url, located.occupied, this.#hardTimeoutMs))
    } catch (error) {
      const undelivered = error instanceof UndeliveredError
      return this.#runAlone(
        asked,
        'miss',
        undelivered ? 'a purge of this URL has not reached the store yet' : 'the store does not answer',
      )
    }
    return this.#joinOrRun(asked, located, resource)
  }

  async #joinOrRun(asked: Asked, located: Located, resource: Resource): Promise<boolean> {
    const { exchange, key, url } = asked
    const { engine } = this.#handle
    const { variantSlot } = located
    const forward = missOf(located.resource)
    let ran = false
    let answer: Answer<Variant>
    try {
      answer = await engine.joinOrLoad<Variant>(
        {
          key,
          slot: variantSlot,
          namespace: this.#resources.namespace,
          marks: [resource.mark],
          load: (terms) => {
            ran = true
            return this.#filler.fill({ exchange, key, url, resource, variantSlot, forward }, terms)
          },
          open: openVariant,
          leaseMs: this.#leaseMs,
          hardTimeoutMs: this.#hardTimeoutMs,
          waitTimeoutMs: Math.max(0, asked.waitUntil - engine.clock.monotonic()),
          staleWhileRevalidateMs: 0,
          staleIfErrorMs: 0,
          jitter: 0,
          softTimeoutMs: undefined,
          eagerRefresh: 0,
          forceFresh: false,
          fallback: 'own',
          signal: undefined,
        },
        located.variant,
      )
    } catch {
      // The run of another request failed. Its error is its client's; this one's handler may do better.
      return ran || this.#runAlone(asked, forward, 'the run that this request waited for failed')
    }
    if (ran) return true
    const { value, source } = answer
    if (value === undefined) return false
    if ('pass' in value) return this.#runAlone(asked, forward, value.pass)
    serve(exchange, value, engine.clock.now(), source === 'hit' ? undefined : forward)
    return true
  }

  #runAlone({ exchange, key }: Asked, forward: Forward, detail: string | undefined): true {
    runAlone(exchange, key, this.#rules, { forward, detail })
    return true
  }

  /** RFC 9111 section 4.4. Settled before the answer ends: who has read it must not find the old response. */
  #afterUnsafe(request: CacheRequest, head: CacheResponse): Promise<void> | undefined {
    const found = invalidatedTargets(request, head).map((target) => this.#address({ ...request, target }))
    const deleted = found.flatMap((address) => (address.ok ? [this.#invalidate(address.url, address.key)] : []))
    // Of a cache that is closed there is nothing to fear: it answers nobody.
    return deleted.length === 0 ? undefined : Promise.allSettled(deleted).then(() => undefined)
  }

  #invalidate(url: UrlText, key: UrlKey): Promise<Delivery> {
    const { namespace } = this.#resources
    return this.#handle.engine.invalidations.delete(this.#resources.urlSlot(url), namespace, key)
  }

  /** The key of a request, and as one text; or why it has none. */
  #address(request: CacheRequest): Address {
    const found = urlKey(request, this.#rules)
    if (!found.ok) return found
    try {
      return { ok: true, key: found.key, url: keyText(found.key) }
    } catch {
      return { ok: false, reason: 'host and target are too long for a key' }
    }
  }
}

type Address =
  | { readonly ok: true; readonly key: UrlKey; readonly url: UrlText }
  | { readonly ok: false; readonly reason: string }

function open({ variant: { state } }: Located): Variant | undefined {
  if (state.is !== 'fresh') return undefined
  try {
    return openVariant(state.frame)
  } catch {
    return undefined
  }
}

/** A known URL with variants may have others: one cannot tell (RFC 9211 section 2.2). */
function missOf(resource: Resource | undefined): Forward {
  return resource === undefined || resource.vary.length === 0 ? 'uri-miss' : 'miss'
}

/**
 * The engine behind every `httpCache`, for who wants to hold it: to purge, or to share it among routes.
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
