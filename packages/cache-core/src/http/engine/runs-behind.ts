import type { Loaded, LoadTerms } from '../../protocol/call.js'
import type { Engine } from '../../protocol/engine.js'
import { keep } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import { asksForPart, narrow } from '../rules/narrowing.js'
import type { HttpCacheRules } from '../rules/options.js'
import { isFailure } from '../rules/stale-windows.js'
import { type Asked, aimOf, ownPartsAt, partsAt } from './asked.js'
import type { Filler } from './fill.js'
import { bySlot, type Patience } from './patience.js'
import type { Located, Resource, Resources } from './resource.js'
import { rulersOf } from './rulers.js'
import { RunFailure } from './run-failure.js'
import type { Deliver } from './run-request.js'
import type { StoredResponse } from './stored-response.js'

/** After a layer outside has refused a run behind an answer, how long clients wait for runs of the variant. Milliseconds. */
const REFUSED_FOR_MS = 60_000

/**
 * Runs a handler with a request of the cache's own, so that the response goes to nobody.
 * @param deliver Takes the response for a client that waits for it.
 */
export type Behind = (terms: LoadTerms, deliver?: Deliver) => Promise<Loaded>

interface Parts {
  readonly engine: Engine
  readonly rules: HttpCacheRules
  readonly resources: Resources
  readonly filler: Filler
  readonly patience: Patience
}

/** Runs handlers behind answers, and knows which of several caches in a row may do so. */
export class RunsBehind {
  /** The cache that its own requests must come back to. */
  readonly #owner: object
  readonly #parts: Parts
  /** Variants for which a layer outside refuses the cache's own requests, and until when clients wait for their runs. */
  readonly #refused = bySlot<number>()

  constructor(owner: object, parts: Parts) {
    this.#owner = owner
    this.#parts = parts
  }

  /** Whether the variant belongs to a cache further inside. */
  isRuledInside({ variantSlot }: Located): boolean {
    const ruler = rulersOf(this.#parts.engine).get(variantSlot)?.deref()
    return ruler !== undefined && ruler !== this.#owner
  }

  /** Takes the variant. A cache further inside that gets the request takes it over afterwards. */
  takeOver(variantSlot: string): void {
    this.#setRuler(variantSlot, this.#owner)
  }

  /**
   * The way to the handler behind an answer; `undefined` where the framework has none.
   * @param stored The stored response that the handler is asked to confirm, if any.
   */
  of(
    { exchange, key, url, own, credentials }: Asked,
    { resource, variantSlot }: Located,
    stored: StoredResponse | undefined,
  ): Behind | undefined {
    const { rules, filler, patience, engine } = this.#parts
    const now = engine.clock.monotonic()
    // With credentials the response may be this client's own.
    if (resource === undefined || credentials || (this.#refused.get(variantSlot) ?? now) > now) return undefined
    const request = wholeGet(exchange.request)
    const rerun = exchange.again?.({
      sees: narrow(request, key, rules),
      owner: this.#owner,
      expects: (met) => this.#slotOf(met, resource) === variantSlot,
      leaveTo: (inner) => this.#setRuler(variantSlot, inner),
    })
    if (rerun === undefined) return undefined
    const what = {
      ...{ key, url, own, resource, variantSlot, stored, credentials },
      exchange: { request, run: rerun.run.bind(rerun) },
      behind: true,
      forward: 'stale',
      waitTimeoutMs: patience.waitTimeoutMs,
    } as const
    return async (terms, deliver) => {
      try {
        return await filler.fill({ ...what, deliver }, terms)
      } catch (error) {
        if (isShutOut(error)) this.#refused.set(variantSlot, now + REFUSED_FOR_MS)
        throw error
      }
    }
  }

  #setRuler(variantSlot: string, ruler: object): void {
    rulersOf(this.#parts.engine).set(variantSlot, new WeakRef(ruler))
  }

  /** Where the response to a request is stored; `undefined` where it is not. */
  #slotOf(request: CacheRequest, { vary }: Resource): string | undefined {
    const { rules, resources } = this.#parts
    const aim = aimOf(request, rules)
    if (!aim.ok || aim.admitted.use !== 'cache') return undefined
    const { key, url } = aim.found
    const own = ownPartsAt(aim.found, request, rules)
    return resources.variantSlot(url, partsAt({ key, own }, request, rules)(vary))
  }
}

/** The request for the whole of a response. */
function wholeGet(request: CacheRequest): CacheRequest {
  return { ...request, method: 'GET', headers: keep(request.headers, (name) => !asksForPart(name)) }
}

/** Whether a run behind the answer has failed in a way that a run for the client itself may not. */
export function leavesToClient(error: unknown): boolean {
  if (!(error instanceof RunFailure)) return false
  return error.refused || (error.status !== undefined && !isFailure(error.status))
}

/** Whether a layer outside will refuse the next request as well, for its lack of credentials. An overload is soon over. */
function isShutOut(error: unknown): boolean {
  if (!(error instanceof RunFailure) || !error.refused || error.status === undefined) return false
  return error.status < 500 && error.status !== 429
}
