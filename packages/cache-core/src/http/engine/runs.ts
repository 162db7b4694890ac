import { UndeliveredError } from '../../base/errors.js'
import type { Answer, CallOptions, Loaded, Loading, LoadTerms, Source } from '../../protocol/call.js'
import type { Engine, EngineHandle } from '../../protocol/engine.js'
import type { CacheStatus } from '../message/cache-status.js'
import { asksForLess } from '../rules/client-answer.js'
import type { HttpCacheRules } from '../rules/options.js'
import { suits } from '../rules/reuse.js'
import { type Answers, FAILED, FAILED_LATELY } from './answers.js'
import type { Asked } from './asked.js'
import type { Filler } from './fill.js'
import { LatelyFailed } from './lately-failed.js'
import type { Forward } from './pass.js'
import { bySlot, type Patience } from './patience.js'
import type { Located, Resource, Resources } from './resource.js'
import { RunFailure } from './run-failure.js'
import { type Deliver, type FillRequest, runsAsOthers } from './run-request.js'
import { type Behind, leavesToClient, type RunsBehind } from './runs-behind.js'
import type { StaleFound } from './stale.js'
import type { StoredResponse } from './stored-response.js'
import { openVariant, type Variant } from './variant.js'

/** What a run should produce. */
export interface Wanted {
  /** The stored response to be validated. */
  readonly stored: StoredResponse | undefined
  /** Other stored variants, one of which the handler may confirm. */
  readonly offered?: readonly StoredResponse[] | undefined
  /** A part that is stored. */
  readonly beside: StoredResponse | undefined
  /** Whether only the part that the client asks for is wanted. */
  readonly part: boolean
  /** Whether the stored response is fresh, and only this client does not want it as it is. */
  readonly fresh: boolean
  /**
   * Where a stale response may be served if the handler fails: runs it behind the answer. Where layers outside refuse that,
   * it runs for this client.
   */
  readonly behind: Behind | undefined
  /** The stale response to serve if the handler fails in a run for this client. */
  readonly stale: StoredResponse | undefined
}

/** The state of a run that a request has begun itself. */
interface OwnRun {
  /** Whether it has answered the client. */
  answered: boolean
  /** The error of the run behind the answer, where one was tried first. */
  failure: unknown
}

/** What runs are made of. */
export interface RunParts {
  readonly handle: EngineHandle
  readonly rules: HttpCacheRules
  readonly resources: Resources
  readonly filler: Filler
  readonly patience: Patience
  readonly answers: Answers
  readonly behind: RunsBehind
  readonly hardTimeoutMs: number
}

/** Runs handlers whose responses are stored: one run for all requests that ask meanwhile. */
export class Runs {
  readonly #parts: RunParts
  readonly #engine: Engine
  readonly #leaseMs: number
  readonly #lately: LatelyFailed
  /** Until when what runs behind answers would be left to clients again, on the monotonic clock. */
  readonly #leftToClients = bySlot<number>()

  constructor(parts: RunParts) {
    this.#parts = parts
    this.#engine = parts.handle.engine
    this.#leaseMs = parts.rules.leaseMs ?? parts.handle.leaseMs
    this.#lately = new LatelyFailed(parts.handle.engine.clock, this.#leaseMs)
  }

  /** The URL's mark, made where there is none, to live as long as a run may last. @throws the store's errors. */
  ensure({ url }: Pick<Asked, 'url'>, { resource, occupied }: Located): Promise<Resource> | Resource {
    return resource ?? this.#parts.resources.ensure(url, occupied, this.#parts.hardTimeoutMs)
  }

  /** Replaces a stale response by a run behind the answer. Settled when all is done. */
  async refresh(asked: Asked, located: Located, { frame, version }: StaleFound, behind: Loading): Promise<void> {
    const options = this.#callFor(asked, located, located.resource as Resource, behind)
    await this.#engine.refresh({ options, frame, version, present: located.variant.present })
  }

  /** Stores over whatever is there, without waiting for anybody. @throws the store's errors. */
  async load(asked: Pick<Asked, 'key' | 'tags'>, located: Located, resource: Resource, load: Loading): Promise<void> {
    const options = this.#callFor({ ...asked, waitUntil: 0 }, located, resource, load)
    await this.#engine.joinOrLoad({ ...options, forceFresh: true }, located.variant)
  }

  /**
   * Answers by a run of the handler: this request's own, or another one's that it waits for. Whether the request was answered;
   * otherwise what it waited for did not answer it.
   */
  async joinOrRun(asked: Asked, located: Located, resource: Resource, wanted: Wanted): Promise<boolean> {
    const { answers } = this.#parts
    const { stored, part, fresh, behind, stale } = wanted
    const forward = forwardOf(located, fresh)
    const asOthers = runsAsOthers({ credentials: asked.credentials, part })
    if (asOthers && stale !== undefined && this.#lately.has(located.variantSlot, stale)) {
      answers.withStored(asked, stale, { hit: false, forward, detail: FAILED_LATELY })
      return true
    }
    const own: OwnRun = { answered: false, failure: undefined }
    const load = (terms: LoadTerms) => this.#run(asked, located, resource, { forward, ...wanted }, own, terms)
    let answer: Answer<Variant>
    try {
      const staleIfErrorMs = behind === undefined ? 0 : Number.POSITIVE_INFINITY
      const options = { ...this.#callFor(asked, located, resource, load), staleIfErrorMs, forceFresh: fresh }
      // A request that may get another response than the others does not wait for their runs.
      if (!asOthers || (stored && isNeverFresh(stored))) options.waitTimeoutMs = 0
      answer = await this.#engine.joinOrLoad<Variant>(options, located.variant)
    } catch (error) {
      if (own.answered) return true
      if (stale !== undefined && error instanceof RunFailure) {
        answers.withStored(asked, stale, { hit: false, forward, forwardStatus: error.status, detail: FAILED })
        return true
      }
      // The run of another request failed. Its error is for its own client; this request's handler may succeed.
      return answers.alone(asked, forward, 'the run that this request waited for failed')
    }
    if (own.answered) return true
    const { value, source } = answer
    if (value === undefined) return false
    if ('pass' in value) return answers.alone(asked, forward, value.pass)
    if (isOfAnother(source) && !suits(value, asked.wishes, this.#engine.clock.now())) {
      return answers.alone(asked, forward, 'what another request was answered does not suit this one')
    }
    answers.withStored(asked, value, statusOf(source, forward, own.failure))
    return true
  }

  /**
   * Answers by the handler while the store does not answer, and keeps the response near, where there is a near cache (N3).
   * @param stale What stands in for a failure; after one it is served without a run for a while, as if it were stored.
   */
  async withoutStore(
    asked: Asked,
    variantSlot: string,
    error: unknown,
    stale: StoredResponse | undefined,
  ): Promise<true> {
    const { exchange, key, url, own, tags, publicOnly, credentials, wishes } = asked
    const { filler, resources, patience, answers, hardTimeoutMs } = this.#parts
    const { near } = resources
    const undelivered = error instanceof UndeliveredError
    const isForAll = publicOnly === undefined && !credentials && !wishes.onlyIfCached
    const isWhole = exchange.request.method === 'GET' && !asksForLess(exchange.request.headers)
    if (isForAll && stale !== undefined && this.#lately.has(variantSlot, stale)) {
      answers.withStored(asked, stale, { hit: false, forward: 'stale', detail: FAILED_LATELY })
      return true
    }
    if (undelivered || near === undefined || !isForAll || !isWhole) {
      const detail = undelivered ? 'a purge of this URL has not reached the store yet' : 'the store does not answer'
      return answers.alone(asked, 'miss', detail, stale)
    }
    const what = { exchange, key, url, own, tags, variantSlot, credentials, forward: 'miss' } as const
    const standIn = stale && answers.standIn(exchange, stale)
    try {
      await filler.fillNear({ ...what, standIn, waitTimeoutMs: patience.waitTimeoutMs }, near, hardTimeoutMs)
    } catch (failure) {
      if (stale === undefined || !(failure instanceof RunFailure)) throw failure
      this.#lately.failed(variantSlot, stale)
    }
    return true
  }

  /** Runs behind the answer first, where a stale response may replace a failure; otherwise for this client. */
  async #run(
    asked: Asked,
    located: Located,
    resource: Resource,
    { behind, stale, stored, offered, beside, part, forward }: Wanted & { readonly forward: Forward },
    own: OwnRun,
    terms: LoadTerms,
  ): Promise<Loaded> {
    const { rules, answers, filler, patience } = this.#parts
    const { variantSlot } = located
    const now = this.#engine.clock.monotonic()
    if (behind !== undefined && terms.marks !== undefined && (this.#leftToClients.get(variantSlot) ?? now) <= now) {
      const deliver: Deliver = (response, reason) => {
        if (reason === undefined) return
        own.answered = true
        answers.withStored(asked, response, { hit: false, forward, detail: reason })
      }
      try {
        // Of a narrowed request layers outside may make something else than of the client's own, which then goes there itself.
        return await behind(terms, rules.narrow === false ? deliver : undefined)
      } catch (error) {
        own.failure = error
        if (!leavesToClient(error)) throw error
        // Of an overload: each request would else cost a run in vain and one of its own.
        this.#leftToClients.set(variantSlot, now + this.#leaseMs)
      }
    }
    own.answered = true
    this.#parts.behind.takeOver(variantSlot)
    if (terms.marks === undefined) patience.ranAlone(asked, variantSlot)
    const { exchange, key, url, credentials } = asked
    const standIn = stale && answers.standIn(exchange, stale)
    const isQuestion = stored !== undefined || offered !== undefined
    const anew = isQuestion ? this.#wayAnew(asked, { ...located, resource }, terms) : undefined
    const request = { exchange, key, url, own: asked.own, resource, variantSlot, forward, credentials }
    const question = { stored, anew, offered: anew && offered, standIn, beside, part }
    try {
      const what = { waitTimeoutMs: patience.waitTimeoutMs, ...request, ...question }
      const loaded = await filler.fill(what, terms)
      if (!loaded.stays) this.#lately.succeeded(variantSlot)
      return loaded
    } catch (error) {
      if (stale !== undefined && error instanceof RunFailure) this.#lately.failed(variantSlot, stale)
      throw error
    }
  }

  /** A way to ask the handler a second time before the client is answered. */
  #wayAnew(asked: Asked, located: Located, terms: LoadTerms): FillRequest['anew'] {
    if (asked.exchange.request.method !== 'GET') return undefined
    const again = this.#parts.behind.of(asked, located, undefined)
    return again && ((deliver) => again(terms, deliver))
  }

  #callFor(
    asked: Pick<Asked, 'key' | 'tags' | 'waitUntil'>,
    { variantSlot }: Located,
    resource: Resource,
    load: Loading,
  ): CallOptions<Variant> {
    const { resources, rules, patience, hardTimeoutMs } = this.#parts
    return {
      key: asked.key,
      slot: variantSlot,
      namespace: resources.namespace,
      marks: [resource.mark],
      tags: asked.tags,
      namesTags: true,
      load,
      open: (encoded) => openVariant(encoded, rules.storeSetCookie),
      leaseMs: this.#leaseMs,
      hardTimeoutMs,
      waitTimeoutMs: patience.left(asked, variantSlot),
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
}

/** Whether each request must validate it, so that none waits for others. */
function isNeverFresh({ freshForMs }: StoredResponse): boolean {
  return freshForMs <= 0
}

/** What Cache-Status says of a response from another request's run, or from a run behind the answer. */
function statusOf(source: Source, forward: Forward, failure: unknown): CacheStatus | undefined {
  switch (source) {
    case 'hit':
      return undefined
    case 'stale':
      return {
        hit: false,
        forward,
        forwardStatus: failure instanceof RunFailure ? failure.status : undefined,
        detail: failure === undefined ? FAILED_LATELY : FAILED,
      }
    case 'load':
      return { hit: false, forward, stored: true }
    case 'join':
    case 'unleased':
      return { hit: false, forward, collapsed: true }
  }
}

/** Whether an answer came from the run of another request, in this process or another. */
function isOfAnother(source: Source): boolean {
  return source === 'join' || source === 'hit'
}

function forwardOf({ resource, variant: { state } }: Located, fresh: boolean): Forward {
  if (fresh) return 'request'
  return state.is === 'stale' ? 'stale' : missOf(resource)
}

/** For a URL with variants it cannot be told whether the URL or the variant is missing (RFC 9211 section 2.2). */
export function missOf(resource: Resource | undefined): Forward {
  return resource === undefined || resource.vary.length === 0 ? 'uri-miss' : 'miss'
}
