import type { Loaded, LoadMarks, LoadTerms } from '../../protocol/call.js'
import type { Engine } from '../../protocol/engine.js'
import type { CacheStatus } from '../message/cache-status.js'
import { first, type HeaderLines, has, keep } from '../message/headers.js'
import type { CacheResponse, Sight } from '../message/message.js'
import type { ResponseTimes } from '../rules/age.js'
import { answerHeaders, asksForLess, clientAnswer } from '../rules/client-answer.js'
import { clientHeaders } from '../rules/client-headers.js'
import { type Compression, isCompressible } from '../rules/compression.js'
import type { HeadChanges } from '../rules/head-changes.js'
import { asksForPart, narrow } from '../rules/narrowing.js'
import { isDocument, noncesOutside } from '../rules/nonces.js'
import type { HttpCacheRules } from '../rules/options.js'
import { routeVerdict } from '../rules/route-verdict.js'
import { isFailure } from '../rules/stale-windows.js'
import { type AcceptedByItself, isComplete, isEndless, type Refusal, storable } from '../rules/storable.js'
import { partBounds, strongTag } from '../rules/stored-part.js'
import { conditionalSight } from '../rules/validation.js'
import { mergeVary, variantKey, withOrigin } from '../rules/vary.js'
import { BodyCapture } from './body-capture.js'
import { bytesIn, cutToLength, holdsAny } from './body-pieces.js'
import { confirmedBy, NONE_OFFERED, unclearAnswer } from './confirmed.js'
import { deliver } from './deliver.js'
import type { HeadDecision, ResponseHead } from './exchange.js'
import { join } from './join.js'
import { Keeper, NOTHING } from './keep.js'
import { KeptVariants } from './kept-variants.js'
import type { NearResponses } from './near-responses.js'
import type { OtherVariants } from './other-variants.js'
import { brokenOff, runAlone, withStatus } from './pass.js'
import { type Renewed, renew, renewedAnswer } from './renew.js'
import type { Resources } from './resource.js'
import { checkAnswered, RunFailure } from './run-failure.js'
import { type FillRequest, type Keeping, type RunRequest, runsAsOthers } from './run-request.js'
import { type Accepted, codedPayloadOf, type Kept, ownTag, payloadOf } from './stored-form.js'
import { encodeResponse } from './stored-response.js'
import { crowdedMark, passMark } from './variant.js'
import type { WholeResponses } from './whole-responses.js'

interface StoreTerms {
  readonly verdict: AcceptedByItself
  readonly receivedAt: number
  readonly marks: LoadMarks
}

/** The same, and what stands there is as good as before. */
const UNTOUCHED: Loaded = { ...NOTHING, stays: true }

/** Why a page with another's policy is not stored. */
const NONCE = 'a layer outside of the cache sets a nonce for each response, and the body holds it'

interface Parts {
  readonly engine: Engine
  readonly rules: HttpCacheRules
  readonly resources: Resources
  readonly whole: WholeResponses
  readonly others: OtherVariants
}

/** Runs handlers for their own clients and keeps what they answer, where it may be kept. */
export class Filler {
  readonly #engine: Engine
  readonly #rules: HttpCacheRules
  readonly #resources: Resources
  readonly #whole: WholeResponses
  readonly #others: OtherVariants
  readonly #kept = new KeptVariants()
  readonly #keeper: Keeper

  constructor({ engine, rules, resources, whole, others }: Parts) {
    this.#engine = engine
    this.#rules = rules
    this.#resources = resources
    this.#whole = whole
    this.#others = others
    this.#keeper = new Keeper({ engine, rules, resources, others, kept: this.#kept })
  }

  /**
   * The load of a variant. Without a lease nothing can be stored, and nobody waits: the handler runs for its client.
   * @throws the store's errors, after the client got its response; of a run that goes to nobody, RunFailure.
   */
  async fill(request: FillRequest, { signal, marks }: LoadTerms): Promise<Loaded> {
    if (marks === undefined) {
      const detail = 'waited for another request, or the store, for too long'
      const { exchange, key, forward, standIn } = request
      runAlone(exchange, key, this.#rules, { forward, detail }, { standIn })
      return NOTHING
    }
    const capture = new BodyCapture(this.#engine.captures, this.#rules.maxBodyBytes)
    try {
      return await this.#fill(request, capture, signal, (kept) => this.#keeper.keep(request, kept, marks))
    } finally {
      capture.release()
    }
  }

  /**
   * For a client while the store does not answer: what may be stored is kept near, for this process (N3). Never rejects.
   * @param request With the tags that every response of the URL carries.
   */
  async fillNear(
    request: RunRequest & { readonly tags: readonly string[] },
    near: NearResponses,
    hardTimeoutMs: number,
  ): Promise<void> {
    const { exchange, key, url, own, variantSlot } = request
    const { clock } = this.#engine
    const urlSlot = this.#resources.urlSlot(url)
    const reading = near.begin(variantSlot)
    const capture = new BodyCapture(this.#engine.captures, this.#rules.maxBodyBytes)
    const overdue = new AbortController()
    const cancel = clock.after(hardTimeoutMs, () => overdue.abort())
    try {
      await this.#fill(request, capture, overdue.signal, async ({ encoded, verdict, receivedAt }) => {
        const vary = this.#resources.varyAlone(url, verdict.vary)
        if (vary === undefined) return NOTHING
        const parts = variantKey(own, vary, exchange.request, key, this.#rules)
        const tags = [...new Set([...request.tags, ...verdict.tags])]
        const where = { urlSlot, variantSlot: this.#resources.variantSlot(url, parts), tags }
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
    const { clock } = this.#engine
    const requestedAt = clock.now()
    let head: ResponseHead | undefined
    let receivedAt = 0
    let verdict: Verdict | undefined
    let renewed: Renewed | undefined
    let taggedOutside = false
    let stoodIn = false
    const outcome = await exchange.run({
      sees: this.#sight(request),
      mayBePartial:
        stored !== undefined || standIn !== undefined || offered.length > 0 || asksForLess(exchange.request.headers),
      capture,
      signal,
      // Some handlers stop when their client goes: they get as long as anybody would wait for them. Where there is no
      // client, it is the handler that has broken off.
      onAbandoned: (giveUp) => void clock.after(request.behind ? 0 : request.waitTimeoutMs, giveUp),
      onBrokenOff: request.behind ? undefined : brokenOff(request.forward, this.#rules),
      onHead: (given) => {
        head = given
        receivedAt = clock.now()
        const times = { requestedAt, receivedAt }
        if (given.status === 304) this.#others.sawNotModified(has(given.headers, 'etag'))
        const confirmed = confirmedBy(given, request)
        if (confirmed === 'unclear') return unclearAnswer(request.forward, this.#rules)
        if (confirmed !== undefined) {
          renewed = renew(confirmed, given, this.#rules, times, request.credentials)
          return renewedAnswer(renewed, request, given, this.#rules)
        }
        const instead = standIn?.(given)
        stoodIn = instead !== undefined
        if (instead !== undefined) return instead
        verdict = this.#verdict(request, given, times)
        if (exchange.request.method === 'GET') this.#whole.saw(request.url, given, receivedAt)
        const decision = this.#decide(request, given, verdict, receivedAt)
        return request.deliver === undefined || isEndless(given.headers) ? decision : { ...decision, capture: true }
      },
      onSent: (sent) => {
        taggedOutside = has(sent, 'etag')
        return this.#refusedAsSent(sent, (head as ResponseHead).changes)
      },
    })
    if (renewed !== undefined) return this.#keepRenewed(request, renewed, keep)
    if (stoodIn) {
      // Others would be answered with what is stale, although their handler may be well.
      if (!runsAsOthers(request)) return UNTOUCHED
      throw new RunFailure(head?.status)
    }
    if (exchange.request.method === 'HEAD') return this.#afterHead(request, head)
    if (request.behind) {
      checkAnswered(outcome, head)
      if (capture.ended === 'no-room') throw new RunFailure(head?.status)
    }
    if (outcome.end === 'broken' || outcome.end === 'refused' || head === undefined || verdict === undefined)
      return UNTOUCHED
    const { status } = head
    // What is asked about is no worse for a failure, or for a 304 that is about another version.
    if (stored !== undefined && !verdict.storable && (status === 304 || isFailure(status))) return UNTOUCHED
    // An error may say no more than that the part is not there which this client asks for.
    if (request.part && status !== 200 && status !== 206) return UNTOUCHED
    const isNoWitness = this.#isNoWitness(request, status, receivedAt)
    const refuse = (reason: string): Loaded => (isNoWitness ? NOTHING : passMark(reason, status))
    if (!verdict.storable) {
      if (outcome.end === 'captured') deliver(request, head, capture.pieces, receivedAt, verdict.reason)
      return verdict.byRequest ? UNTOUCHED : refuse(verdict.reason)
    }
    if (capture.ended === 'no-room') return crowdedMark()
    if (outcome.end === 'passed') return refuse(outcome.reason ?? 'response is larger than maxBodyBytes')
    const body = this.#rules.cutToLength ? cutToLength(capture.pieces, head.headers) : capture.pieces
    const bodyBytes = bytesIn(body)
    if (!isComplete(head, bodyBytes)) {
      if (request.behind) throw new RunFailure(undefined)
      return UNTOUCHED
    }
    if (status === 206) {
      const joined = request.beside && join(request.beside, head, body, this.#rules)
      const times = { requestedAt, receivedAt }
      if (joined) return this.#keepRenewed(request, renew(joined, head, this.#rules, times, request.credentials), keep)
      // What answers If-Range may leave out what its client knows already (RFC 9110 section 15.3.7).
      const isKnownAlready = has(exchange.request.headers, 'if-range')
      if (isKnownAlready || partBounds(head.headers, bodyBytes) === undefined) return UNTOUCHED
    }
    const nonces = noncesOutside(head.headers, head.changes)
    if (nonces.length > 0 && holdsAny(body, nonces)) return refuse(NONCE)
    const etag = taggedOutside ? undefined : ownTag(head, body, this.#rules)
    const facts = { receivedAt, bodyBytes, etag, withheld: verdict.withheld }
    const payload = payloadOf(head, body, facts, verdict, this.#rules)
    if (payload === undefined) return refuse('response has fields that cannot be sent again')
    const accepted = verdict
    const inCoding = isCompressible(head, this.#rules)
      ? (coding: Compression) => codedPayloadOf(coding, head as ResponseHead, body, facts, accepted, this.#rules)
      : undefined
    const { lines } = head.changes
    return keep({ encoded: { encoding: 'bytes', payload }, verdict, receivedAt, headers: lines, inCoding })
  }

  /** Stores a response that was not made for this: whoever has it knows that it may be. */
  async store(request: Keeping, head: ResponseHead, body: readonly Uint8Array[], terms: StoreTerms): Promise<Loaded> {
    const { verdict, receivedAt, marks } = terms
    const accepted = this.#byRoute(request, head, verdict)
    const bodyBytes = bytesIn(body)
    if (!accepted.storable || !isComplete(head, bodyBytes)) return NOTHING
    const facts = { receivedAt, bodyBytes, etag: ownTag(head, body, this.#rules), withheld: verdict.withheld }
    const payload = payloadOf(head, body, facts, accepted, this.#rules)
    if (payload === undefined) return NOTHING
    const { lines } = head.changes
    const kept = { encoded: { encoding: 'bytes', payload }, verdict: accepted, receivedAt, headers: lines } as const
    return this.#keeper.keep(request, kept, marks)
  }

  /** Whether a response that may not be stored says nothing about those of others. */
  #isNoWitness({ url, variantSlot }: RunRequest, status: number, now: number): boolean {
    return this.#kept.keptLately(variantSlot, now) || (status >= 400 && this.#whole.wasStorable(url, now))
  }

  /** A HEAD brings nothing to store; one of another version makes what is fresh stale (RFC 9111 section 4.3.5). */
  async #afterHead({ url, stored }: RunRequest, head: ResponseHead | undefined): Promise<Loaded> {
    const isFresh = stored !== undefined && this.#engine.clock.now() < stored.receivedAt + stored.freshForMs
    if (isFresh && head?.status === 200) await this.#resources.soften(url)
    return UNTOUCHED
  }

  /** What is stored again, with the fields of a 304. */
  async #keepRenewed(request: RunRequest, { response, verdict }: Renewed, keep: Keep): Promise<Loaded> {
    if (!verdict.storable) return verdict.byRequest ? UNTOUCHED : passMark(verdict.reason, 304)
    const accepted = this.#byRoute(request, response, verdict)
    if (!accepted.storable) return passMark(accepted.reason, 304)
    const payload = encodeResponse({ ...response, public: verdict.public }, [response.body])
    if (payload === undefined) return NOTHING
    const { receivedAt, headers } = response
    return keep({ encoded: { encoding: 'bytes', payload }, verdict: accepted, receivedAt, headers })
  }

  /** What the handler sees: no range and no condition but those that it is to answer. */
  #sight({ exchange: { request }, key, stored, offered = NONE_OFFERED, part }: RunRequest): Sight {
    const seen = narrow(request, key, this.#rules)
    if (stored !== undefined || offered.length > 0) {
      const tags = offered.flatMap(({ headers }) => strongTag(headers) ?? [])
      return { ...seen, headers: conditionalSight(seen.headers, request.headers, stored?.headers ?? [], tags) }
    }
    return part ? { ...seen, headers: [...seen.headers, ...keep(request.headers, asksForPart)] } : seen
  }

  #verdict(request: RunRequest, head: ResponseHead, times: ResponseTimes): Verdict {
    const { exchange, credentials } = request
    const verdict = storable({ method: answeredMethod(exchange), credentials }, head, this.#rules, times)
    if (!verdict.storable) return verdict
    if (isDocument(head.headers) && noncesOutside(head.headers, head.changes).length > 0) {
      return { storable: false, reason: NONCE }
    }
    const coded = isCompressible(head, this.#rules) ? ['accept-encoding'] : []
    const vary = mergeVary(withOrigin(verdict.vary, head.changes.lines), coded)
    if (vary === '*') return { storable: false, reason: 'response varies on too many fields' }
    return this.#byRoute(request, head, { ...verdict, vary })
  }

  #byRoute({ exchange }: Pick<Keeping, 'exchange'>, head: CacheResponse, verdict: AcceptedByItself): Verdict {
    const route = routeVerdict(exchange.request, head, this.#rules)
    if (route.storable) return { ...verdict, tags: route.tags }
    const { failed } = route
    if (failed !== undefined) this.#engine.stats.routeFailed(this.#resources.namespace, failed.option, failed.error)
    return route
  }

  /**
   * What layers outside add to a head at the last moment they may add for what the handler did: a session its cookie,
   * because the handler has put something into it. On a hit they would not. A route that says which cookies it depends
   * on has said that this is none of its own.
   */
  #refusedAsSent(sent: HeaderLines, changes: HeadChanges): string | undefined {
    if (has(sent, 'set-cookie') && this.#rules.cookies === undefined && !this.#rules.storeSetCookie)
      return 'a layer outside of the cache sets a cookie'
    return isDocument(sent) && noncesOutside(sent, changes).length > 0 ? NONCE : undefined
  }

  /** What goes out of a response that begins: to this client perhaps less than the whole, which was hidden from the handler. */
  #decide({ exchange, forward }: RunRequest, head: ResponseHead, verdict: Verdict, receivedAt: number): HeadDecision {
    const { headers } = head
    const length = first(headers, 'content-length')
    const bytes = length === undefined ? undefined : Number(length)
    const answer = clientAnswer(exchange.request, { status: head.status, headers, receivedAt }, bytes, receivedAt, 1)
    const { cacheStatus: detail } = this.#rules
    const status: CacheStatus = verdict.storable
      ? { hit: false, forward, stored: true }
      : { hit: false, forward, detail: verdict.reason }
    const whole = verdict.storable ? clientHeaders(head, this.#rules) : headers
    if (answer.is !== 'part' && answer.is !== 'none') return withStatus(whole, status, detail, verdict.storable)
    const partial =
      answer.is === 'part' ? { status: 206, range: answer.range } : { status: answer.status, range: undefined }
    const told = { ...status, forwardStatus: head.status }
    return { ...withStatus(answerHeaders(answer, whole, bytes), told, detail, verdict.storable), partial }
  }
}

/** A layer inside may have made a write of a read: what answers that is for its client alone. */
function answeredMethod({ request, methodNow }: RunRequest['exchange']): string {
  return request.method === 'GET' ? (methodNow ?? 'GET') : request.method
}

type Verdict = Accepted | Refusal

type Keep = (kept: Kept) => Promise<Loaded>
