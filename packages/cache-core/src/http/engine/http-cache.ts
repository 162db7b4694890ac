import { LRUCache } from 'lru-cache'
import { InvalidOptionError, UndeliveredError } from '../../base/errors.js'
import { show } from '../../base/show.js'
import type { Cache } from '../../data/cache.js'
import type { Answer } from '../../protocol/call.js'
import { type EngineHandle, engineOf } from '../../protocol/engine.js'
import type { Delivery } from '../../protocol/journal.js'
import type { Stats } from '../../protocol/stats.js'
import { cacheStatusLine } from '../message/cache-status.js'
import type { CacheRequest, CacheResponse } from '../message/message.js'
import { admission } from '../rules/admission.js'
import { asksForLess } from '../rules/client-answer.js'
import { invalidatedTargets, isUnsafe } from '../rules/invalidation.js'
import { type KeyRules, type UrlKey, urlKey } from '../rules/key.js'
import {
  type HttpCacheOptions,
  type HttpCacheRules,
  overHttpCacheOptions,
  parseHttpCacheOptions,
} from '../rules/options.js'
import { purgeRequests } from '../rules/purge.js'
import { type ResourceName, resourceName } from '../rules/resource-name.js'
import { ownParts, variantKey } from '../rules/vary.js'
import type { Exchange } from './exchange.js'
import { Filler } from './fill.js'
import { addKeyForm, keyForms } from './key-forms.js'
import { type Forward, runAlone, runOpenly } from './pass.js'
import { type Located, type Resource, Resources, type UrlText } from './resource.js'
import { serve } from './serve.js'
import { urlText } from './slot-texts.js'
import { openVariant, type Variant } from './variant.js'
import { WholeResponses } from './whole-responses.js'

/** How often a request starts over when what it waited for turned out to be no answer to it. */
const MAX_ROUNDS = 3

/** Memory for variants that are not worth waiting for, in characters of their names. */
const MAX_VAIN_CHARACTERS = 1_048_576

/** A request that may be answered by the cache. */
interface Asked {
  readonly exchange: Exchange
  readonly key: UrlKey
  readonly url: UrlText
  /** The parts that every variant of the URL has for this request: `ownParts`. */
  readonly own: readonly string[]
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
  readonly #whole: WholeResponses
  readonly #filler: Filler
  readonly #leaseMs: number
  readonly #hardTimeoutMs: number
  readonly #waitTimeoutMs: number
  /** Variants that requests of this process have waited for without success; until then (monotonic) the next ones do not wait. */
  readonly #vain = new LRUCache<string, number>({
    maxSize: MAX_VAIN_CHARACTERS,
    sizeCalculation: (_until, slot) => slot.length + 1,
  })

  /** Made by `createHttpCache` and `with`. */
  constructor(cache: Cache, options: HttpCacheOptions, resources?: Resources) {
    this.#cache = cache
    this.#options = options
    this.#handle = engineOf(cache)
    this.#rules = parseHttpCacheOptions(options)
    this.#resources = resources ?? new Resources(this.#handle)
    this.#whole = new WholeResponses(this.#rules)
    this.#filler = new Filler(this.#handle.engine, this.#rules, this.#resources, this.#whole)
    this.#leaseMs = this.#rules.leaseMs ?? this.#handle.leaseMs
    this.#hardTimeoutMs = this.#rules.hardTimeoutMs ?? this.#handle.hardTimeoutMs
    this.#waitTimeoutMs = this.#rules.waitTimeoutMs ?? this.#hardTimeoutMs / 2
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
      waitUntil: this.#handle.engine.clock.monotonic() + this.#waitTimeoutMs,
      publicOnly: admitted.use === 'public-only' ? admitted.reason : undefined,
    }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (await this.#round(asked)) return
    }
    this.#runAlone(asked, 'miss', 'what this request waited for was no answer to it')
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
    try {
      located = await this.#resources.locate(url, (vary) => variantKey(own, vary, exchange.request, key, this.#rules))
      const found = open(located, stats)
      if (found !== undefined && !('pass' in found) && (publicOnly === undefined || found.public)) {
        if (!serve(exchange, found, clock.now(), undefined, this.#rules.cacheStatus)) {
          return this.#leaveToHandler(asked, 'request')
        }
        stats.hit(this.#resources.namespace, key)
        return true
      }
      if (publicOnly !== undefined) {
        runOpenly(exchange, this.#rules, { forward: 'bypass', detail: publicOnly })
        return true
      }
      if (found !== undefined) return this.#runAlone(asked, 'miss', 'pass' in found ? found.pass : undefined)
      if (exchange.request.method === 'HEAD') {
        return this.#runAlone(asked, missOf(located.resource), 'a HEAD is answered from a stored GET')
      }
      const asksFor = exchange.request.headers
      if (asksForLess(asksFor) && !this.#whole.willDo(url, asksFor, located.resource !== undefined)) {
        return this.#leaveToHandler(asked, missOf(located.resource))
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
    const { exchange, key, url, own } = asked
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
          tags: [],
          namesTags: false,
          load: (terms) => {
            ran = true
            if (terms.marks === undefined) this.#noteVain(asked, variantSlot)
            const request = { exchange, key, url, own, resource, variantSlot, forward }
            return this.#filler.fill({ ...request, waitTimeoutMs: this.#waitTimeoutMs }, terms)
          },
          open: openVariant,
          leaseMs: this.#leaseMs,
          hardTimeoutMs: this.#hardTimeoutMs,
          waitTimeoutMs: this.#patience(asked, variantSlot),
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
    const why = source === 'hit' ? undefined : forward
    const served = serve(exchange, value, engine.clock.now(), why, this.#rules.cacheStatus)
    return served || this.#leaveToHandler(asked, 'request')
  }

  /** A range or condition that the cache cannot answer as the handler would; with all that the client sent where others may not have the answer. */
  #leaveToHandler({ exchange, key, url, publicOnly }: Asked, forward: Forward): true {
    const status = { forward, detail: 'range or condition that is left to the handler' }
    if (publicOnly !== undefined) runOpenly(exchange, this.#rules, status)
    else {
      runAlone(exchange, key, this.#rules, status, (head) => this.#saw(url, head))
    }
    return true
  }

  #runAlone({ exchange, key, url }: Asked, forward: Forward, detail: string | undefined): true {
    const saw = exchange.request.method === 'GET' ? (head: CacheResponse) => this.#saw(url, head) : undefined
    runAlone(exchange, key, this.#rules, { forward, detail }, saw)
    return true
  }

  #saw(url: UrlText, head: CacheResponse): void {
    this.#whole.saw(url, head, this.#handle.engine.clock.now())
  }

  /** How long a request still waits for others: not at all where an earlier one has waited without success. */
  #patience({ waitUntil }: Asked, variantSlot: string): number {
    const now = this.#handle.engine.clock.monotonic()
    const until = this.#vain.get(variantSlot)
    return until !== undefined && until > now ? 0 : Math.max(0, waitUntil - now)
  }

  /** A handler that is slower than anybody waits for may go on for the rest of its time, and nobody waits for that one. */
  #noteVain({ waitUntil }: Asked, variantSlot: string): void {
    const now = this.#handle.engine.clock.monotonic()
    const restMs = this.#hardTimeoutMs - this.#waitTimeoutMs
    const known = this.#vain.get(variantSlot)
    if (now >= waitUntil && restMs > 0 && (known === undefined || known <= now)) {
      this.#vain.set(variantSlot, now + restMs)
    }
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

type Address =
  | { readonly ok: true; readonly key: UrlKey; readonly name: ResourceName; readonly url: UrlText }
  | { readonly ok: false; readonly reason: string }

/** The key of a request, and under what name its URL is kept; or why it has none. */
function address(request: CacheRequest, rules: KeyRules): Address {
  const found = urlKey(request, rules)
  if (!found.ok) return found
  const name = resourceName(found.key)
  try {
    return { ok: true, key: found.key, name, url: urlText(name) }
  } catch {
    return { ok: false, reason: 'host and target are too long for a key' }
  }
}

function isBypassed(request: CacheRequest, { bypass }: HttpCacheRules): boolean {
  return typeof bypass === 'boolean' ? bypass : bypass(request.source ?? request) === true
}

/** What the route's own function says that the response depends on. */
function chosenParts(request: CacheRequest, { vary }: HttpCacheRules): readonly string[] {
  const chosen: unknown = vary?.(request.source ?? request) ?? []
  const parts: readonly unknown[] = Array.isArray(chosen) ? chosen : [chosen]
  if (parts.every((part) => typeof part === 'string')) return parts
  throw new InvalidOptionError('vary', `must return a string, a list of strings or undefined, returned ${show(chosen)}`)
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

/** A known URL with variants may have others: one cannot tell (RFC 9211 section 2.2). */
function missOf(resource: Resource | undefined): Forward {
  return resource === undefined || resource.vary.length === 0 ? 'uri-miss' : 'miss'
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
