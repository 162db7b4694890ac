import type { IncomingMessage } from 'node:http'

/** Node's own request, where the server for Node gives it beside the one of fetch. */
export function incomingOf(contexts: readonly unknown[]): IncomingMessage | undefined {
  for (const context of contexts) {
    const { incoming } = (context ?? {}) as { readonly incoming?: Partial<IncomingMessage> }
    if (Array.isArray(incoming?.rawHeaders)) return incoming as IncomingMessage
  }
  return undefined
}
