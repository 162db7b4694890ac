import type { WaitUntil } from '../../base/wait-until.js'

/** Where Vercel, and Next on other hosts, keep what is asked of the host for the request that runs now. */
const REQUEST_CONTEXTS = [Symbol.for('@next/request-context'), Symbol.for('@vercel/request-context')]

/**
 * Tells the host to keep this process going for what happens after the response: storing it. Where the host has no
 * word for that (Node, Bun, Deno) the process goes on by itself.
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
