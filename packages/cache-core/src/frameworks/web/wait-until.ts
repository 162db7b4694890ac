import type { WaitUntil } from '../../base/wait-until.js'

/** Where Vercel, and Next on other hosts, keep the `waitUntil` of the current request. */
const REQUEST_CONTEXTS = [Symbol.for('@next/request-context'), Symbol.for('@vercel/request-context')]

/**
 * Asks the host to keep this process alive for work after the response, such as storing it. Hosts without `waitUntil` (Node,
 * Bun, Deno) keep it alive anyway.
 * @param contexts Where the host may have put its `waitUntil`, the most likely one first.
 */
export function waitUntil(work: Promise<unknown>, contexts: readonly unknown[]): void {
  for (const context of [...contexts, ...REQUEST_CONTEXTS.map(requestContext)]) {
    if (hasWaitUntil(context)) {
      context.waitUntil(work)
      return
    }
  }
}

function hasWaitUntil(context: unknown): context is { readonly waitUntil: WaitUntil } {
  return (
    typeof context === 'object' && context !== null && 'waitUntil' in context && typeof context.waitUntil === 'function'
  )
}

function requestContext(symbol: symbol): unknown {
  const holder = (globalThis as Record<symbol, unknown>)[symbol] as { get?: () => unknown } | undefined
  return holder?.get?.()
}
