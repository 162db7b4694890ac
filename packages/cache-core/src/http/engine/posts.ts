import type { Loaded } from '../../protocol/call.js'
import type { Engine } from '../../protocol/engine.js'
import { has } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import { isItsContent } from '../rules/invalidation.js'
import type { HttpCacheRules } from '../rules/options.js'
import type { ResourceName } from '../rules/resource-name.js'
import { type AcceptedByItself, storable } from '../rules/storable.js'
import { address, isBypassed, ownPartsAt, partsAt } from './asked.js'
import { BodyCapture } from './body-capture.js'
import type { ResponseHead, WritePlan } from './exchange.js'
import type { Filler } from './fill.js'
import type { Resources } from './resource.js'
import type { Runs } from './runs.js'

/** The response to a POST that also answers a GET. */
interface Answered {
  readonly head: ResponseHead
  readonly verdict: AcceptedByItself
  readonly receivedAt: number
  readonly body: BodyCapture
}

interface Parts {
  readonly engine: Engine
  readonly rules: HttpCacheRules
  readonly resources: Resources
  readonly runs: Runs
  readonly filler: Filler
}

/** Keeps the responses to POST that are what a GET of the same URL would get (RFC 9110 section 9.3.3). */
export class Posts {
  readonly #parts: Parts
  readonly #rules: HttpCacheRules

  constructor(parts: Parts) {
    this.#parts = parts
    this.#rules = parts.rules
  }

  /**
   * How the response to a POST is captured and stored; empty for other writes.
   * @param tagsOf The tags of every response of a URL.
   */
  plan(request: CacheRequest, tagsOf: (name: ResourceName) => readonly string[]): Pick<WritePlan, 'capture' | 'keep'> {
    if (!this.#rules.storePost || request.method !== 'POST' || isBypassed(request, this.#rules)) return {}
    const { clock, captures } = this.#parts.engine
    let answered: Answered | undefined
    return {
      capture: (head) => {
        const receivedAt = clock.now()
        const verdict = this.#verdict(request, head, receivedAt)
        if (verdict === undefined) return undefined
        const body = new BodyCapture(captures, this.#rules.maxBodyBytes)
        answered = { head, verdict, receivedAt, body }
        return body
      },
      keep: async () => {
        if (answered === undefined) return
        try {
          if (answered.body.ended === undefined) await this.#keep({ ...request, method: 'GET' }, tagsOf, answered)
        } catch {
          // Stored or not, the write is answered.
        } finally {
          answered.body.release()
        }
      },
    }
  }

  /** Whether it may be stored: only if it gives its own lifetime (RFC 9110 section 9.3.3). */
  #verdict(request: CacheRequest, head: ResponseHead, now: number): AcceptedByItself | undefined {
    if (head.status !== 200 || !isItsContent(request, head)) return undefined
    const asGet = { method: 'GET', credentials: has(request.headers, 'authorization') }
    const rules = { ...this.#rules, ttlMs: undefined, heuristics: false }
    const verdict = storable(asGet, head, rules, { requestedAt: now, receivedAt: now })
    return verdict.storable && verdict.freshForMs > 0 ? verdict : undefined
  }

  async #keep(
    request: CacheRequest,
    tagsOf: (name: ResourceName) => readonly string[],
    answered: Answered,
  ): Promise<void> {
    const found = address(request, this.#rules)
    if (!found.ok) return
    const { key, url } = found
    const tags = tagsOf(found.name)
    const own = ownPartsAt(found, request, this.#rules)
    const { resources, runs, filler } = this.#parts
    const located = await resources.locate(url, partsAt({ key, own }, request, this.#rules), tags)
    const resource = await runs.ensure({ url }, located)
    const { head, verdict, receivedAt, body } = answered
    const { variantSlot } = located
    await runs.load({ key, tags }, located, resource, async ({ marks }): Promise<Loaded> => {
      if (marks === undefined) return { encoded: undefined, ttlMs: 0 }
      const stored = { exchange: { request }, key, url, own, resource, variantSlot }
      return filler.store(stored, head, body.pieces, { verdict, receivedAt, marks })
    })
  }
}
