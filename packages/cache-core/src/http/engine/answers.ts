import type { Engine } from '../../protocol/engine.js'
import { type CacheStatus, cacheStatusLine } from '../message/cache-status.js'
import type { CacheResponse } from '../message/message.js'
import type { HttpCacheRules } from '../rules/options.js'
import { isFailure } from '../rules/stale-windows.js'
import type { Asked } from './asked.js'
import type { Exchange } from './exchange.js'
import { insteadOf } from './instead.js'
import { type Forward, type Passed, runAlone, runOpenly, type StandIn } from './pass.js'
import type { UrlText } from './resource.js'
import { serve } from './serve.js'
import type { StoredResponse } from './stored-response.js'
import type { WholeResponses } from './whole-responses.js'

/** Why a handler answers although a response is stored, for Cache-Status. */
const LEFT = 'range or condition that is left to the handler'
const NO_ROOM = 'too many stored bodies are on their way at once (maxSendBytes)'

/** Why a stale response goes out, after a run or without one, for Cache-Status. */
export const FAILED = 'the handler failed'
export const FAILED_LATELY = 'a run has failed a moment ago'

/** Answers one request without storing anything: with a stored response, or by its own handler. */
export class Answers {
  readonly #engine: Engine
  readonly #rules: HttpCacheRules
  readonly #whole: WholeResponses

  constructor(engine: Engine, rules: HttpCacheRules, whole: WholeResponses) {
    this.#engine = engine
    this.#rules = rules
    this.#whole = whole
  }

  /**
   * Answers with a stored response, or by the handler where that is impossible. Whether it was the stored one.
   * @param told As for `serve`.
   */
  withStored(asked: Asked, stored: StoredResponse, told?: CacheStatus, now = this.#engine.clock.now()): boolean {
    const served = serve(asked.exchange, stored, now, told, this.#rules, this.#engine.sends)
    if (served === 'for the handler') this.leftToHandler(asked, 'request')
    if (served === 'no room') this.leftToHandler(asked, 'request', NO_ROOM)
    return served === 'served'
  }

  /** Answers as if there were no cache. @param stale What may replace a failure. */
  openly(exchange: Exchange, passed: Passed, stale?: StoredResponse): true {
    runOpenly(exchange, this.#rules, passed, stale && this.standIn(exchange, stale))
    return true
  }

  /** Replaces a failure of the handler that runs for this client by a stale response (RFC 5861 section 4). */
  standIn({ request }: Pick<Exchange, 'request'>, stale: StoredResponse): StandIn {
    return (head) => {
      if (!isFailure(head.status)) return undefined
      const said = { hit: false, forward: 'stale', forwardStatus: head.status, detail: FAILED } as const
      return insteadOf(head, stale, request, { now: this.#engine.clock.now(), said }, this.#rules)
    }
  }

  /** Answers by a run of the handler that sees what it would see for others. @param stale What may replace a failure. */
  alone({ exchange, key, url }: Asked, forward: Forward, detail: string | undefined, stale?: StoredResponse): true {
    const saw = exchange.request.method === 'GET' ? (head: CacheResponse) => this.#saw(url, head) : undefined
    runAlone(exchange, key, this.#rules, { forward, detail }, { saw, standIn: stale && this.standIn(exchange, stale) })
    return true
  }

  /** Leaves a range or condition to the handler, since the cache cannot answer it as the handler would. */
  leftToHandler(
    { exchange, key, url, publicOnly, wishes }: Asked,
    forward: Forward,
    detail = LEFT,
    stale?: StoredResponse,
  ): true {
    if (wishes.onlyIfCached) return this.refused(exchange)
    const passed = { forward, detail }
    if (publicOnly !== undefined) return this.openly(exchange, passed)
    const standIn = stale && this.standIn(exchange, stale)
    runAlone(exchange, key, this.#rules, passed, { saw: (head) => this.#saw(url, head), standIn })
    return true
  }

  /** Answers 504, as only-if-cached asks for (RFC 9111 section 5.2.1.7). */
  refused(exchange: Exchange): true {
    const status = { hit: false, forward: 'miss', detail: 'request says only-if-cached' } as const
    const headers = ['Content-Length', '0', ...cacheStatusLine(status, this.#rules.cacheStatus)]
    exchange.send({ status: 504, statusText: '', headers, added: [], removed: [] }, undefined)
    return true
  }

  #saw(url: UrlText, head: CacheResponse): void {
    this.#whole.saw(url, head, this.#engine.clock.now())
  }
}
