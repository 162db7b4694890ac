import { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'
import type {
  Errand,
  Exchange,
  Rerun,
  ResponseHead,
  RunOutcome,
  RunPlan,
  WritePlan,
} from '../../http/engine/exchange.js'
import { HANDLED, type HttpCache } from '../../http/engine/http-cache.js'
import { type HeaderLines, keep } from '../../http/message/headers.js'
import type { CacheRequest, Sight } from '../../http/message/message.js'
import { appliedHead } from '../../http/rules/applied-head.js'
import { changesOf, type HeadLog, NO_LOG } from '../../http/rules/head-changes.js'
import { linesSent } from '../node-http/lines-sent.js'
import { whenSent } from '../node-http/node-exchange.js'
import { narrowRequest } from '../node-http/node-request.js'
import { returningOf } from '../reruns/returning.js'
import { captureBody, captureUnheard } from './capture-body.js'
import { incomingOf, outgoingOf } from './node-incoming.js'
import { bytesOf, type Chunk, passOn, type WebBody } from './pass-on.js'
import { enter, type Passage } from './passages.js'
import { sliceBody } from './slice-body.js'
import { waitUntil } from './wait-until.js'
import { cacheRequest, narrowedRequest } from './web-request.js'
import { type Again, webRerun } from './web-rerun.js'
import { type Observed, observe, respond, respondLike } from './web-response.js'

const BROKEN: RunOutcome = { end: 'broken' }
const PASSED: RunOutcome = { end: 'passed' }
const NO_LINES: HeaderLines = []

export interface Narrowing {
  readonly asked: CacheRequest
  readonly sees: Sight
}

/** The handler behind the cache. */
export interface WebHandler {
  /** Runs it with this request. `narrowing` says what may be hidden in it. */
  readonly proceed: (request: Request, narrowing?: Narrowing) => unknown
  /** Called when nothing that it reads of its request any more can reach the store. */
  readonly over?: () => void
  /** Whether its host removes the body of a response to a HEAD, after layers outside have seen it. Default `false`. */
  readonly headSeesBody?: boolean
  /** The field lines that layers outside have set so far, where the host has a response for them. */
  readonly outside?: () => HeaderLines
  /** Values of fields that layers outside will set on the response, as far as they are known. */
  readonly coming?: () => readonly string[]
  /** Recorded changes to the fields of the response. */
  readonly log?: HeadLog
}

/** What the host provides beside a request. */
export interface WebHost {
  /** What a route's `vary` and `bypass` get. Default: the request. */
  readonly source?: unknown
  /** Bindings, or a context that has `waitUntil`. Not read for a hit. */
  readonly contexts: readonly unknown[]
  /** Those contexts that may hold Node's own request and response. */
  readonly onNode: readonly unknown[]
  /** The way into the application, for a request of the cache's own; `undefined` where there is none. */
  readonly again: () => Again | undefined
}

/**
 * The response to return, or whatever else the handler returned: at once, where the answer is at hand.
 * @throws what the handler throws.
 */
export function answerBehind(
  engine: HttpCache,
  request: Request,
  handler: WebHandler,
  host: WebHost,
): Response | Promise<unknown> {
  const exchange = new WebExchange(request, handler, host)
  const returning = returningOf(request)
  if (returning?.meet(engine, () => exchange)) return exchange.answered
  if (returning !== undefined) return Promise.resolve(handler.proceed(request))
  const work = engine.handle(exchange)
  const { atOnce } = exchange
  if (atOnce !== undefined) return atOnce
  exchange.keepContext()
  const { answered } = exchange
  if (work === HANDLED) return answered
  waitUntil(work, [...host.contexts, request])
  // The work goes on behind the response, and fails only for a fault of ours.
  return Promise.race([answered, work.then(() => answered)])
}

/** An exchange over Request and Response. */
class WebExchange implements Exchange, Passage {
  readonly request: CacheRequest
  readonly original: Request
  /** The response, where the cache had it at hand: without a promise, which is part of the cost of a hit. */
  atOnce: Response | undefined
  #answered: Promise<unknown> | undefined
  /** The async context of the request. Loads run outside of any, but the handler must run in this one. */
  #context: AsyncResource | undefined
  readonly #handler: WebHandler
  readonly #host: WebHost
  readonly #incoming: IncomingMessage | undefined
  #settle: { readonly resolve: (response: unknown) => void; readonly reject: (error: unknown) => void } | undefined
  #restoreIncoming: (() => void) | undefined
  #withdraw: (() => void) | undefined
  #withdrawn = false

  constructor(original: Request, handler: WebHandler, host: WebHost) {
    const { source = original, onNode } = host
    this.original = original
    this.#host = host
    this.#incoming = incomingOf(onNode)
    this.request = cacheRequest(original, source, this.#incoming)
    this.#handler = handler
  }

  /** The response to return; or whatever else the handler returned, or its failure. */
  get answered(): Promise<unknown> {
    this.#answered ??= new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      if (this.atOnce !== undefined) resolve(this.atOnce)
    })
    return this.#answered
  }

  /** To be called in the async context of the request. */
  keepContext(): AsyncResource {
    this.#context ??= new AsyncResource('TiercelExchange', { requireManualDestroy: true })
    return this.#context
  }

  /** Absent where Node's response is not known: then the host may keep the body as long as it likes. */
  get whenSent(): Exchange['whenSent'] {
    const outgoing = outgoingOf(this.#host.onNode)
    return outgoing && ((then) => whenSent(outgoing, then))
  }

  withdraw(): void {
    this.#withdrawn = true
    this.#over()
    this.#withdraw?.()
  }

  send(...[head, body]: Parameters<Exchange['send']>): void {
    const headers = appliedHead(this.#handler.outside?.() ?? NO_LINES, head)
    const response = respond(head, headers, this.#bodyFor(body), this.#unsaid(body))
    if (this.#answered === undefined) this.atOnce ??= response
    else this.#answer(response)
  }

  /**
   * The host sets the length of what goes out. Layers outside that replace the body (`new Response(text, c.res)`) copy the
   * fields, and a length among them would be wrong.
   */
  #unsaid(body: Uint8Array | undefined): string | undefined {
    return body === undefined || this.request.method === 'HEAD' ? undefined : 'content-length'
  }

  #bodyFor(body: Uint8Array | undefined): Uint8Array | undefined {
    return this.request.method !== 'HEAD' || this.#handler.headSeesBody ? body : undefined
  }

  run(plan: RunPlan): Promise<RunOutcome> {
    return new Promise((settle) => {
      this.#withdraw = () => settle(BROKEN)
      const failed = (error: unknown): void => {
        settle(BROKEN)
        this.#fail(error)
      }
      this.#run(plan, settle)
        .catch(failed)
        .finally(() => this.#over())
    })
  }

  async #run(
    { sees, onHead, onSent, onAbandoned, ...limits }: RunPlan,
    settle: (outcome: RunOutcome) => void,
  ): Promise<void> {
    const client = this.original.signal
    const outgoing = outgoingOf(this.#host.onNode)
    const before = this.#handler.outside?.() ?? []
    const onGone = (): void => onAbandoned?.(() => settle(BROKEN))
    if (client.aborted) onGone()
    client.addEventListener('abort', onGone)
    const observed = await this.#handle(sees).finally(() => client.removeEventListener('abort', onGone))
    if (observed === undefined) return settle(PASSED)
    const { given, body: source } = observed
    const decision = onHead(this.#headOf(observed, before))
    const { later = decision } = decision
    const { headers: decided, capture, partial, instead } = later === decision ? decision : await later
    const headers = keep(decided, (name) => name !== COMING)
    if (instead !== undefined) {
      source?.cancel().catch(() => {})
      this.#over()
      this.#answer(respond(instead, headers, this.#bodyFor(instead.body)))
      return settle(PASSED)
    }
    const answer = (body: WebBody): void => {
      // A body that is a stream may still be made, by what reads its request only now.
      if (!capture || !(body instanceof ReadableStream)) this.#over()
      const part = partial !== undefined && body !== null ? sliceBody(body, partial.range) : body
      this.#answer(respondLike(given, headers, part, partial?.status))
    }
    if (!capture || source === null) {
      answer(source)
      return settle(capture ? { end: 'captured' } : PASSED)
    }
    if (client.aborted) limits.capture?.unheard()
    const unheard = client.aborted || partial !== undefined
    const captured = unheard ? captureUnheard(source, limits) : await captureBody(source, limits)
    client.addEventListener('abort', captured.abandon)
    const sent = outgoing && linesSent(outgoing)
    answer(captured.body)
    const outcome = await captured.outcome
    const reason = sent && outcome.end === 'captured' ? onSent?.(await sent) : undefined
    settle(reason === undefined ? outcome : { end: 'passed', reason })
    client.removeEventListener('abort', captured.abandon)
  }

  again(errand: Errand): Rerun | undefined {
    const { contexts } = this.#host
    const again = this.#host.again()
    if (again === undefined) return undefined
    const made = webRerun({ original: this.original, asked: this.request, incoming: this.#incoming, contexts }, errand)
    return made((request, others) => this.keepContext().runInAsyncScope(() => again(request, others)))
  }

  write(plan: WritePlan): void {
    this.#write(plan).catch(this.#fail)
  }

  async #write({ cacheStatus, invalidate, capture, keep }: WritePlan): Promise<void> {
    const observed = await this.#handle(undefined)
    if (observed === undefined) return
    const { given, headers, body } = observed
    const kept = capture?.(this.#headOf(observed, this.#handler.outside?.() ?? []))
    let begun = false
    let ended = body === null
    // A body that is there at once ends in this turn. While one is streamed, other requests may have loaded anew.
    const end = async (): Promise<void> => {
      ended = true
      if (!begun) return
      await invalidate(observed)
      await keep?.()
    }
    const chunk = (piece: Chunk): void => void kept?.keep(typeof piece === 'string' ? bytesOf(piece) : piece)
    const passed = body === null ? null : await passOn(body, { chunk, end })
    await invalidate(observed)
    if (ended) await keep?.()
    begun = true
    const status = cacheStatus === undefined ? [] : ['Cache-Status', cacheStatus]
    this.#answer(respondLike(given, [...headers, ...status], passed))
  }

  /** Runs the handler. Its response, where the cache can observe it; otherwise the request is answered with it already. */
  async #handle(sees: Sight | undefined): Promise<Observed | undefined> {
    const { original, request: asked } = this
    const shown = sees === undefined ? original : narrowedRequest(original, asked, sees)
    enter(this, shown)
    if (sees !== undefined && this.#incoming) {
      const narrowed = narrowRequest(this.#incoming, [], asked, sees)
      this.#restoreIncoming = () => narrowed.restore()
    }
    const narrowing = sees && { asked, sees }
    const outgoing = outgoingOf(this.#host.onNode)
    const given = await this.keepContext().runInAsyncScope(() => this.#handler.proceed(shown, narrowing))
    // A layer outside may have answered instead of waiting for the handler (a timeout): then that answer stands here.
    const isNotOurs = this.#withdrawn || outgoing?.headersSent === true
    const observed = isNotOurs ? undefined : observe(given)
    if (observed === undefined) {
      this.#over()
      this.#answer(given)
    }
    return observed
  }

  #answer(response: unknown): void {
    void this.answered
    this.#settle?.resolve(response)
  }

  readonly #fail = (error: unknown): void => {
    void this.answered
    this.#settle?.reject(error)
  }

  /** Restores the request: nothing that the handler reads of it any more can reach the store. */
  #over(): void {
    this.#restoreIncoming?.()
    this.#restoreIncoming = undefined
    this.#handler.over?.()
  }

  #headOf({ status, statusText, headers }: Observed, before: HeaderLines): ResponseHead {
    const coming = (this.#handler.coming?.() ?? []).flatMap((value) => [COMING, value])
    const now = [...headers, ...coming]
    const changes = changesOf([...before, ...coming], now, this.#handler.log ?? NO_LOG)
    return { status, statusText, headers: now, changes }
  }
}

/** Stands for fields that layers outside set later, when they have the response. Only the rules see it. */
const COMING = 'x-tiercel-coming'
