import { AsyncResource } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Errand, Rerun, RunPlan } from '../../http/engine/exchange.js'
import { mark, Returning } from '../reruns/returning.js'
import { canBeMade, factsOf, madeRequest } from './memory-socket.js'

/** Into an application, through all of its layers. */
export type Dispatch = (req: IncomingMessage, res: ServerResponse) => unknown

/** What a layer keeps for the request that runs now must not be that of whoever has met something stale. */
const OUTSIDE = new AsyncResource('TiercelRerun')

/**
 * The way through the door by which this request has come in: its server's listeners, else the framework's own entry.
 * What is needed of the request is read at once.
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

/** Ends a response that nobody reads as soon as it is not wanted any more. */
function whileRunning({ outcome }: Returning, { signal }: RunPlan, giveUp: () => void): void {
  signal?.addEventListener('abort', giveUp)
  void outcome.then(({ end }) => {
    signal?.removeEventListener('abort', giveUp)
    if (end !== 'captured') giveUp()
  })
}

/** Of a request that was injected there is no server. */
function throughServer({ socket }: IncomingMessage): Dispatch | undefined {
  const { server } = (socket ?? {}) as { readonly server?: Partial<EventEmitter> }
  if (typeof server?.emit !== 'function' || (server.listenerCount?.('request') ?? 0) === 0) return undefined
  return (req, res) => server.emit?.('request', req, res)
}

async function enterWith(enter: Dispatch, req: IncomingMessage, res: ServerResponse): Promise<void> {
  await enter(req, res)
}
