import { InvalidOptionError, StoreClosedError } from '../base/errors.js'
import { type Cache, type CacheInternals, internalsOf } from '../cache/cache.js'
import type { Answer, Loaded } from '../cache/call.js'
import { joinOrLoad } from '../cache/get-or-set.js'
import type { Delivery } from '../cache/journal.js'
import { type Encoded, encodeFrame, type Mark } from '../entry/frame.js'
import { admission } from './admission.js'
import { ageSeconds } from './age.js'
import { type CacheStatus, formatCacheStatus } from './cache-status.js'
import { clientHeaders } from './client-headers.js'
import { evaluateConditions, notModifiedHeaders } from './conditional.js'
import { etagOf } from './etag.js'
import type { Exchange, HeadDecision, ResponseHead, RunPlan } from './exchange.js'
import type { HeaderLines } from './headers.js'
import { invalidatedTargets, isUnsafe } from './invalidation.js'
import { type UrlKey, urlKey } from './key.js'
import type { CacheRequest } from './message.js'
import { narrow } from './narrowing.js'
import { type HttpCacheOptions, type HttpCacheRules, parseHttpCacheOptions } from './options.js'
import { type Located, type Resource, Resources } from './resource.js'
import { isComplete, type Storable, storable } from './storable.js'
import { storedHeaders } from './stored-headers.js'
import { decodeResponse, encodeResponse, type StoredResponse } from './stored-response.js'
import { variantKey } from './vary.js'

/** How long those who want a response that may not be stored run their handlers at once, instead of queueing for it. */
const PASS_MARK_MS = 5_000
/** How often a request starts over when the variant that it waited for turned out to be another. */
const MAX_ROUNDS = 3

/** What a variant's slot tells: a response, or that there is none to be had. */
type Variant = StoredResponse | { readonly pass: string }

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
  readonly #internals: CacheInternals
  readonly #rules: HttpCacheRules
  readonly #resources: Resources
  readonly #leaseMs: number
  readonly #hardTimeoutMs: number

  /** Made by `createHttpCache`. */
  constructor(cache: Cache, options: HttpCacheOptions) {
    this.#cache = cache
    this.#options = options
    this.#internals = internalsOf(cache)
    this.#rules = parseHttpCacheOptions(options)
    this.#resources = new Resources(this.#internals)
    this.#leaseMs = this.#rules.leaseMs ?? this.#internals.terms.leaseMs
    this.#hardTimeoutMs = this.#rules.hardTimeoutMs ?? this.#internals.terms.hardTimeoutMs
  }

  /** The same cache with other options over these. @throws InvalidOptionError naming the option. */
  with(options: HttpCacheOptions): HttpCache {
    return new HttpCache(this.#cache, { ...this.#options, ...options })
  }

  /**
   * Answers a request from the cache, or has its handler answer it. Never fails for the store: without it every handler
   * runs. Rejects only for a fault of the entry point.
   */
  async handle(exchange: Exchange): Promise<void> {
    const { request } = exchange
    if (isUnsafe(request.method)) {
      exchange.hold((head) => this.#afterUnsafe(request, head))
      return
    }
    const admitted = admission(request, this.#rules)
    const key = urlKey(request, this.#rules)
    if (admitted.use === 'bypass') return this.#pass(exchange, { forward: admitted.forward, detail: admitted.reason })
    if (!key.ok) return this.#pass(exchange, { forward: 'bypass', detail: key.reason })
    const asked: Asked = {
      exchange,
      key: key.key,
      requestedAt: this.#internals.runtime.clock.now(),
      publicOnly: admitted.use === 'public-only' ? admitted.reason : undefined,
    }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (await this.#round(asked)) return
    }
    this.#runAlone(asked, { forward: 'miss', detail: 'the variants of this URL keep changing' })
  }

  /**
   * Removes a URL with all its variants: what is loading now is not served afterwards either.
   * @param url Absolute; or path and query alone where the route's key has no host.
   * @throws InvalidOptionError when `url` has no key, StoreClosedError
   */
  async purge(url: string): Promise<Delivery> {
    const scheme = /^(https?):/i.exec(url)?.[1]?.toLowerCase()
    if (this.#rules.host && scheme === undefined) throw new InvalidOptionError('url', 'expected an absolute URL')
    const request = { method: 'GET', target: url, headers: [] }
    const key = urlKey(request, this.#rules)
    if (!key.ok) throw new InvalidOptionError('url', key.reason)
    const keys = [key.key]
    // Where the framework resolves the scheme behind a proxy, it is part of the key.
    if (this.#rules.host && scheme !== undefined) keys.push([scheme, key.key[1], key.key[2], key.key[3]])
    const outcomes = await Promise.all(keys.map((known) => this.#invalidate(known)))
    return outcomes.includes('journaled') ? 'journaled' : 'delivered'
  }

  /** Voids every response of every route on this cache, in one write. The data cache keeps its entries. @throws StoreClosedError */
  async purgeAll(): Promise<Delivery> {
    const { runtime } = this.#internals
    const { namespace } = this.#resources
    try {
      await namespace.renew()
      return 'delivered'
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      runtime.journal.addNamespace(namespace)
      return 'journaled'
    }
  }

  /** Whether the request was answered; else what it waited for turned out to be no answer to it, and it looks again. */
  async #round(asked: Asked): Promise<boolean> {
    const { exchange, key } = asked
    const { runtime } = this.#internals
    const { namespace } = this.#resources
    if (runtime.journal.distrusts(this.#resources.urlSlot(key), namespace)) {
      this.#runAlone(asked, { forward: 'miss', detail: 'a purge of this URL has not reached the store yet' })
      return true
    }
    let located: Located
    let resource: Resource
    try {
      const partsOf = (vary: readonly string[]): readonly string[] =>
        variantKey(vary, exchange.request, key, this.#rules)
      located = await this.#resources.locate(key, partsOf)
      const found = this.#open(located)
      if (found !== undefined && !('pass' in found) && (asked.publicOnly === undefined || found.public)) {
        runtime.counters.hits++
        this.#serve(exchange, found, { hit: true, ttlMs: this.#ttlLeft(found) })
        return true
      }
      if (asked.publicOnly !== undefined) {
        this.#pass(exchange, { forward: 'bypass', detail: asked.publicOnly })
        return true
      }
      if (found !== undefined) {
        this.#runAlone(asked, { forward: 'miss', detail: 'pass' in found ? found.pass : undefined })
        return true
      }
      if (exchange.request.method === 'HEAD') {
        this.#runAlone(asked, { forward: missOf(located.resource), detail: 'a HEAD is answered from a stored GET' })
        return true
      }
      resource = located.resource ?? (await this.#resources.ensure(key, located.occupied, this.#hardTimeoutMs))
    } catch {
      this.#runAlone(asked, { forward: 'miss', detail: 'the store does not answer' })
      return true
    }
    return this.#joinOrRun(asked, located, resource)
  }

  async #joinOrRun(asked: Asked, located: Located, resource: Resource): Promise<boolean> {
    const { exchange, key } = asked
    const { runtime } = this.#internals
    const forward = missOf(located.resource)
    let ran = false
    let answer: Answer<Variant>
    try {
      answer = await joinOrLoad<Variant>(
        runtime,
        {
          key: key.join(''),
          slot: located.variantSlot,
          namespace: this.#resources.namespace,
          marks: [resource.mark],
          load: async () => {
            ran = true
            return this.#fill(asked, located, resource, forward)
          },
          open: openVariant,
          leaseMs: this.#leaseMs,
          hardTimeoutMs: this.#hardTimeoutMs,
          waitTimeoutMs: this.#rules.waitTimeoutMs,
          fallback: 'own',
          signal: undefined,
        },
        located.variant,
      )
    } catch {
      // The run of another request failed. Its error is its client's; this one's handler may do better.
      if (!ran) this.#runAlone(asked, { forward, detail: 'the run that this request waited for failed' })
      return true
    }
    if (ran) return true
    const { value } = answer
    if (value === undefined) return false
    if ('pass' in value) this.#runAlone(asked, { forward, detail: value.pass })
    else {
      const status: CacheStatus =
        answer.source === 'hit' ? { hit: true, ttlMs: this.#ttlLeft(value) } : { hit: false, forward, collapsed: true }
      this.#serve(exchange, value, status)
    }
    return true
  }

  /** Runs the handler for its own client and keeps what it answers, where it may be kept. */
  async #fill(asked: Asked, located: Located, resource: Resource, forward: Forward): Promise<Loaded> {
    const { clock } = this.#internals.runtime
    const { exchange } = asked
    let head: ResponseHead | undefined
    let receivedAt = 0
    let verdict: Storable | undefined
    const outcome = await exchange.run({
      sees: narrow(exchange.request, asked.key, this.#rules),
      maxBodyBytes: this.#rules.maxBodyBytes,
      onHead: (given) => {
        receivedAt = clock.now()
        head = given
        verdict = storable({ method: exchange.request.method, credentials: false }, given, this.#rules, {
          requestedAt: asked.requestedAt,
          receivedAt,
        })
        return verdict.storable
          ? withStatus(clientHeaders(given.headers, this.#rules), { hit: false, forward, stored: true }, true)
          : withStatus(given.headers, { hit: false, forward, detail: verdict.reason }, false)
      },
    })
    if (outcome.end === 'broken') throw new Error('the handler gave up before the end of its response')
    if (outcome.end === 'passed' || head === undefined || !verdict?.storable) {
      return passMark(
        verdict === undefined || verdict.storable ? 'response is larger than maxBodyBytes' : verdict.reason,
      )
    }
    const bodyBytes = outcome.body.reduce((sum, piece) => sum + piece.byteLength, 0)
    if (!isComplete(head, bodyBytes)) throw new Error('the body is not as long as its Content-Length says')
    const payload = this.#encode(head, outcome.body, bodyBytes, receivedAt, verdict)
    if (payload === undefined) return passMark('response has fields that cannot be sent again')
    const encoded: Encoded = { encoding: 'bytes', payload }
    const present = await this.#resources.cover(resource, verdict.vary, verdict.freshForMs)
    if (present === undefined) return NOTHING
    const parts = variantKey(present.vary, exchange.request, asked.key, this.#rules)
    const slot = this.#resources.variantSlot(asked.key, parts)
    if (slot === located.variantSlot) return { encoded, ttlMs: verdict.freshForMs }
    // The response varies on more than was known: it belongs into another slot, where those who waited will look.
    await this.#put(slot, encoded, present.mark, verdict.freshForMs)
    return NOTHING
  }

  #encode(
    head: ResponseHead,
    body: readonly Uint8Array[],
    bodyBytes: number,
    receivedAt: number,
    verdict: Storable & { readonly storable: true },
  ): Buffer | undefined {
    const etag = this.#rules.etag
      ? etagOf(body.length === 1 ? (body[0] as Uint8Array) : Buffer.concat(body))
      : undefined
    const client = { ...head, headers: clientHeaders(head.headers, this.#rules) }
    const headers = storedHeaders(client, { receivedAt, bodyBytes, etag })
    const { freshForMs, ageMs, public: isPublic } = verdict
    return encodeResponse(
      { status: head.status, statusText: head.statusText, headers, receivedAt, ageMs, freshForMs, public: isPublic },
      body,
    )
  }

  /** A variant that nobody holds a lease on. Its URL's version makes an outdated one void, so nothing depends on who wins. */
  async #put(slot: string, encoded: Encoded, mark: Mark, ttlMs: number): Promise<void> {
    const { store, clock } = this.#internals.runtime
    const namespaceMark = await this.#resources.namespace.ensure()
    const createdAt = clock.now()
    const until = createdAt + ttlMs
    const times = { createdAt, freshUntil: until, revalidateUntil: until, keepUntil: until }
    const bytes = encodeFrame({ kind: 'value', ...times, ...encoded, marks: [namespaceMark, mark] })
    const ttl = ttlMs === Number.POSITIVE_INFINITY ? undefined : ttlMs
    if ((await store.add(slot, bytes, { ttl })) !== undefined) return
    const standing = await store.get(slot)
    if (standing !== undefined) await store.compareAndSet(slot, standing.version, bytes, { ttl })
  }

  #open({ variant }: Located): Variant | undefined {
    if (variant.state.is !== 'fresh') return undefined
    try {
      return openVariant(variant.state.frame)
    } catch {
      return undefined
    }
  }

  /** The stored response, or 304 where the client has it already. */
  #serve(exchange: Exchange, stored: StoredResponse, status: CacheStatus): void {
    const now = this.#internals.runtime.clock.now()
    const lines = ['Age', String(ageSeconds(stored, now)), 'Cache-Status', formatCacheStatus(status)]
    if (evaluateConditions(exchange.request.headers, stored, now) === 'not-modified') {
      const headers = [...notModifiedHeaders(stored.headers), ...lines]
      exchange.send({ status: 304, statusText: '', headers }, undefined)
    } else {
      const { statusText, body } = stored
      exchange.send({ status: stored.status, statusText, headers: [...stored.headers, ...lines] }, body)
    }
  }

  #ttlLeft(stored: StoredResponse): number {
    return stored.receivedAt + stored.freshForMs - this.#internals.runtime.clock.now()
  }

  /** The handler for this client alone, with the request as a fill would see it. */
  #runAlone(asked: Asked, status: Passed): void {
    const sees = narrow(asked.exchange.request, asked.key, this.#rules)
    void asked.exchange.run({ ...observing(status), sees })
  }

  /** The handler for this client alone, with all that the client sent. */
  #pass(exchange: Exchange, status: Passed): void {
    void exchange.run(observing(status))
  }

  /** RFC 9111 section 4.4. Settled before the answer goes out: who has read it must not find the old response. */
  async #afterUnsafe(request: CacheRequest, head: ResponseHead): Promise<HeaderLines> {
    const targets = invalidatedTargets(request, head)
    await Promise.all(
      targets.map(async (target) => {
        const key = urlKey({ ...request, target }, this.#rules)
        if (key.ok) await this.#invalidate(key.key)
      }),
    )
    return withStatus(head.headers, { hit: false, forward: 'method' }, false).headers
  }

  async #invalidate(key: UrlKey): Promise<Delivery> {
    const { store, journal } = this.#internals.runtime
    const slot = this.#resources.urlSlot(key)
    try {
      await store.delete(slot)
      journal.settleKey(slot)
      return 'delivered'
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      journal.addKey(slot, this.#resources.namespace)
      return 'journaled'
    }
  }
}

/** A request that may be answered by the cache. */
interface Asked {
  readonly exchange: Exchange
  readonly key: UrlKey
  readonly requestedAt: number
  /** Why only a public response will do, where that is so. */
  readonly publicOnly: string | undefined
}

type Forward = (CacheStatus & { readonly hit: false })['forward']
type Passed = { readonly forward: Forward; readonly detail?: string | undefined }

const NOTHING: Loaded = { encoded: undefined, ttlMs: 0 }

/** A pass mark is a string where a response is bytes. */
function passMark(reason: string): Loaded {
  return { encoded: { encoding: 'string', payload: Buffer.from(reason) }, ttlMs: PASS_MARK_MS }
}

/** @throws when the bytes are neither: the entry is then dead. */
function openVariant({ encoding, payload }: Encoded): Variant {
  if (encoding === 'string') return { pass: Buffer.from(payload).toString() }
  const stored = decodeResponse(payload)
  if (stored === undefined) throw new TypeError('not a stored response')
  return stored
}

/** A known URL with variants may have others: one cannot tell (RFC 9211 section 2.2). */
function missOf(resource: Resource | undefined): Forward {
  return resource === undefined || resource.vary.length === 0 ? 'uri-miss' : 'miss'
}

function observing(status: Passed): RunPlan {
  return { maxBodyBytes: 0, onHead: ({ headers }) => withStatus(headers, { hit: false, ...status }, false) }
}

function withStatus(headers: HeaderLines, status: CacheStatus, capture: boolean): HeadDecision {
  return { headers: [...headers, 'Cache-Status', formatCacheStatus(status)], capture }
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
  if (options !== undefined) throw new InvalidOptionError('options', 'an HttpCache already has its options')
  return cache
}
