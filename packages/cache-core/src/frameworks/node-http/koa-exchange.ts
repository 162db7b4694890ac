import { Stream } from 'node:stream'
import type { Context, Next } from 'koa'
import { bufferOf } from '../../base/bytes.js'
import type { CompleteResponse, RunOutcome, RunPlan } from '../../http/engine/exchange.js'
import { changesOf } from '../../http/rules/head-changes.js'
import { logFields } from './field-log.js'
import { standsOnContext, takeResponse } from './koa-response.js'
import { linesSent } from './lines-sent.js'
import { NodeExchange } from './node-exchange.js'
import { isOverHttp2 } from './over-http2.js'
import { linesSet } from './response-head.js'
import { applyStored } from './send-stored.js'

const DONE = Promise.resolve()

/**
 * An exchange over Koa, one level above node:http. A hit is put on the context, and goes out when the layers outside have done
 * their work after `await next()` (a session's cookie, compression). What is stored is what was on the context before that. A
 * handler that writes to `ctx.res` itself is observed there.
 */
export class KoaExchange extends NodeExchange {
  readonly #ctx: Context
  /** Whether nobody reads the context afterwards. */
  readonly #isOutermost: boolean
  /** Takes the response from the context, if it is there. */
  #take: (() => void) | undefined
  #isDone = false
  /** Whether the handler, or a layer inside, is still at work. */
  #isRunning = false
  /** Settles `done`, where somebody waits for it already. */
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined

  constructor(ctx: Context, next: Next, isOutermost: boolean) {
    super(ctx.req, ctx.res, {
      origin: ctx.app.proxy ? { scheme: ctx.protocol, host: ctx.host } : undefined,
      proceed: () => this.#proceed(next),
      holders: [ctx, ctx.request],
      source: ctx,
      dispatch: (made, response) => ctx.app.callback()(made, response),
    })
    this.#ctx = ctx
    this.#isOutermost = isOutermost
  }

  /** When the layers outside may go on. Without a promise of its own where that is so already. @throws what the handler throws. */
  get done(): Promise<void> {
    if (this.#isDone) return DONE
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
  }

  fail(error: unknown): void {
    this.#settle?.reject(error)
  }

  override send(head: CompleteResponse, body: Uint8Array | undefined): void {
    const ctx = this.#ctx
    if (this.#isOutermost) {
      // Koa's own way to the response costs as much as the cache.
      ctx.respond = false
      super.send(head, body)
    } else if (!ctx.headerSent) putResponse(ctx, head, body)
    this.#goOn()
  }

  override async run(plan: RunPlan): Promise<RunOutcome> {
    const ctx = this.#ctx
    const { res } = ctx
    const before = linesSet(res)
    const log = logFields(res)
    let taken: Promise<RunOutcome> | undefined
    this.#take = () => {
      if (!standsOnContext(ctx)) {
        if (ctx.body === undefined || ctx.body === null) this.#restoreUnlessWritten()
        return
      }
      this.stepAside()
      const streams = ctx.body instanceof Stream
      const sent = linesSent(res)
      const received = takeResponse(ctx, plan, (now) => changesOf(before, now, log))
      taken = received.then(async (outcome) => {
        const reason = outcome.end === 'captured' ? plan.onSent?.(await sent) : undefined
        return reason === undefined ? outcome : { end: 'passed', reason }
      })
      // A stream that is made while it goes out may still read the request, and is stored.
      if (streams) void taken.then(() => this.restore())
      else this.restore()
    }
    let isNotOurs = false
    const observed = await super.run({
      ...plan,
      onHead: (head) => {
        isNotOurs = this.#isAnsweredOutside
        return isNotOurs ? { headers: head.headers, capture: false } : plan.onHead(head)
      },
    })
    return isNotOurs ? { end: 'broken' } : (taken ?? observed)
  }

  /**
   * Whether Koa sends what a layer outside has put on the context instead of waiting for the handler (after a timeout). A
   * handler that writes to `ctx.res` itself leaves the context without a body.
   */
  get #isAnsweredOutside(): boolean {
    const { body, respond } = this.#ctx
    return this.#isRunning && respond !== false && body !== undefined && body !== null
  }

  override withdraw(): void {
    this.#take = undefined
    super.withdraw()
  }

  /** Runs the handler. A failure is answered by Koa, or by a layer outside, through the response, where it is observed. */
  #proceed(next: Next): void {
    this.#isRunning = true
    next()
      .then(() => {
        this.#isRunning = false
        this.#take?.()
        this.#goOn()
      })
      .catch((error: unknown) => {
        this.#isRunning = false
        this.restore()
        this.fail(error)
      })
  }

  #goOn(): void {
    this.#isDone = true
    this.#settle?.resolve()
  }

  #restoreUnlessWritten(): void {
    if (this.#ctx.respond !== false && !this.#ctx.res.headersSent) this.restore()
  }
}

/**
 * A stored response on the context, over what layers outside have put there. Its body is the cache's own memory, as
 * docs/frameworks/koa.md says: a copy for each client would be memory that `maxSendBytes` does not count.
 */
function putResponse({ req, res, response }: Context, head: CompleteResponse, body: Uint8Array | undefined): void {
  const hasBody = body !== undefined || (req.method !== 'HEAD' && head.status !== 204 && head.status !== 304)
  response.status = head.status
  if (hasBody) {
    // Koa sets the length of each body that it is given.
    applyStored(res, head, 'content-length')
    const hasType = res.hasHeader('content-type')
    // Koa writes a length, and a type where there is none.
    response.body = bufferOf(body ?? NO_BYTES)
    if (!hasType) res.removeHeader('content-type')
  } else {
    const type = res.getHeader('content-type')
    // Koa removes what describes a body.
    response.body = null
    response.status = head.status
    if (type !== undefined) res.setHeader('content-type', type)
    applyStored(res, head)
  }
  // HTTP/2 has no reason phrase, and node warns of one.
  if (head.statusText !== '' && !isOverHttp2(req)) response.message = head.statusText
}

const NO_BYTES = Buffer.alloc(0)
