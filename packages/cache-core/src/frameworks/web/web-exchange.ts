import type { Exchange, ResponseHead, RunOutcome, RunPlan } from '../../http/engine/exchange.js'
import type { HttpCache } from '../../http/engine/http-cache.js'
import type { HeaderLines } from '../../http/message/headers.js'
import type { CacheRequest } from '../../http/message/message.js'
import { captureBody, captureUnheard } from './capture-body.js'
import { enter, type Passage } from './passages.js'
import { waitUntil } from './wait-until.js'
import { cacheRequest, narrowedRequest } from './web-request.js'
import { isObservable, linesOf, respond, respondLike } from './web-response.js'

const BROKEN: RunOutcome = { end: 'broken' }
const PASSED: RunOutcome = { end: 'passed' }

/** What the cache stands in front of. */
export interface WebHandler {
  /** Runs it with this request. */
  readonly proceed: (request: Request) => unknown
  /** Nothing that it reads of its request from now on can reach the store. */
  readonly over?: () => void
}

/** An exchange over Request and Response. */
export class WebExchange implements Exchange, Passage {
  readonly request: CacheRequest
  readonly original: Request
  readonly #answered: Promise<unknown>
  readonly #handler: WebHandler
  #answer!: (response: unknown) => void
  #fail!: (error: unknown) => void
  #withdraw: (() => void) | undefined
  #withdrawn = false

  constructor(original: Request, handler: WebHandler) {
    this.original = original
    this.request = cacheRequest(original)
    this.#handler = handler
    this.#answered = new Promise((resolve, reject) => {
      this.#answer = resolve
      this.#fail = reject
    })
  }

  /**
   * The response to return, or whatever else the handler returned.
   * @param contexts Where the host may have a `waitUntil`.
   * @throws what the handler throws.
   */
  answer(engine: HttpCache, contexts: readonly unknown[]): Promise<unknown> {
    const work = engine.handle(this)
    waitUntil(work, contexts)
    // The work goes on behind the response, and fails only for a fault of ours.
    return Promise.race([this.#answered, work.then(() => this.#answered)])
  }

  withdraw(): void {
    this.#withdrawn = true
    this.#handler.over?.()
    this.#withdraw?.()
  }

  send(...[head, body]: Parameters<Exchange['send']>): void {
    this.#answer(respond(head, body))
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
        .finally(() => this.#handler.over?.())
    })
  }

  async #run({ sees, onHead, onAbandoned, ...limits }: RunPlan, settle: (outcome: RunOutcome) => void): Promise<void> {
    const client = this.original.signal
    const shown = sees === undefined ? this.original : narrowedRequest(this.original, sees)
    const onGone = (): void => onAbandoned?.(() => settle(BROKEN))
    client.addEventListener('abort', onGone)
    const given = await this.#handle(shown).finally(() => client.removeEventListener('abort', onGone))
    if (given === undefined) return settle(PASSED)
    const { headers, capture } = onHead(headOf(given))
    if (!capture || given.body === null) {
      this.#handler.over?.()
      this.#answer(respondLike(given, headers, given.body))
      return settle(capture ? { end: 'captured', body: [] } : PASSED)
    }
    const captured = client.aborted ? captureUnheard(given.body, limits) : await captureBody(given.body, limits)
    client.addEventListener('abort', captured.abandon)
    // A body that is a stream may still be made, by what reads its request only now.
    if (!(captured.body instanceof ReadableStream)) this.#handler.over?.()
    this.#answer(respondLike(given, headers, captured.body))
    settle(await captured.outcome)
    client.removeEventListener('abort', captured.abandon)
  }

  hold(onHead: (head: ResponseHead) => Promise<HeaderLines>): void {
    this.#hold(onHead).catch(this.#fail)
  }

  async #hold(onHead: (head: ResponseHead) => Promise<HeaderLines>): Promise<void> {
    const given = await this.#handle(this.original)
    if (given === undefined) return
    const head = headOf(given)
    const headers = await onHead(head).catch(() => head.headers)
    this.#answer(respondLike(given, headers, given.body))
  }

  /** The response, where it is for the cache to say more; else it is answered with already. */
  async #handle(shown: Request): Promise<Response | undefined> {
    enter(this, shown)
    const given = await this.#handler.proceed(shown)
    if (!this.#withdrawn && isObservable(given)) return given
    this.#handler.over?.()
    this.#answer(given)
    return undefined
  }
}

function headOf(given: Response): ResponseHead {
  const { status, statusText, headers } = given
  return { status, statusText, headers: linesOf(headers), outside: new Set() }
}
