import { acceptsOnly } from '../message/accept.js'
import { combined, first, has } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import { hidesCredentials, type NarrowingRules } from './narrowing.js'
import type { Policies } from './profiles.js'

/**
 * What a request may have of the cache.
 * - `cache`: a stored response, or a run whose response others receive; with `credentials` only where that says that
 *   others may have it (RFC 9111 section 3.5).
 * - `public-only`: it carries credentials that the route does not mention. A stored response that is marked public may
 *   answer it; otherwise its handler runs at once with the credentials, and nobody waits for that run.
 * - `bypass`: nothing. `forward` is the word of RFC 9211 section 2.2 for it.
 */
export type Admission =
  | { readonly use: 'cache'; readonly credentials: boolean }
  | { readonly use: 'public-only'; readonly reason: string }
  | { readonly use: 'bypass'; readonly forward: 'method' | 'bypass'; readonly reason: string }

const CACHE: Admission = { use: 'cache', credentials: false }
const WITH_CREDENTIALS: Admission = { use: 'cache', credentials: true }

export function admission(request: CacheRequest, rules: NarrowingRules & Pick<Policies, 'credentials'>): Admission {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { use: 'bypass', forward: 'method', reason: 'method is neither GET nor HEAD' }
  }
  if (hasContent(request)) return { use: 'bypass', forward: 'bypass', reason: 'request has content' }
  if (asksForSocket(request)) return { use: 'bypass', forward: 'bypass', reason: 'request asks for a WebSocket' }
  if (asksForEvents(request)) return { use: 'bypass', forward: 'bypass', reason: 'request asks for an event stream' }
  if (request.credential !== undefined) return { use: 'public-only', reason: `request has a ${request.credential}` }
  if (rules.credentials === 'authorization') {
    return has(request.headers, 'authorization') && !rules.headers?.has('authorization') ? WITH_CREDENTIALS : CACHE
  }
  // A route that names what it depends on has decided about Cookie.
  if (has(request.headers, 'cookie') && rules.cookies === undefined && !rules.headers?.has('cookie')) {
    return { use: 'public-only', reason: 'request has cookies, route names none' }
  }
  const credential = unnamedCredential(request, rules)
  if (credential !== undefined) {
    return { use: 'public-only', reason: `request has ${credential}, route does not name it` }
  }
  return CACHE
}

/** RFC 9111 section 3.5: a credential must be in the key, or hidden from the handler; otherwise the response is private. */
function unnamedCredential({ headers }: CacheRequest, rules: NarrowingRules): string | undefined {
  if (hidesCredentials(rules)) return undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (rules.credentialHeaders.has(name) && !rules.headers?.has(name)) return headers[i]
  }
  return undefined
}

/** Content of a GET is no input to a cached response (RFC 9110 section 9.3.1), so its handler gets it alone. */
function hasContent(request: CacheRequest): boolean {
  if (request.hasContent === true || has(request.headers, 'transfer-encoding')) return true
  const length = first(request.headers, 'content-length')
  return length !== undefined && length !== '0'
}

/** Where the server ignores upgrades, a handler may still answer it. Not for `h2c`, which clients only offer. */
function asksForSocket(request: CacheRequest): boolean {
  return first(request.headers, 'upgrade')?.toLowerCase() === 'websocket'
}

/** An EventSource accepts nothing else, and nobody should queue for an endless response. */
function asksForEvents(request: CacheRequest): boolean {
  const accept = combined(request.headers, 'accept')
  return accept !== undefined && acceptsOnly(accept, 'text/event-stream')
}
