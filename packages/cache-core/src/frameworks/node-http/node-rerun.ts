import { AsyncResource } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Errand, Rerun, RunPlan } from '../../http/engine/exchange.js'
import { mark, Returning } from '../reruns/returning.js'
import { canBeMade, factsOf, madeRequest } from './memory-socket.js'

/** Sends a request into an application, through all of its layers. */
export type Dispatch = (req: IncomingMessage, res: ServerResponse) => unknown

/** A context without that of the request that met the stale response: layers keep data of the current request in it. */
const OUTSIDE = new AsyncResource('TiercelRerun')

/**
 * A way into the application as this request has come: its server's listeners, otherwise the framework's own entry point. Reads
 * what it needs of the request at once.
 */
export function nodeRerun(req: IncomingMessage, errand: Errand, dispatch: Dispatch | undefined): Rerun | undefined {
  const enter = throughServer(req) ?? dispatch
  if (enter === undefined || !canBeMade()) return undefined
  const facts = factsOf(req.socket)
  return {
    run: (plan) => {
      const made = madeRequest(errand.sees, facts)
      const { req, res, socket } = made
      const returning = new Returning(errand, plan)
      mark(req, returning)
      res.once('close', () => returning.over(res.headersSent ? res.statusCode : undefined))
      whileRunning(returning, plan, () => socket.destroy())
      OUTSIDE.runInAsyncScope(() => void enterWith(enter, req, res).catch(() => socket.destroy()))
      return returning.outcome
    },
  }
}

/** Ends a response that nobody reads as soon as it is no longer wanted. */
function whileRunning({ outcome }: Returning, { signal }: RunPlan, giveUp: () => void): void {
  signal?.addEventListener('abort', giveUp)
  void outcome.then(({ end }) => {
    signal?.removeEventListener('abort', giveUp)
    if (end !== 'captured') giveUp()
  })
}

/** The listeners of the server; `undefined` for an injected request, which has no server. */
function throughServer({ socket }: IncomingMessage): Dispatch | undefined {
  const { server } = (socket ?? {}) as { readonly server?: Partial<EventEmitter> }
  if (typeof server?.emit !== 'function' || (server.listenerCount?.('request') ?? 0) === 0) return undefined
  return (req, res) => server.emit?.('request', req, res)
}

async function enterWith(enter: Dispatch, req: IncomingMessage, res: ServerResponse): Promise<void> {
  await enter(req, res)
}
