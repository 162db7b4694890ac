import type { IncomingMessage, ServerResponse } from 'node:http'
import type {
  CompleteResponse,
  Errand,
  Exchange,
  Rerun,
  RunOutcome,
  RunPlan,
  WritePlan,
} from '../../http/engine/exchange.js'
import { type HeaderFields, headerLines } from '../../http/message/headers.js'
import type { CacheRequest } from '../../http/message/message.js'
import { returningOf } from '../reruns/returning.js'
import type { FieldLog } from './field-log.js'
import { holdEnd } from './hold-end.js'
import { briefRequest, cacheRequest, narrowRequest, type RequestFacts } from './node-request.js'
import { type Dispatch, nodeRerun } from './node-rerun.js'
import { enter, type Passage } from './passages.js'
import type { Replacements } from './replacements.js'
import { linesSet } from './response-head.js'
import { sendStored } from './send-stored.js'
import { tapResponse } from './tap-response.js'

/** What a framework on node:http provides, beside its request and response. */
export interface Framework extends RequestFacts {
  /** Runs the layers and the handler behind the cache. */
  readonly proceed: () => unknown
  /** Objects beside node's request that hold what it has parsed: a request of its own, a context. */
  readonly holders?: readonly object[]
  /** All fields of the response so far, where some are not set on node's own response yet. */
  readonly fields?: () => HeaderFields
  /** Where it has `fields`: records what is done to those from now on. */
  readonly logFields?: (log: FieldLog) => void
  /** Its own entry point, for requests that did not come through a server. */
  readonly dispatch?: Dispatch | undefined
}

/**
 * An exchange over node:http, for every framework on top of it. A class, since each function made for a request is part of
 * what a hit costs.
 */
export class NodeExchange implements Exchange, Passage {
  protected readonly res: ServerResponse
  protected readonly isHead: boolean
  readonly #req: IncomingMessage
  readonly #framework: Framework
  #request: CacheRequest | undefined
  #stepAside: (() => unknown) | undefined
  #narrowed: Replacements | undefined

  constructor(req: IncomingMessage, res: ServerResponse, framework: Framework) {
    this.res = res
    this.isHead = req.method === 'HEAD'
    this.#req = req
    this.#framework = framework
  }

  /** As it is when it is first asked for. */
  get request(): CacheRequest {
    this.#request ??= cacheRequest(this.#req, this.#framework)
    return this.#request
  }

  get brief(): CacheRequest | undefined {
    return briefRequest(this.#req, this.#framework)
  }

  get methodNow(): string | undefined {
    return this.#req.method
  }

  send(head: CompleteResponse, body: Uint8Array | undefined): void {
    sendStored(this.res, head, this.isHead ? undefined : body)
  }

  whenSent(then: () => void): void {
    whenSent(this.res, then)
  }

  run({ sees, ...plan }: RunPlan): Promise<RunOutcome> {
    enter(this, this.#req)
    const { res } = this
    const { proceed, holders = [] } = this.#framework
    const logFields = this.#framework.logFields?.bind(this.#framework)
    let narrowed: Replacements | undefined
    if (sees !== undefined) {
      narrowed = narrowRequest(this.#req, holders, this.request, sees)
      this.#narrowed = narrowed
      showOutside(res, narrowed)
    }
    const tap = tapResponse(res, plan, this.#linesBefore(), logFields)
    this.#stepAside = tap.withdraw
    if (narrowed !== undefined) whenAnswered(res, tap.outcome, narrowed)
    const forNobody = returningOf(this.#req) !== undefined
    // After a read of the store this runs in a promise's turn. A handler should start in a turn of the event loop, in which
    // Node sends a first piece before the handler's promises continue, and so before an error handler resets the connection.
    if (plan.capture !== undefined) process.nextTick(runHandler, proceed, tap.fail, forNobody)
    else runHandler(proceed, tap.fail, forNobody)
    return tap.outcome
  }

  again(errand: Errand): Rerun | undefined {
    return nodeRerun(this.#req, errand, this.#framework.dispatch?.bind(this.#framework))
  }

  write(plan: WritePlan): void {
    enter(this, this.#req)
    this.#stepAside = holdEnd(this.res, plan, plan.capture === undefined ? [] : this.#linesBefore())
    runHandler(this.#framework.proceed, () => {}, false)
  }

  /** Lets a response go that has not begun: the handler sees the whole request, and its response is sent as without this cache. */
  withdraw(): void {
    if (this.stepAside() !== false) this.restore()
  }

  /** The first half of that: lets the response go, with the request still narrowed. */
  stepAside(): unknown {
    return this.#stepAside?.()
  }

  /** The second half: restores the request. */
  restore(): void {
    this.#narrowed?.restore()
  }

  #linesBefore(): string[] {
    const fields = this.#framework.fields?.()
    return fields === undefined ? linesSet(this.res) : headerLines(fields)
  }
}

/** `finish` comes when the system has taken the last byte, `close` also when the client has gone before. */
export function whenSent(res: ServerResponse, then: () => void): void {
  const hasLeft = res.writableEnded && res.writableLength === 0
  if (hasLeft || res.closed || res.destroyed) then()
  else res.on('finish', then).on('close', then)
}

/**
 * Layers outside that act when the response is written (on-headers, sessions, compression) have overridden its methods, and
 * read the request then. Shows them the whole request, as on a hit.
 */
function showOutside(res: ServerResponse, narrowed: Replacements): void {
  for (const name of ['writeHead', 'write', 'end', 'flushHeaders'] as const) {
    if (!Object.hasOwn(res, name)) continue
    const method = res[name] as (...values: unknown[]) => unknown
    const overridden = (...values: unknown[]): unknown => narrowed.suspended(() => method.apply(res, values))
    Object.assign(res, { [name]: overridden })
  }
}

/**
 * Restores the request before the listeners of layers outside, which log it. A client that has gone may leave behind a handler
 * that still answers for others, to which the rest must stay hidden.
 */
function whenAnswered(res: ServerResponse, outcome: Promise<unknown>, narrowed: Replacements): void {
  const restore = (): void => narrowed.restore()
  let settled = false
  res.prependOnceListener('finish', restore)
  res.prependOnceListener('close', () => {
    if (settled) restore()
  })
  void outcome.then(() => {
    settled = true
    if (res.closed || res.destroyed) restore()
  })
}

/**
 * Runs a handler that may throw or reject without a framework that catches it. Its error then ends the process, as without a
 * cache, and is not taken for one of the cache.
 * @param forNobody Whether no client has asked for the run: then its error is only the failure of the run.
 */
function runHandler(proceed: () => unknown, onFailure: () => void, forNobody: boolean): void {
  const fail = (error: unknown): void => {
    onFailure()
    if (!forNobody) throw error
  }
  try {
    const running = proceed()
    if (running instanceof Promise) running.catch(fail)
  } catch (error) {
    process.nextTick(fail, error)
  }
}
