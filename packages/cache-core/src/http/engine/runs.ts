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
import type { Patience } from './patience.js'
import type { Located, Resource, Resources } from './resource.js'
import { RunFailure } from './run-failure.js'
import { type Deliver, type FillRequest, runsAsOthers } from './run-request.js'
import { type Behind, leavesToClient, type RunsBehind } from './runs-behind.js'
import type { StaleFound } from './stale.js'
import type { StoredResponse } from './stored-response.js'
import { openVariant, type Variant } from './variant.js'

/** What a run is to bring. */
export interface Wanted {
  /** What is stored, and may be used when the handler says that it still holds. */
  readonly stored: StoredResponse | undefined
  /** Other variants, one of which the handler may mean. */
  readonly offered?: readonly StoredResponse[] | undefined
  /** A part that is stored. */
  readonly beside: StoredResponse | undefined
  /** Whether it is the part that the client asks for, and no more. */
  readonly part: boolean
  /** Whether what is stored is fresh, and it is this client that does not want it, or not as it is. */
  readonly fresh: boolean
  /**
   * Where something stale may be served if the handler fails: runs it so that its response goes to nobody. Where layers
   * outside refuse that, it runs for this client.
   */
  readonly behind: Behind | undefined
  /** What may be served if the handler fails that runs for this client. */
  readonly stale: StoredResponse | undefined
}

/** What became of the run that a request has begun itself. */
interface OwnRun {
  /** Whether its client has been answered by it. */
  answered: boolean
  /** Of the run behind the answer, where one was tried first. */
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

/** Runs of handlers whose responses are kept for others: one for all that ask meanwhile. */
export class Runs {
  readonly #parts: RunParts
  readonly #engine: Engine
  readonly #leaseMs: number
  readonly #lately: LatelyFailed

  constructor(parts: RunParts) {
    this.#parts = parts
    this.#engine = parts.handle.engine
    this.#leaseMs = parts.rules.leaseMs ?? parts.handle.leaseMs
    this.#lately = new LatelyFailed(parts.handle.engine.clock, this.#leaseMs)
  }

  /** The URL's mark, made where there is none: for as long as a run may last. @throws the store's errors. */
  ensure({ url }: Pick<Asked, 'url'>, { resource, occupied }: Located): Promise<Resource> | Resource {
    return resource ?? this.#parts.resources.ensure(url, occupied, this.#parts.hardTimeoutMs)
  }

  /** Replaces what is stale by what the handler answers to a request of the cache's own. Settled when all is done. */
  async refresh(asked: Asked, located: Located, { frame, version }: StaleFound, behind: Loading): Promise<void> {
    const options = this.#callFor(asked, located, located.resource as Resource, behind)
    await this.#engine.refresh({ options, frame, version, present: located.variant.present })
  }

  /** Stores in place of whatever stands there, waiting for nobody. @throws the store's errors. */
  async load(asked: Pick<Asked, 'key' | 'tags'>, located: Located, resource: Resource, load: Loading): Promise<void> {
    const options = this.#callFor({ ...asked, waitUntil: 0 }, located, resource, load)
    await this.#engine.joinOrLoad({ ...options, forceFresh: true }, located.variant)
  }

  /**
   * Answers with what the handler brings: a run of this request, or one of another that it waits for. Whether the request
   * was answered; else what it waited for was no answer to it.
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
      // A request that may get something else than the others does not wait for their runs.
      if (!asOthers || (stored && isNeverFresh(stored))) options.waitTimeoutMs = 0
      answer = await this.#engine.joinOrLoad<Variant>(options, located.variant)
    } catch (error) {
      if (own.answered) return true
      if (stale !== undefined && error instanceof RunFailure) {
        answers.withStored(asked, stale, { hit: false, forward, forwardStatus: error.status, detail: FAILED })
        return true
      }
      // The run of another request failed. Its error is its client's; this one's handler may do better.
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

  /** What the handler answers meanwhile is near to this process, where it has a near cache (N3). */
  async withoutStore(asked: Asked, variantSlot: string, error: unknown): Promise<true> {
    const { exchange, key, url, own, tags, publicOnly, credentials, wishes } = asked
    const { filler, resources, patience, answers, hardTimeoutMs } = this.#parts
    const { near } = resources
    const undelivered = error instanceof UndeliveredError
    const isForAll = publicOnly === undefined && !credentials && !wishes.onlyIfCached
    const isWhole = exchange.request.method === 'GET' && !asksForLess(exchange.request.headers)
    if (undelivered || near === undefined || !isForAll || !isWhole) {
      const detail = undelivered ? 'a purge of this URL has not reached the store yet' : 'the store does not answer'
      return answers.alone(asked, 'miss', detail)
    }
    const what = { exchange, key, url, own, tags, variantSlot, credentials, forward: 'miss' } as const
    await filler.fillNear({ ...what, waitTimeoutMs: patience.waitTimeoutMs }, near, hardTimeoutMs)
    return true
  }

  /** Behind the answer first, where something stale is there for its failure; else for this client. */
  async #run(
    asked: Asked,
    located: Located,
    resource: Resource,
    { behind, stale, stored, offered, beside, part, forward }: Wanted & { readonly forward: Forward },
    own: OwnRun,
    terms: LoadTerms,
  ): Promise<Loaded> {
    const { rules, answers, filler, patience } = this.#parts
    if (behind !== undefined && terms.marks !== undefined) {
      const deliver: Deliver = (response, reason) => {
        if (reason === undefined) return
        own.answered = true
        answers.withStored(asked, response, { hit: false, forward, detail: reason })
      }
      try {
        // A narrowed request has not gone through the layers outside as the client's own would: that one goes there itself.
        return await behind(terms, rules.narrow === false ? deliver : undefined)
      } catch (error) {
        own.failure = error
        if (!leavesToClient(error)) throw error
      }
    }
    own.answered = true
    const { variantSlot } = located
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

  /** A second way to the handler, for a client that needs it before it is answered. */
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

/** Whether each request is to ask the handler itself: then none waits for others. */
function isNeverFresh({ freshForMs }: StoredResponse): boolean {
  return freshForMs <= 0
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
        detail: failure === undefined ? FAILED_LATELY : FAILED,
      }
    case 'load':
      return { hit: false, forward, stored: true }
    case 'join':
    case 'unleased':
      return { hit: false, forward, collapsed: true }
  }
}

/** Whether an answer was brought by the run of another request, here or in another process. */
function isOfAnother(source: Source): boolean {
  return source === 'join' || source === 'hit'
}

function forwardOf({ resource, variant: { state } }: Located, fresh: boolean): Forward {
  if (fresh) return 'request'
  return state.is === 'stale' ? 'stale' : missOf(resource)
}

/** A known URL with variants may have others: one cannot tell (RFC 9211 section 2.2). */
export function missOf(resource: Resource | undefined): Forward {
  return resource === undefined || resource.vary.length === 0 ? 'uri-miss' : 'miss'
}
