import { type CacheStatus, formatCacheStatus } from '../message/cache-status.js'
import { ageSeconds } from '../rules/age.js'
import { evaluateConditions, notModifiedHeaders } from '../rules/client-conditions.js'
import type { Exchange } from './exchange.js'
import type { Forward } from './pass.js'
import type { StoredResponse } from './stored-response.js'

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
