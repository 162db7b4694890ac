import { LRUCache } from 'lru-cache'
import type { Answer, CallOptions, Loaded, Loading, LoadTerms, Source } from '../../protocol/call.js'
import type { EngineHandle } from '../../protocol/engine.js'
import type { CacheStatus } from '../message/cache-status.js'
import { keep } from '../message/headers.js'
import type { CacheRequest, CacheResponse } from '../message/message.js'
import { admission } from '../rules/admission.js'
import { asksForLess } from '../rules/client-answer.js'
import { asksForPart, narrow } from '../rules/narrowing.js'
import type { HttpCacheRules } from '../rules/options.js'
import { isFailure } from '../rules/stale-windows.js'
import { ownParts, variantKey } from '../rules/vary.js'
import { type Asked, address, chosenParts, isBypassed } from './asked.js'
import { Filler } from './fill.js'
import { type Forward, runAlone, runOpenly } from './pass.js'
import type { Located, Resource, Resources, UrlText } from './resource.js'
import { rulersOf } from './rulers.js'
import { RunFailure } from './run-failure.js'
import type { FillRequest } from './run-request.js'
import { serve } from './serve.js'
import type { StaleFound } from './stale.js'
import type { StoredResponse } from './stored-response.js'
import { openVariant, type Variant } from './variant.js'
import { WholeResponses } from './whole-responses.js'

/** Memory for variants that are not worth waiting for, or asking for behind an answer, in characters of their names each. */
const MAX_CHARACTERS = 1_048_576

/** For so long a variant runs in front of its clients after a layer outside has refused a run behind an answer. Milliseconds. */
const REFUSED_FOR_MS = 60_000

/** Why a handler answers although a response is stored. */
const LEFT = 'range or condition that is left to the handler'
const NO_ROOM = 'too many stored bodies are on their way at once (maxSendBytes)'

/** Variants, each with a time on the monotonic clock. */
function untilBySlot(): LRUCache<string, number> {
  return new LRUCache({ maxSize: MAX_CHARACTERS, sizeCalculation: (_until, slot) => slot.length + 1 })
}

/** What a run is to bring. */
export interface Wanted {
  /** What is stored, and may be used when the handler says that it still holds. */
  readonly stored: StoredResponse | undefined
  /** Whether it is the part that the client asks for, and no more. */
  readonly part: boolean
  /** Whether what is stored is fresh, and it is this client that does not want it, or not as it is. */
  readonly fresh: boolean
  /**
   * Where something stale may be served if the handler fails: runs it so that its response goes to nobody. Where layers
   * outside refuse that, it runs for this client.
   */
  readonly behind: Behind | undefined
}

/** @param deliver What becomes of a response that only the client may have who waits for it. */
export type Behind = (terms: LoadTerms, deliver?: FillRequest['deliver']) => Promise<Loaded>

/** Runs of handlers: for one client alone, for all that ask meanwhile, and behind an answer. */
export class Runs {
  readonly whole: WholeResponses
  readonly #owner: object
  readonly #handle: EngineHandle
  readonly #rules: HttpCacheRules
  readonly #resources: Resources
  readonly filler: Filler
  readonly #leaseMs: number
  readonly #hardTimeoutMs: number
  readonly #waitTimeoutMs: number
  /** Variants that requests of this process have waited for without success; until then (monotonic) the next ones do not wait. */
  readonly #vain = untilBySlot()
  /** Variants to which a request of the cache's own does not come; until then their clients wait for their runs. */
  readonly #refused = untilBySlot()

  /** @param owner To which a request of the cache's own is to come back. */
  constructor(owner: object, handle: EngineHandle, rules: HttpCacheRules, resources: Resources) {
    this.#owner = owner
    this.#handle = handle
    this.#rules = rules
    this.#resources = resources
    this.whole = new WholeResponses(rules)
    this.filler = new Filler(handle.engine, rules, resources, this.whole)
    this.#leaseMs = rules.leaseMs ?? handle.leaseMs
    this.#hardTimeoutMs = rules.hardTimeoutMs ?? handle.hardTimeoutMs
    this.#waitTimeoutMs = rules.waitTimeoutMs ?? this.#hardTimeoutMs / 2
  }

  /** Whether a cache further inside rules the variant. */
  isRuledInside({ variantSlot }: Located): boolean {
    const ruler = rulersOf(this.#handle.engine).get(variantSlot)?.deref()
    return ruler !== undefined && ruler !== this.#owner
  }

  #setRuler(variantSlot: string, ruler: object): void {
    rulersOf(this.#handle.engine).set(variantSlot, new WeakRef(ruler))
  }

  /** On the monotonic clock. */
  get waitUntil(): number {
    return this.#handle.engine.clock.monotonic() + this.#waitTimeoutMs
  }

  /** The URL's mark, made where there is none: for as long as a run may last. @throws the store's errors. */
  ensure({ url }: Pick<Asked, 'url'>, { resource, occupied }: Located): Promise<Resource> | Resource {
    return resource ?? this.#resources.ensure(url, occupied, this.#hardTimeoutMs)
  }

  /** Replaces what is stale by what the handler answers to a request of the cache's own. Settled when all is done. */
  async refresh(asked: Asked, located: Located, { frame, version }: StaleFound, behind: Loading): Promise<void> {
    const options = this.#loadOptions(asked, located, located.resource as Resource, behind)
    await this.#handle.engine.refresh({ options, frame, version, present: located.variant.present })
  }

  /** Stores in place of whatever stands there, waiting for nobody. @throws the store's errors. */
  async load(asked: Pick<Asked, 'key' | 'tags'>, located: Located, resource: Resource, load: Loading): Promise<void> {
    const options = this.#loadOptions({ ...asked, waitUntil: 0 }, located, resource, load)
    await this.#handle.engine.joinOrLoad({ ...options, forceFresh: true }, located.variant)
  }

  async joinOrRun(asked: Asked, located: Located, resource: Resource, wanted: Wanted): Promise<boolean> {
    const { exchange, key, url, own, credentials } = asked
    const { stored, part, fresh, behind } = wanted
    const { engine } = this.#handle
    const { variantSlot } = located
    const forward = forwardOf(located, fresh)
    let ran = false
    let failure: unknown
    const deliver = (response: StoredResponse, reason: string): void => {
      ran = true
      this.serve(asked, response, { hit: false, forward, detail: reason })
    }
    const load = async (terms: LoadTerms): Promise<Loaded> => {
      if (behind !== undefined && terms.marks !== undefined) {
        try {
          // A narrowed request has not gone through the layers outside as the client's own would: that one goes there itself.
          return await behind(terms, this.#rules.narrow === false ? deliver : undefined)
        } catch (error) {
          failure = error
          if (!leavesToClient(error)) throw error
        }
      }
      ran = true
      // Whoever takes the request over further inside comes later.
      this.#setRuler(variantSlot, this.#owner)
      if (terms.marks === undefined) this.#noteVain(asked, variantSlot)
      const request = { exchange, key, url, own, resource, variantSlot, forward, stored, part, credentials }
      return this.filler.fill({ ...request, waitTimeoutMs: this.#waitTimeoutMs }, terms)
    }
    let answer: Answer<Variant>
    try {
      const staleIfErrorMs = behind === undefined ? 0 : Number.POSITIVE_INFINITY
      const options = { ...this.#loadOptions(asked, located, resource, load), staleIfErrorMs, forceFresh: fresh }
      // Who may get something else than the others does not wait for theirs.
      if (part || credentials) options.waitTimeoutMs = 0
      answer = await engine.joinOrLoad<Variant>(options, located.variant)
    } catch {
      // The run of another request failed. Its error is its client's; this one's handler may do better.
      return ran || this.runAlone(asked, forward, 'the run that this request waited for failed')
    }
    if (ran) return true
    const { value, source } = answer
    if (value === undefined) return false
    if ('pass' in value) return this.runAlone(asked, forward, value.pass)
    const told = statusOf(source, forward, failure)
    this.serve(asked, value, told)
    return true
  }

  #loadOptions(
    asked: Pick<Asked, 'key' | 'tags' | 'waitUntil'>,
    located: Located,
    resource: Resource,
    load: Loading,
  ): CallOptions<Variant> {
    return {
      key: asked.key,
      slot: located.variantSlot,
      namespace: this.#resources.namespace,
      marks: [resource.mark],
      tags: asked.tags,
      namesTags: true,
      load,
      open: (encoded) => openVariant(encoded, this.#rules.storeSetCookie),
      leaseMs: this.#leaseMs,
      hardTimeoutMs: this.#hardTimeoutMs,
      waitTimeoutMs: this.#patience(asked, located.variantSlot),
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 0,
      jitter: 0,
      softTimeoutMs: undefined,
      eagerRefresh: 0,
      forceFresh: false,
      fallback: 'own',
      signal: undefined,
    }
  }

  /**
   * Runs the handler of a stale response so that what it answers goes to nobody, with a request of the cache's own.
   * `undefined` where the framework has no way to that.
   * @param stored What it is asked about, where it can say that this still holds.
   */
  behind(
    { exchange, key, url, own, credentials }: Asked,
    { resource, variantSlot }: Located,
    stored: StoredResponse | undefined,
  ): Behind | undefined {
    const now = this.#handle.engine.clock.monotonic()
    // With credentials the answer may be this client's own.
    if (resource === undefined || credentials || (this.#refused.get(variantSlot) ?? now) > now) return undefined
    const request = wholeGet(exchange.request)
    const expects = (met: CacheRequest): boolean => this.#slotOf(met, resource) === variantSlot
    const leaveTo = (inner: object): void => this.#setRuler(variantSlot, inner)
    const sees = narrow(request, key, this.#rules)
    const rerun = exchange.again?.({ sees, owner: this.#owner, expects, leaveTo })
    if (rerun === undefined) return undefined
    const run = rerun.run.bind(rerun)
    const terms = { stored, credentials, key, url, own, resource, variantSlot }
    const what = { exchange: { request, run }, behind: true, ...terms } as const
    return async (terms, deliver) => {
      try {
        const request = { ...what, forward: 'stale', waitTimeoutMs: this.#waitTimeoutMs, deliver } as const
        return await this.filler.fill(request, terms)
      } catch (error) {
        if (isShutOut(error)) this.#refused.set(variantSlot, now + REFUSED_FOR_MS)
        throw error
      }
    }
  }

  /** Where the response to a request is stored; `undefined` where it is not. */
  #slotOf(request: CacheRequest, { vary }: Resource): string | undefined {
    const rules = this.#rules
    if (isBypassed(request, rules) || admission(request, rules).use !== 'cache') return undefined
    const found = address(request, rules)
    if (!found.ok) return undefined
    const own = ownParts(request, found.key, found.name, chosenParts(request, rules), rules)
    return this.#resources.variantSlot(found.url, variantKey(own, vary, request, found.key, rules))
  }

  /**
   * Answers with a stored response, or has the handler answer where that will not do; whether it was the stored one.
   * @param told As for `serve`.
   */
  serve(asked: Asked, stored: StoredResponse, told: CacheStatus | undefined): boolean {
    const { clock, sends } = this.#handle.engine
    const served = serve(asked.exchange, stored, clock.now(), told, this.#rules.cacheStatus, sends)
    if (served === 'for the handler') this.leaveToHandler(asked, 'request')
    if (served === 'no room') this.leaveToHandler(asked, 'request', NO_ROOM)
    return served === 'served'
  }

  /** A range or condition that the cache cannot answer as the handler would; with all that the client sent where others may not have the answer. */
  leaveToHandler({ exchange, key, url, publicOnly }: Asked, forward: Forward, detail = LEFT): true {
    const status = { forward, detail }
    if (publicOnly !== undefined) runOpenly(exchange, this.#rules, status)
    else {
      runAlone(exchange, key, this.#rules, status, (head) => this.#saw(url, head))
    }
    return true
  }

  /** What the handler answers meanwhile is near to this process, where it has a near cache (N3). */
  async runWithoutStore(asked: Asked, variantSlot: string, undelivered: boolean): Promise<true> {
    const { exchange, key, url, own, tags, publicOnly, credentials, wishes } = asked
    const { near } = this.#resources
    const detail = undelivered ? 'a purge of this URL has not reached the store yet' : 'the store does not answer'
    const isForAll = publicOnly === undefined && !credentials && !wishes.onlyIfCached
    const isWhole = exchange.request.method === 'GET' && !asksForLess(exchange.request.headers)
    if (undelivered || near === undefined || !isForAll || !isWhole) {
      return this.runAlone(asked, 'miss', detail)
    }
    const what = { exchange, key, url, own, tags, variantSlot, credentials, forward: 'miss' } as const
    const request = { ...what, waitTimeoutMs: this.#waitTimeoutMs }
    await this.filler.fillNear(request, near, this.#hardTimeoutMs)
    return true
  }

  runAlone({ exchange, key, url }: Asked, forward: Forward, detail: string | undefined): true {
    const saw = exchange.request.method === 'GET' ? (head: CacheResponse) => this.#saw(url, head) : undefined
    runAlone(exchange, key, this.#rules, { forward, detail }, saw)
    return true
  }

  #saw(url: UrlText, head: CacheResponse): void {
    this.whole.saw(url, head, this.#handle.engine.clock.now())
  }

  /** How long a request still waits for others: not at all where an earlier one has waited without success. */
  #patience({ waitUntil }: Pick<Asked, 'waitUntil'>, variantSlot: string): number {
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
}

/** The request for all of a response, whoever asks for less. */
function wholeGet(request: CacheRequest): CacheRequest {
  return { ...request, method: 'GET', headers: keep(request.headers, (name) => !asksForPart(name)) }
}

/** Whether a run behind the answer has failed so that the client is better off with one of its own. */
function leavesToClient(error: unknown): boolean {
  if (!(error instanceof RunFailure)) return false
  return error.refused || (error.status !== undefined && !isFailure(error.status))
}

/** Whether a layer outside lets in no request without credentials: it will not at the next one. An overload is soon over. */
function isShutOut(error: unknown): boolean {
  if (!(error instanceof RunFailure) || !error.refused || error.status === undefined) return false
  return error.status < 500 && error.status !== 429
}

/** What Cache-Status says of a response that another run, or one behind the answer, has brought. */
function statusOf(source: Source, forward: Forward, failure: unknown): CacheStatus | undefined {
  switch (source) {
    case 'hit':
      return undefined
    case 'stale':
      return {
        hit: false,
        forward,
        forwardStatus: failure instanceof RunFailure ? failure.status : undefined,
        detail: failure === undefined ? 'a run has failed a moment ago' : 'the handler failed',
      }
    case 'load':
      return { hit: false, forward, stored: true }
    case 'join':
    case 'unleased':
      return { hit: false, forward, collapsed: true }
  }
}

function forwardOf({ resource, variant: { state } }: Located, fresh: boolean): Forward {
  if (fresh) return 'request'
  return state.is === 'stale' ? 'stale' : missOf(resource)
}

/** A known URL with variants may have others: one cannot tell (RFC 9211 section 2.2). */
export function missOf(resource: Resource | undefined): Forward {
  return resource === undefined || resource.vary.length === 0 ? 'uri-miss' : 'miss'
}
