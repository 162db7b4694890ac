import { type CacheStatus, formatCacheStatus } from '../message/cache-status.js'
import { ageSeconds } from '../rules/age.js'
import { CONTENT_FIELDS, evaluateConditions, notModifiedHeaders } from '../rules/client-conditions.js'
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
  const { status: code, statusText, added, removed, body } = stored
  if (notModified) {
    exchange.send({ status: 304, statusText: '', headers, added, removed: [...removed, ...CONTENT_FIELDS] }, undefined)
    return
  }
  // A HEAD has the fields of the GET, Content-Length too (RFC 9110 section 9.3.2).
  const content = method === 'HEAD' || body.length === 0 ? undefined : body
  exchange.send({ status: code, statusText, headers, added, removed }, content)
}
