import { ageSeconds } from './age.js'
import { type CacheStatus, formatCacheStatus } from './cache-status.js'
import { evaluateConditions, notModifiedHeaders } from './conditional.js'
import type { Exchange, HeadDecision, RunPlan } from './exchange.js'
import { type HeaderLines, keep } from './headers.js'
import type { UrlKey } from './key.js'
import { asksForPart, type NarrowingRules, narrow } from './narrowing.js'
import type { StoredResponse } from './stored-response.js'

/** Why a handler runs, as Cache-Status has it. */
export type Forward = (CacheStatus & { readonly hit: false })['forward']

export interface Passed {
  readonly forward: Forward
  readonly detail?: string | undefined
}

/** The stored response, or 304 where the client has it already. */
export function serve(exchange: Exchange, stored: StoredResponse, now: number, forward: Forward | undefined): void {
  const { method, headers: asked } = exchange.request
  const status: CacheStatus =
    forward === undefined
      ? { hit: true, ttlMs: stored.receivedAt + stored.freshForMs - now }
      : { hit: false, forward, collapsed: true }
  const notModified = evaluateConditions(asked, stored, now) === 'not-modified'
  const headers = notModified ? notModifiedHeaders(stored.headers) : [...stored.headers]
  headers.push('Age', String(ageSeconds(stored, now)), 'Cache-Status', formatCacheStatus(status))
  if (notModified) exchange.send({ status: 304, statusText: '', headers }, undefined)
  else {
    const { status: code, statusText, body } = stored
    // A HEAD has the fields of the GET, Content-Length too (RFC 9110 section 9.3.2).
    exchange.send({ status: code, statusText, headers }, method === 'HEAD' || body.length === 0 ? undefined : body)
  }
}

/** The handler for this client alone, with all that the client sent. */
export function runOpenly(exchange: Exchange, status: Passed): void {
  void exchange.run(observing(status))
}

/**
 * The handler for this client alone, on a route whose responses are shared: it sees what it would see for one that is
 * stored, and what asks for a part of the response, since this one may be partial (RFC 9110 sections 13.1, 14.2).
 */
export function runAlone(exchange: Exchange, key: UrlKey, rules: NarrowingRules, status: Passed): void {
  const { target, headers } = narrow(exchange.request, key, rules)
  const sees = { target, headers: [...headers, ...keep(exchange.request.headers, asksForPart)] }
  void exchange.run({ ...observing(status), sees })
}

function observing(status: Passed): RunPlan {
  return { maxBodyBytes: 0, onHead: ({ headers }) => withStatus(headers, { hit: false, ...status }, false) }
}

export function withStatus(headers: HeaderLines, status: CacheStatus, capture: boolean): HeadDecision {
  return { headers: [...headers, 'Cache-Status', formatCacheStatus(status)], capture }
}
