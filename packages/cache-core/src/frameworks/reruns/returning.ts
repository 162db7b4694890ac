import type { Errand, Exchange, Refused, RunOutcome, RunPlan } from '../../http/engine/exchange.js'

/** Where a request of the cache's own keeps what it is for. No client can send it. */
const RETURNING = Symbol('tiercel.returning')

interface Marked {
  [RETURNING]?: Returning
}

/** An exchange that a later one can take the request from. */
type Met = Pick<Exchange, 'request' | 'run' | 'send'> & { withdraw(): void }

/** To layers outside; nobody else gets it. */
const NOT_EXPECTED = { status: 503, statusText: '', headers: [], added: [], removed: [] }

/**
 * A request that the cache has sent into the application itself, through all layers outside, until it is back at the
 * cache: there, and nowhere else, its handler runs under a plan.
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
   * The request has come to a cache: of those that are its own the innermost counts, as for any request.
   * @returns Whether the request is answered; else it goes on.
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

  /** The response is over. Where the cache was not met, its status is somebody else's. */
  over(status: number | undefined): void {
    if (this.#exchange === undefined) this.#settle({ end: 'refused', status })
  }

  /** Nothing more is to be expected. */
  broken(): void {
    this.#settle(this.#exchange === undefined ? { end: 'refused', status: undefined } : { end: 'broken' })
  }

  /** One that stands outside of the owner has let the request pass; this one stands inside. */
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
      // What the route's own functions say of this request is no answer.
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
