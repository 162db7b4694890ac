import type { Loaded, LoadMarks, LoadTerms } from '../../protocol/call.js'
import { keep } from '../message/headers.js'
import type { Sight } from '../message/message.js'
import { asksForLess } from '../rules/client-answer.js'
import { asksForPart, narrow } from '../rules/narrowing.js'
import { type AcceptedByItself, isComplete } from '../rules/storable.js'
import { strongTag } from '../rules/stored-part.js'
import { conditionalSight } from '../rules/validation.js'
import { variantKey } from '../rules/vary.js'
import { BodyCapture } from './body-capture.js'
import { bytesIn } from './body-pieces.js'
import { byRoute } from './by-route.js'
import { NONE_OFFERED, tagsOfClient } from './confirmed.js'
import type { ResponseHead } from './exchange.js'
import { Keeper, NOTHING } from './keep.js'
import { KeptVariants } from './kept-variants.js'
import type { NearResponses } from './near-responses.js'
import { brokenOff, runAlone } from './pass.js'
import { type AnswerParts, type Keep, RunAnswer } from './run-answer.js'
import type { FillRequest, Keeping, RunRequest } from './run-request.js'
import { ownTag, payloadOf } from './stored-form.js'

interface StoreTerms {
  readonly verdict: AcceptedByItself
  readonly receivedAt: number
  readonly marks: LoadMarks
}

/** Runs handlers for their clients and stores their responses, where these may be stored. */
export class Filler {
  readonly #parts: AnswerParts
  readonly #keeper: Keeper

  constructor(parts: Omit<AnswerParts, 'kept'>) {
    this.#parts = { ...parts, kept: new KeptVariants() }
    this.#keeper = new Keeper(this.#parts)
  }

  /**
   * Loads a variant. Without a lease nothing can be stored and nobody waits, so the handler runs for its client alone.
   * @throws the store's errors, after the client got its response; RunFailure, for a run whose response goes to nobody.
   */
  async fill(request: FillRequest, { signal, marks }: LoadTerms): Promise<Loaded> {
    const { engine, rules } = this.#parts
    if (marks === undefined) {
      const detail = 'waited for another request, or the store, for too long'
      const { exchange, key, forward, standIn } = request
      runAlone(exchange, key, rules, { forward, detail }, { standIn })
      return NOTHING
    }
    const capture = new BodyCapture(engine.captures, rules.maxBodyBytes)
    try {
      return await this.#fill(request, capture, signal, (kept) => this.#keeper.keep(request, kept, marks))
    } finally {
      capture.release()
    }
  }

  /**
   * Runs the handler while the store does not answer, and keeps a storable response near, for this process (N3).
   * @param request With the tags that every response of the URL carries.
   * @throws RunFailure where the client got what stands in for a failure.
   */
  async fillNear(
    request: RunRequest & { readonly tags: readonly string[] },
    near: NearResponses,
    hardTimeoutMs: number,
  ): Promise<void> {
    const { exchange, key, url, own, variantSlot } = request
    const { engine, rules, resources } = this.#parts
    const { clock } = engine
    const urlSlot = resources.urlSlot(url)
    const reading = near.begin(variantSlot)
    const capture = new BodyCapture(engine.captures, rules.maxBodyBytes)
    const overdue = new AbortController()
    const cancel = clock.after(hardTimeoutMs, () => overdue.abort())
    try {
      await this.#fill(request, capture, overdue.signal, async ({ encoded, verdict, receivedAt }) => {
        const vary = resources.varyAlone(url, verdict.vary)
        if (vary === undefined) return NOTHING
        const parts = variantKey(own, vary, exchange.request, key, rules)
        const tags = [...new Set([...request.tags, ...verdict.tags])]
        const where = { urlSlot, variantSlot: resources.variantSlot(url, parts), tags }
        const freshUntil = receivedAt + verdict.freshForMs
        const { staleWhileRevalidateMs, staleIfErrorMs } = verdict.windows
        const revalidateUntil = freshUntil + staleWhileRevalidateMs
        const keepUntil = Math.max(revalidateUntil, freshUntil + staleIfErrorMs)
        near.keepAlone(reading, where, { ...encoded, freshUntil, revalidateUntil, keepUntil })
        return NOTHING
      })
    } finally {
      cancel()
      capture.release()
      near.end(reading)
    }
  }

  async #fill(request: RunRequest, capture: BodyCapture, signal: AbortSignal, keep: Keep): Promise<Loaded> {
    const { exchange, stored, standIn, offered = NONE_OFFERED } = request
    const { clock } = this.#parts.engine
    const answer = new RunAnswer(this.#parts, request, capture, keep)
    const outcome = await exchange.run({
      sees: this.#sight(request),
      mayBePartial:
        stored !== undefined || standIn !== undefined || offered.length > 0 || asksForLess(exchange.request.headers),
      capture,
      signal,
      // A handler may stop when its client goes: it gets as long as anybody would wait for it. Where there is no client, the
      // handler itself has broken off.
      onAbandoned: (giveUp) => void clock.after(request.behind ? 0 : request.waitTimeoutMs, giveUp),
      onBrokenOff: request.behind ? undefined : brokenOff(request.forward, this.#parts.rules),
      onHead: answer.onHead,
      onSent: answer.onSent,
    })
    return answer.loaded(outcome)
  }

  /** Stores a response that is complete already, and known to be storable. */
  async store(request: Keeping, head: ResponseHead, body: readonly Uint8Array[], terms: StoreTerms): Promise<Loaded> {
    const { rules } = this.#parts
    const { verdict, receivedAt, marks } = terms
    const accepted = byRoute(this.#parts, request.exchange.request, head, verdict)
    const bodyBytes = bytesIn(body)
    if (!accepted.storable || !isComplete(head, bodyBytes)) return NOTHING
    const facts = { receivedAt, bodyBytes, etag: ownTag(head, body, rules), withheld: verdict.withheld }
    const payload = payloadOf(head, body, facts, accepted, rules)
    if (payload === undefined) return NOTHING
    const { lines } = head.changes
    const kept = { encoded: { encoding: 'bytes', payload }, verdict: accepted, receivedAt, headers: lines } as const
    return this.#keeper.keep(request, kept, marks)
  }

  /** What the handler sees: only those ranges and conditions that it should answer. */
  #sight(asked: RunRequest): Sight {
    const { key, stored, offered = NONE_OFFERED, part } = asked
    const { request } = asked.exchange
    const seen = narrow(request, key, this.#parts.rules)
    if (stored !== undefined || offered.length > 0) {
      const tags = [...tagsOfClient(asked), ...offered.flatMap(({ headers }) => strongTag(headers) ?? [])]
      return { ...seen, headers: conditionalSight(seen.headers, stored?.headers ?? [], tags) }
    }
    return part ? { ...seen, headers: [...seen.headers, ...keep(request.headers, asksForPart)] } : seen
  }
}
