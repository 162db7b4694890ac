import type { Errand, Exchange, Refused, RunOutcome, RunPlan } from '../../http/engine/exchange.js'

/** The property that marks a request of the cache's own. No client can send it. */
const RETURNING = Symbol('tiercel.returning')

interface Marked {
  [RETURNING]?: Returning
}

/** An exchange from which a later one can take the request. */
type Met = Pick<Exchange, 'request' | 'run' | 'send'> & { withdraw(): void }

/** Seen by layers outside only. */
const NOT_EXPECTED = { status: 503, statusText: '', headers: [], added: [], removed: [] }

/**
 * A request that the cache itself has sent into the application, through all layers outside, until it is back at the cache:
 * there, and only there, its handler runs under the plan.
 */
export class Returning {
  readonly outcome: Promise<RunOutcome | Refused>
  readonly #errand: Errand
  readonly #plan: RunPlan
  #settle!: (outcome: RunOutcome | Refused) => void
  #exchange: Met | undefined

  constructor(errand: Errand, plan: RunPlan) {
    this.#errand = errand
    this.#plan = plan
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /**
   * The request has come to a cache. If it passes its own cache several times, the innermost counts, as for any request.
   * @returns Whether the request is answered; otherwise it goes on.
   */
  meet(cache: object | undefined, newExchange: () => Met): boolean {
    if (cache !== this.#errand.owner) {
      if (cache !== undefined && this.#exchange !== undefined) this.#leaveTo(cache)
      return false
    }
    this.#exchange?.withdraw()
    const exchange = newExchange()
    if (!this.#isExpected(exchange)) {
      this.#exchange = undefined
      exchange.send(NOT_EXPECTED, undefined)
      return true
    }
    this.#exchange = exchange
    void exchange.run(this.#plan).then((outcome) => {
      if (this.#exchange === exchange) this.#settle(outcome)
    })
    return true
  }

  /** The response is over. If it did not come to the cache, a layer outside has answered it, with this status. */
  over(status: number | undefined): void {
    if (this.#exchange === undefined) this.#settle({ end: 'refused', status })
  }

  /** The request has failed. */
  broken(): void {
    this.#settle(this.#exchange === undefined ? { end: 'refused', status: undefined } : { end: 'broken' })
  }

  /** Leaves the request to a cache further inside. */
  #leaveTo(inner: object): void {
    this.#errand.leaveTo(inner)
    this.#exchange?.withdraw()
    this.#exchange = undefined
    this.over(undefined)
  }

  #isExpected({ request }: Met): boolean {
    try {
      return this.#errand.expects(request)
    } catch {
      // A function of the route has thrown for this request.
      return false
    }
  }
}

export function mark(request: object & Marked, returning: Returning): void {
  request[RETURNING] = returning
}

export function returningOf(request: object & Marked): Returning | undefined {
  return request[RETURNING]
}
