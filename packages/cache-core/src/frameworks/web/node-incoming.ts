import type { IncomingMessage, ServerResponse } from 'node:http'

/** Node's own request, where the host on Node passes it beside that of fetch. */
export function incomingOf(contexts: readonly unknown[]): IncomingMessage | undefined {
  for (const context of contexts) {
    const { incoming } = (context ?? {}) as { readonly incoming?: Partial<IncomingMessage> }
    if (Array.isArray(incoming?.rawHeaders)) return incoming as IncomingMessage
  }
  return undefined
}

/** Node's own response, where the host on Node passes it and its head is not written yet. */
export function outgoingOf(contexts: readonly unknown[]): ServerResponse | undefined {
  for (const context of contexts) {
    const { outgoing } = (context ?? {}) as { readonly outgoing?: Partial<ServerResponse> }
    if (typeof outgoing?.writeHead !== 'function' || typeof outgoing.getHeaderNames !== 'function') continue
    return outgoing.headersSent || outgoing.destroyed ? undefined : (outgoing as ServerResponse)
  }
  return undefined
}
