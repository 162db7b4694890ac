import { Stream } from 'node:stream'
import type { Context, Next } from 'koa'
import type { CompleteResponse, RunOutcome } from '../../http/engine/exchange.js'
import { changesOf } from '../../http/rules/head-changes.js'
import { logFields } from './field-log.js'
import { standsOnContext, takeResponse } from './koa-response.js'
import { linesSent } from './lines-sent.js'
import { type NodeExchange, nodeExchange } from './node-exchange.js'
import { linesSet } from './response-head.js'
import { applyStored } from './send-stored.js'

/**
 * An exchange over Koa, one floor above node:http: a hit is put on the context and goes out when the layers outside have
 * done what they do after `await next()` (a session's cookie, compression), and what is stored is what stood on the
 * context before they did. A handler that writes to `ctx.res` itself is observed there.
 */
export function koaExchange(
  ctx: Context,
  next: Next,
  done: () => void,
  failed: (error: unknown) => void,
): NodeExchange {
  const { res } = ctx
  const origin = ctx.app.proxy ? { scheme: ctx.protocol, host: ctx.host } : undefined
  /** Takes the response from the context, where it stands there. */
  let take = (): void => {}
  const proceed = (): void => {
    // A failure is answered by Koa, or a layer outside, through the response, where it is seen.
    next()
      .then(() => {
        take()
        done()
      })
      .catch((error: unknown) => {
        exchange.restore()
        failed(error)
      })
  }
  const exchange = nodeExchange(ctx.req, res, {
    origin,
    proceed,
    holders: [ctx, ctx.request],
    source: ctx,
    dispatch: (made, response) => ctx.app.callback()(made, response),
  })
  const restoreUnlessWritten = (): void => {
    if (ctx.respond !== false && !ctx.res.headersSent) exchange.restore()
  }
  return {
    ...exchange,
    send(head, body) {
      if (!ctx.headerSent) putResponse(ctx, head, body)
      done()
    },
    async run(plan) {
      const before = linesSet(res)
      const log = logFields(res)
      let taken: Promise<RunOutcome> | undefined
      take = () => {
        if (!standsOnContext(ctx)) {
          if (ctx.body === undefined || ctx.body === null) restoreUnlessWritten()
          return
        }
        exchange.stepAside()
        const streams = ctx.body instanceof Stream
        const sent = linesSent(res)
        const received = takeResponse(ctx, plan, (now) => changesOf(before, now, log))
        taken = received.then(async (outcome) => {
          const reason = outcome.end === 'captured' ? plan.onSent?.(await sent) : undefined
          return reason === undefined ? outcome : { end: 'passed', reason }
        })
        // What is made while it goes out may still read the request, and is stored.
        if (streams) void taken.then(exchange.restore)
        else exchange.restore()
      }
      const observed = await exchange.run(plan)
      return taken ?? observed
    },
    withdraw() {
      take = () => {}
      exchange.withdraw()
    },
  }
}

/** A stored response on the context, over what layers outside have put there. */
function putResponse(ctx: Context, head: CompleteResponse, body: Uint8Array | undefined): void {
  const { res } = ctx
  const type = res.getHeader('content-type')
  const hasBody = body !== undefined || (ctx.method !== 'HEAD' && head.status !== 204 && head.status !== 304)
  // Koa guesses status, length and type by the body.
  ctx.body = hasBody ? Buffer.from(body ?? []) : null
  ctx.status = head.status
  // HTTP/2 has no reason phrase, and node warns of one.
  if (head.statusText !== '' && ctx.req.httpVersionMajor < 2) ctx.message = head.statusText
  if (type === undefined) res.removeHeader('content-type')
  else res.setHeader('content-type', type)
  applyStored(res, head)
}
