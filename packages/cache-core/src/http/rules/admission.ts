import { first, has } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import type { NarrowingRules } from './narrowing.js'

/**
 * What a request may have of the cache.
 * - `cache`: a stored response, or a run whose response others receive.
 * - `public-only`: it carries credentials that the route says nothing about. It may be answered by a stored response
 *   that is marked public; else its handler runs at once with the credentials, and nobody waits for that run.
 * - `bypass`: nothing. `forward` is the word of RFC 9211 section 2.2 for it.
 */
export type Admission =
  | { readonly use: 'cache' }
  | { readonly use: 'public-only'; readonly reason: string }
  | { readonly use: 'bypass'; readonly forward: 'method' | 'bypass'; readonly reason: string }

const CACHE: Admission = { use: 'cache' }

export function admission(request: CacheRequest, rules: NarrowingRules): Admission {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { use: 'bypass', forward: 'method', reason: 'method is neither GET nor HEAD' }
  }
  if (hasContent(request)) return { use: 'bypass', forward: 'bypass', reason: 'request has content' }
  if (asksForSocket(request)) return { use: 'bypass', forward: 'bypass', reason: 'request asks for a WebSocket' }
  if (asksForEvents(request)) return { use: 'bypass', forward: 'bypass', reason: 'request asks for an event stream' }
  // A route that names what it depends on has decided about Cookie; without narrowing, of Authorization only by name.
  if (has(request.headers, 'cookie') && rules.cookies === undefined && !rules.headers?.has('cookie')) {
    return { use: 'public-only', reason: 'request has cookies, route names none' }
  }
  if (has(request.headers, 'authorization') && !isAuthorizationSettled(rules)) {
    return { use: 'public-only', reason: 'request has Authorization, route does not name it' }
  }
  return CACHE
}

/** RFC 9111 section 3.5: either it is in the key, or the handler cannot see it. */
function isAuthorizationSettled(rules: NarrowingRules): boolean {
  if (rules.headers === undefined) return false
  return rules.narrow !== false || rules.headers.has('authorization')
}

/** Content of a GET is no input to a cached response (RFC 9110 section 9.3.1), so its handler gets it alone. */
function hasContent(request: CacheRequest): boolean {
  if (has(request.headers, 'transfer-encoding')) return true
  const length = first(request.headers, 'content-length')
  return length !== undefined && length !== '0'
}

/** Where nobody listens to upgrades, a handler may answer it all the same. Not for `h2c`, which clients only offer. */
function asksForSocket(request: CacheRequest): boolean {
  return first(request.headers, 'upgrade')?.toLowerCase() === 'websocket'
}

/** An EventSource says so; the endless answer is not worth a place in anybody's queue. */
function asksForEvents(request: CacheRequest): boolean {
  return first(request.headers, 'accept')?.toLowerCase().includes('text/event-stream') ?? false
}
