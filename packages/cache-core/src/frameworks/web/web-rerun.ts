import type { IncomingMessage } from 'node:http'
import type { Errand, Rerun, RunPlan } from '../../http/engine/exchange.js'
import type { CacheRequest, Sight } from '../../http/message/message.js'
import { canBeMade, factsOf, madeRequest } from '../node-http/memory-socket.js'
import { mark, Returning } from '../reruns/returning.js'
import { narrowedRequest } from './web-request.js'

/** The request that has met a stale response. */
interface Occasion {
  readonly original: Request
  readonly asked: CacheRequest
  readonly incoming: IncomingMessage | undefined
  readonly contexts: readonly unknown[]
}

/** Sends a request to the application, with the contexts that its host would pass. */
export type Again = (request: Request, contexts: readonly unknown[]) => unknown

/** Makes a request of the cache's own. Reads what it needs of the client's request at once. */
export function webRerun(
  { original, asked, incoming, contexts }: Occasion,
  { sees, ...errand }: Errand,
): (again: Again) => Rerun {
  const client = new AbortController()
  const request = narrowedRequest(original, asked, sees, { method: 'GET', signal: client.signal })
  const others = contexts.map((context) => withIncoming(context, incoming, sees))
  return (again) => ({
    run: (plan) => {
      const returning = new Returning({ sees, ...errand }, plan)
      mark(request, returning)
      void send(() => again(request, others), returning, plan, client)
      return returning.outcome
    },
  })
}

/** Sends it, and reads the answer as a client would. */
async function send(
  ask: () => unknown,
  returning: Returning,
  { signal }: RunPlan,
  client: AbortController,
): Promise<void> {
  const giveUp = (): void => {
    client.abort()
    returning.broken()
  }
  signal?.addEventListener('abort', giveUp)
  try {
    const response = (await ask()) as Partial<Response> | undefined
    returning.over(response?.status)
    await drain(response?.body, returning)
  } catch {
    returning.broken()
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
}

/** Reads the body, until it is no longer captured. */
async function drain(body: ReadableStream | null | undefined, { outcome }: Returning): Promise<void> {
  const reader = body?.getReader()
  if (reader === undefined) return
  void outcome.then(({ end }) => (end === 'captured' ? undefined : reader.cancel().catch(() => {})))
  while (!(await reader.read()).done);
}

/** On Node the host also passes its own request, which layers read: replaces that. */
function withIncoming(context: unknown, incoming: IncomingMessage | undefined, sees: Sight): unknown {
  if (incoming === undefined || (context as { readonly incoming?: unknown } | undefined)?.incoming !== incoming) {
    return context
  }
  if (!canBeMade()) return { ...(context as object), incoming: undefined, outgoing: undefined }
  return { ...(context as object), incoming: madeRequest(sees, factsOf(incoming.socket)).req, outgoing: undefined }
}
