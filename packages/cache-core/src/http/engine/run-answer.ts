import type { Loaded } from '../../protocol/call.js'
import type { Engine } from '../../protocol/engine.js'
import type { CacheStatus } from '../message/cache-status.js'
import { first, type HeaderLines, has, keep } from '../message/headers.js'
import type { ResponseTimes } from '../rules/age.js'
import { answerHeaders, clientAnswer } from '../rules/client-answer.js'
import { DIGESTS_OF_CONTENT } from '../rules/client-conditions.js'
import { clientHeaders } from '../rules/client-headers.js'
import { type Compression, isCompressible } from '../rules/compression.js'
import { isDocument, noncesOutside } from '../rules/nonces.js'
import type { HttpCacheRules } from '../rules/options.js'
import { isForNow } from '../rules/stale-windows.js'
import { isComplete, isEndless, type Refusal, storable } from '../rules/storable.js'
import { partBounds } from '../rules/stored-part.js'
import { mergeVary, withOrigin } from '../rules/vary.js'
import { type AskedAnew, askAnew } from './ask-anew.js'
import type { BodyCapture } from './body-capture.js'
import { bytesIn, cutToLength, holdsAny } from './body-pieces.js'
import { byRoute } from './by-route.js'
import { confirmedBy } from './confirmed.js'
import { deliver } from './deliver.js'
import type { HeadDecision, Refused, ResponseHead, RunOutcome } from './exchange.js'
import { join } from './join.js'
import { NOTHING } from './keep.js'
import type { KeptVariants } from './kept-variants.js'
import type { OtherVariants } from './other-variants.js'
import { withStatus } from './pass.js'
import { type Renewed, renew, renewedAnswer } from './renew.js'
import type { Resources } from './resource.js'
import { checkAnswered, RunFailure } from './run-failure.js'
import { type RunRequest, runsAsOthers } from './run-request.js'
import { type Accepted, codedPayloadOf, type Kept, ownTag, payloadOf } from './stored-form.js'
import { encodeResponse, type StoredResponse } from './stored-response.js'
import { crowdedMark, openVariant, passMark } from './variant.js'
import type { WholeResponses } from './whole-responses.js'

/** There is nothing for waiting callers, and what is stored stays as it is. */
const UNTOUCHED: Loaded = { ...NOTHING, stays: true }

/** Why a page with a nonce is not stored. */
const NONCE = 'a layer outside of the cache sets a nonce for each response, and the body holds it'

/** Whether it may be stored, and under which tags; or why not. */
type Verdict = Accepted | Refusal

export type Keep = (kept: Kept) => Promise<Loaded>

export interface AnswerParts {
  readonly engine: Engine
  readonly rules: HttpCacheRules
  readonly resources: Resources
  readonly whole: WholeResponses
  readonly others: OtherVariants
  readonly kept: KeptVariants
}

/** The handler's response in one run: judged by its head, and stored when all of it is there. */
export class RunAnswer {
  readonly #parts: AnswerParts
  readonly #request: RunRequest
  readonly #capture: BodyCapture
  readonly #keep: Keep
  readonly #requestedAt: number
  #receivedAt = 0
  #head: ResponseHead | undefined
  #verdict: Verdict | undefined
  /** The stored response that a 304 has confirmed. */
  #renewed: Renewed | undefined
  /** The second request, after a 304 that does not say what it is about. */
  #anew: AskedAnew | undefined
  /** Whether the client got a stale response in its place. */
  #stoodIn = false
  #taggedOutside = false

  constructor(parts: AnswerParts, request: RunRequest, capture: BodyCapture, keep: Keep) {
    this.#parts = parts
    this.#request = request
    this.#capture = capture
    this.#keep = keep
    this.#requestedAt = parts.engine.clock.now()
  }

  /** Decides what goes out, when the response begins. */
  readonly onHead = (head: ResponseHead): HeadDecision => {
    const { engine, rules, whole, others } = this.#parts
    const request = this.#request
    this.#head = head
    this.#receivedAt = engine.clock.now()
    if (head.status === 304) others.sawNotModified(has(head.headers, 'etag'))
    const confirmed = confirmedBy(head, request)
    if (confirmed === 'unclear') {
      this.#anew = askAnew(request, head, rules, engine.clock)
      return this.#anew.decision
    }
    if (confirmed !== undefined) {
      this.#renewed = renew(confirmed, head, rules, this.#times, request.credentials)
      return renewedAnswer(this.#renewed, request, head, rules)
    }
    const instead = request.standIn?.(head)
    this.#stoodIn = instead !== undefined
    if (instead !== undefined) return instead
    this.#verdict = this.#judge(head)
    if (request.exchange.request.method === 'GET') whole.saw(request.url, head, this.#receivedAt)
    const decision = this.#decide(head, this.#verdict)
    return request.deliver === undefined || isEndless(head.headers) ? decision : { ...decision, capture: true }
  }

  /**
   * Why what went out is not kept after all. Layers outside may add to a head at the last moment because of what the handler
   * did, as a session sets its cookie since the handler has written to it; on a hit they would not. A route that names the
   * cookies it depends on has said that this cookie does not matter.
   */
  readonly onSent = (sent: HeaderLines): string | undefined => {
    const { rules } = this.#parts
    const { changes } = this.#head as ResponseHead
    this.#taggedOutside = has(sent, 'etag')
    if (has(sent, 'set-cookie') && rules.cookies === undefined && !rules.storeSetCookie)
      return 'a layer outside of the cache sets a cookie'
    return isDocument(sent) && noncesOutside(sent, changes).length > 0 ? NONCE : undefined
  }

  /**
   * The result of the run, once it is over.
   * @throws RunFailure where its client got a stale response, or nobody got any; what `keep` throws.
   */
  async loaded(outcome: RunOutcome | Refused): Promise<Loaded> {
    const request = this.#request
    const head = this.#head
    const verdict = this.#verdict
    if (this.#anew !== undefined) return this.#anew.loaded
    if (this.#renewed !== undefined) return this.#keepRenewed(this.#renewed)
    if (this.#stoodIn) {
      // Others must not get the stale response for it, since their handler may be fine.
      if (!runsAsOthers(request)) return UNTOUCHED
      throw new RunFailure(head?.status)
    }
    if (request.exchange.request.method === 'HEAD') return this.#afterHead()
    if (request.behind) {
      checkAnswered(outcome, head)
      if (this.#capture.ended === 'no-room') throw new RunFailure(head?.status)
    }
    if (outcome.end === 'broken' || outcome.end === 'refused' || head === undefined || verdict === undefined)
      return UNTOUCHED
    if (this.#saysNothing(head, verdict)) return UNTOUCHED
    if (!verdict.storable) {
      if (outcome.end === 'captured') deliver(request, head, this.#capture.pieces, this.#receivedAt, verdict.reason)
      return verdict.byRequest ? UNTOUCHED : this.#refuse(verdict.reason, head)
    }
    if (this.#capture.ended === 'no-room') return crowdedMark()
    if (outcome.end === 'passed') return this.#refuse(outcome.reason ?? 'response is larger than maxBodyBytes', head)
    return this.#keepCaptured(head, verdict)
  }

  get #times(): ResponseTimes {
    return { requestedAt: this.#requestedAt, receivedAt: this.#receivedAt }
  }

  #judge(head: ResponseHead): Verdict {
    const { engine, rules, resources } = this.#parts
    const { exchange, credentials } = this.#request
    const verdict = storable({ method: answeredMethod(exchange), credentials }, head, rules, this.#times)
    if (!verdict.storable) return verdict
    if (isDocument(head.headers) && noncesOutside(head.headers, head.changes).length > 0) {
      return { storable: false, reason: NONCE }
    }
    const coded = isCompressible(head, rules) ? ['accept-encoding'] : []
    const vary = mergeVary(withOrigin(verdict.vary, head.changes.lines), coded)
    if (vary === '*') return { storable: false, reason: 'response varies on too many fields' }
    return byRoute({ engine, rules, resources }, exchange.request, head, { ...verdict, vary })
  }

  /** The head for this client, which may get less than the whole: the handler did not see that it asked for a part. */
  #decide(head: ResponseHead, verdict: Verdict): HeadDecision {
    const { rules } = this.#parts
    const { exchange, forward } = this.#request
    const { headers } = head
    const { cacheStatus: detail } = rules
    const length = first(headers, 'content-length')
    const bytes = length === undefined ? undefined : Number(length)
    const receivedAt = this.#receivedAt
    const answer = clientAnswer(exchange.request, { status: head.status, headers, receivedAt }, bytes, receivedAt, 1)
    const status: CacheStatus = verdict.storable
      ? { hit: false, forward, stored: true }
      : { hit: false, forward, detail: verdict.reason }
    const whole = verdict.storable ? clientHeaders(head, rules) : headers
    if (answer.is !== 'part' && answer.is !== 'none') return withStatus(whole, status, detail, verdict.storable)
    const partial =
      answer.is === 'part' ? { status: 206, range: answer.range } : { status: answer.status, range: undefined }
    const told = { ...status, forwardStatus: head.status }
    return { ...withStatus(answerHeaders(answer, whole, bytes), told, detail, verdict.storable), partial }
  }

  /** A HEAD gives nothing to store. If it shows another version, what is fresh becomes stale (RFC 9111 section 4.3.5). */
  async #afterHead(): Promise<Loaded> {
    const { engine, resources } = this.#parts
    const { url, stored } = this.#request
    const isFresh = stored !== undefined && engine.clock.now() < stored.receivedAt + stored.freshForMs
    if (isFresh && this.#head?.status === 200) await resources.soften(url)
    return UNTOUCHED
  }

  /** Whether the response leaves what is stored as it is. */
  #saysNothing({ status }: ResponseHead, { storable: isStorable }: Verdict): boolean {
    const { stored, standIn, part } = this.#request
    // A failure, an overload, or a 304 about another version says nothing against what is stored.
    const stands = stored !== undefined || standIn !== undefined
    if (stands && !isStorable && (status === 304 || isForNow(status))) return true
    // An error may only mean that the requested part does not exist.
    return part === true && status !== 200 && status !== 206
  }

  /** Leaves a pass mark, so that nobody waits for the next run; unless others may well get a storable response. */
  #refuse(reason: string, { status }: ResponseHead): Loaded {
    const { kept, whole } = this.#parts
    const { url, variantSlot } = this.#request
    const now = this.#receivedAt
    const isNoWitness = kept.keptLately(variantSlot, now) || (status >= 400 && whole.wasStorable(url, now))
    return isNoWitness ? NOTHING : passMark(reason, status)
  }

  async #keepCaptured(head: ResponseHead, verdict: Accepted): Promise<Loaded> {
    const { rules } = this.#parts
    const receivedAt = this.#receivedAt
    const { pieces } = this.#capture
    const body = rules.cutToLength ? cutToLength(pieces, head.headers) : pieces
    const bodyBytes = bytesIn(body)
    if (!isComplete(head, bodyBytes)) {
      if (this.#request.behind) throw new RunFailure(undefined)
      return UNTOUCHED
    }
    if (head.status === 206) {
      const joined = this.#joined(head, body)
      if (joined !== undefined) return this.#keepRenewed(joined)
      if (!this.#isPartByItself(head, bodyBytes)) return UNTOUCHED
    }
    const nonces = noncesOutside(head.headers, head.changes)
    if (nonces.length > 0 && holdsAny(body, nonces)) return this.#refuse(NONCE, head)
    const etag = this.#taggedOutside ? undefined : ownTag(head, body, rules)
    const facts = { receivedAt, bodyBytes, etag, withheld: verdict.withheld }
    const payload = payloadOf(head, body, facts, verdict, rules)
    if (payload === undefined) return this.#refuse('response has fields that cannot be sent again', head)
    const inCoding = isCompressible(head, rules)
      ? (coding: Compression) => codedPayloadOf(coding, head, body, facts, verdict, rules)
      : undefined
    const { lines } = head.changes
    const encoded = { encoding: 'bytes', payload } as const
    this.#request.deliver?.(openVariant(encoded, true) as StoredResponse, undefined)
    return this.#keep({ encoded, verdict, receivedAt, headers: lines, inCoding })
  }

  /** The part joined with the stored one, where the two belong together. */
  #joined(head: ResponseHead, body: readonly Uint8Array[]): Renewed | undefined {
    const { rules } = this.#parts
    const { beside, credentials } = this.#request
    const joined = beside && join(beside, head, body, rules)
    const lines = keep(head.changes.lines, (name) => !DIGESTS_OF_CONTENT.has(name))
    return joined && renew(joined, { changes: { ...head.changes, lines } }, rules, this.#times, credentials)
  }

  #isPartByItself({ headers }: ResponseHead, bodyBytes: number): boolean {
    // A response to If-Range may leave out fields that its client knows already (RFC 9110 section 15.3.7).
    const isKnownAlready = has(this.#request.exchange.request.headers, 'if-range')
    return !isKnownAlready && partBounds(headers, bodyBytes) !== undefined
  }

  /** Stores a confirmed response again, with the fields of the 304. */
  async #keepRenewed({ response, verdict }: Renewed): Promise<Loaded> {
    if (!verdict.storable) return verdict.byRequest ? UNTOUCHED : passMark(verdict.reason, 304)
    const accepted = byRoute(this.#parts, this.#request.exchange.request, response, verdict)
    if (!accepted.storable) return passMark(accepted.reason, 304)
    const payload = encodeResponse({ ...response, public: verdict.public }, [response.body])
    if (payload === undefined) return NOTHING
    const { receivedAt, headers } = response
    return this.#keep({ encoded: { encoding: 'bytes', payload }, verdict: accepted, receivedAt, headers })
  }
}

/** A layer inside may have turned a read into a write: the response to that is for its client alone. */
function answeredMethod({ request, methodNow }: RunRequest['exchange']): string {
  return request.method === 'GET' ? (methodNow ?? 'GET') : request.method
}
