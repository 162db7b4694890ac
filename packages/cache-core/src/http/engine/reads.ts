import type { AtHand } from '../../protocol/at-hand.js'
import type { Engine } from '../../protocol/engine.js'
import type { CacheRequest } from '../message/message.js'
import type { HttpCacheRules } from '../rules/options.js'
import { acceptsStale, isReusable, wishesOf } from '../rules/reuse.js'
import { Addresses } from './addresses.js'
import type { Answers } from './answers.js'
import { type Address, type Asked, aimOf, ownPartsAt, partsAt } from './asked.js'
import type { CommonTags } from './common-tags.js'
import { type Decision, decide, isFor } from './decide.js'
import type { Exchange } from './exchange.js'
import { matchVariant } from './match.js'
import type { NearFound } from './near-responses.js'
import type { OtherVariants } from './other-variants.js'
import { type Plain, Repeats } from './repeats.js'
import type { Located, PartsOf, Resource } from './resource.js'
import type { RunParts, Runs } from './runs.js'
import type { StoredResponse } from './stored-response.js'
import type { Variant } from './variant.js'
import { variantAtHand } from './variant-at-hand.js'
import type { WholeResponses } from './whole-responses.js'

/** How often a request starts over when what it waited for turned out to be no answer to it. */
const MAX_ROUNDS = 3

interface Parts extends RunParts {
  readonly runs: Runs
  readonly tags: CommonTags
  readonly whole: WholeResponses
  readonly others: OtherVariants
}

/**
 * Takes a read from admission to answer: what it asks for, what is at hand, else what the store has, else what its
 * handler says.
 */
export class Reads {
  readonly #parts: Parts
  readonly #engine: Engine
  readonly #rules: HttpCacheRules
  readonly #answers: Answers
  readonly #repeats: Repeats
  readonly #addressOf: (request: CacheRequest) => Address

  constructor(parts: Parts) {
    this.#parts = parts
    this.#engine = parts.handle.engine
    this.#rules = parts.rules
    this.#answers = parts.answers
    this.#repeats = new Repeats(this.#engine, parts.rules)
    const addresses = new Addresses(parts.rules)
    this.#addressOf = (request) => addresses.of(request)
  }

  /** Settled when all is done; `undefined` where the request is on its way at once. */
  handle(exchange: Exchange): Promise<void> | undefined {
    const request = exchange.brief ?? exchange.request
    const plain = this.#repeats.plain(request)
    if (plain !== undefined && this.#repeats.answer(exchange, request, plain)) return undefined
    const asked = this.#ask(exchange)
    if (asked === undefined || this.#answerAtOnce(asked, plain)) return undefined
    // Not before: a look at that clock is a part of what a hit costs.
    return this.#answer({ ...asked, waitUntil: this.#parts.patience.waitUntil })
  }

  /** What the request asks of the cache; `undefined` where that is nothing, and its handler runs. */
  #ask(exchange: Exchange): Asked | undefined {
    const { request } = exchange
    const aim = aimOf(request, this.#rules, this.#addressOf)
    if (!aim.ok) {
      this.#answers.openly(exchange, aim.passed)
      return undefined
    }
    const { found, admitted } = aim
    const { key, name, url } = found
    const asked: Asked = {
      exchange,
      key,
      url,
      tags: this.#parts.tags.of(name, url),
      own: ownPartsAt(found, request, this.#rules),
      waitUntil: 0,
      publicOnly: admitted.use === 'public-only' ? admitted.reason : undefined,
      credentials: admitted.use === 'cache' && admitted.credentials,
      wishes: wishesOf(request.headers, this.#rules),
    }
    if (!asked.wishes.noStore) return asked
    if (asked.wishes.onlyIfCached) this.#answers.refused(exchange)
    else this.#answers.alone(asked, 'request', 'request says no-store')
    return undefined
  }

  /** Whether the request was answered by what is at hand: near, or in a store of this process. @param plain To be repeated. */
  #answerAtOnce(asked: Asked, plain?: Plain): boolean {
    const { exchange, key, url, wishes } = asked
    const { stats, clock } = this.#engine
    const { resources } = this.#parts
    const partsOf = this.#partsOf(asked)
    const near = resources.nearby(url, partsOf)
    if (near?.fresh) {
      const tell = (): void => stats.nearHit(resources.namespace, key)
      if (this.#answerNear(asked, near.variant, isReusable, tell)) {
        if (plain !== undefined && !('pass' in near.variant)) this.#keep(plain, asked, near, near.variant, tell)
        return true
      }
    }
    const now = clock.now()
    const atHand = resources.atHand(url, partsOf, now)
    const variant = atHand && variantAtHand(atHand, this.#rules.storeSetCookie)
    if (atHand === undefined || variant === undefined) return false
    const standing = { fresh: true, freshUntil: atHand.frame.freshUntil }
    const found = matchVariant(variant, standing, exchange.request, wishes, this.#rules, now)
    if (found.is !== 'usable' || !isFor(asked, found.stored)) return false
    if (this.#answers.withStored(asked, found.stored, undefined, now)) {
      const tell = (): void => stats.hit(resources.namespace, key)
      tell()
      if (plain !== undefined) this.#keep(plain, asked, atHand, found.stored, tell)
    }
    return true
  }

  /** Keeps a hit that has just gone out, to be repeated. */
  #keep(
    plain: Plain,
    { exchange, url }: Asked,
    found: AtHand | NearFound,
    stored: StoredResponse,
    tell: () => void,
  ): void {
    if (stored.status === 206 || !this.#repeats.wants(plain)) return
    const ground = this.#parts.resources.groundOf(url, found)
    if (ground === undefined) return
    this.#repeats.keep(plain, exchange.request, { stored, ground, tell }, this.#engine.clock.now())
  }

  async #answer(asked: Asked): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if ((round > 0 && this.#answerAtOnce(asked)) || (await this.#round(asked))) return
    }
    this.#answers.alone(asked, 'miss', 'what this request waited for was no answer to it')
  }

  /** Whether the request was answered; else what it waited for turned out to be no answer to it, and it looks again. */
  async #round(asked: Asked): Promise<boolean> {
    const { runs, resources } = this.#parts
    let located: Located
    let resource: Resource
    let decision: Decision
    let offered: readonly StoredResponse[] | undefined
    try {
      located = await resources.locate(asked.url, this.#partsOf(asked), asked.tags)
      decision = decide(asked, located, this.#parts)
      if (decision.by !== 'run') return await this.#answerBy(decision, asked, located)
      resource = await runs.ensure(asked, located)
      const { stored, part } = decision.wanted
      const mayBeAnother = this.#rules.offerVariants && !part && asked.exchange.request.method === 'GET'
      if (mayBeAnother) offered = await this.#parts.others.offered(asked, located, stored)
    } catch (error) {
      return this.#answerWithoutStore(asked, error)
    }
    return runs.joinOrRun(asked, located, resource, { ...decision.wanted, offered })
  }

  #answerBy(decision: Exclude<Decision, { by: 'run' }>, asked: Asked, located: Located): true | Promise<true> {
    const { exchange, key } = asked
    switch (decision.by) {
      case 'hit':
        if (this.#answers.withStored(asked, decision.stored)) {
          this.#engine.stats.hit(this.#parts.resources.namespace, key)
        }
        return true
      case 'stale':
        return this.#answerStale(decision, asked, located)
      case 'refusal':
        return this.#answers.refused(exchange)
      case 'pass':
        return this.#answers.openly(exchange, decision.passed, decision.stale)
      case 'run-alone':
        return this.#answers.alone(asked, decision.forward, decision.detail)
      case 'handler':
        return this.#answers.leftToHandler(asked, decision.forward, undefined, decision.stale)
    }
  }

  async #answerStale(
    { stale, behind }: Extract<Decision, { by: 'stale' }>,
    asked: Asked,
    located: Located,
  ): Promise<true> {
    if (!this.#answers.withStored(asked, stale.stored)) return true
    this.#engine.stats.stale(this.#parts.resources.namespace, asked.key)
    await this.#parts.runs.refresh(asked, located, stale, behind)
    return true
  }

  /** With what is near, even stale; else by the handler, for whose failure a staler one stands in. */
  #answerWithoutStore(asked: Asked, error: unknown): true | Promise<true> {
    const { url, key } = asked
    const { runs, resources } = this.#parts
    const partsOf = this.#partsOf(asked)
    // Looked for anew: meanwhile it may have been purged.
    const near = resources.nearby(url, partsOf, true)
    const { stats } = this.#engine
    const onServed = (): void =>
      near?.fresh ? stats.nearHit(resources.namespace, key) : stats.stale(resources.namespace, key)
    if (near && this.#answerNear(asked, near.variant, acceptsStale, onServed)) return true
    const older = resources.nearOnError(url, partsOf)
    const mayStandIn =
      older !== undefined &&
      asked.exchange.request.method !== 'HEAD' &&
      isFor(asked, older) &&
      acceptsStale(older, asked.wishes, this.#engine.clock.now())
    return runs.withoutStore(asked, resources.guess(url, partsOf), error, mayStandIn ? older : undefined)
  }

  /** Whether the request may have what is near, and so is answered: by that, or as it says. */
  #answerNear(asked: Asked, found: Variant, fits: typeof isReusable, onServed: () => void): boolean {
    const { publicOnly, wishes } = asked
    if ('pass' in found) {
      const passes = publicOnly === undefined && !wishes.onlyIfCached
      return passes && this.#answers.alone(asked, 'miss', found.pass)
    }
    const now = this.#engine.clock.now()
    if (found.status === 206 || !isFor(asked, found) || !fits(found, wishes, now)) return false
    if (this.#answers.withStored(asked, found, undefined, now)) onServed()
    return true
  }

  #partsOf(asked: Asked): PartsOf {
    return partsAt(asked, asked.exchange.request, this.#rules)
  }
}
