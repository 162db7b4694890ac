import type { Encoded } from '../../entry/frame.js'
import { etagOf } from '../message/etag.js'
import { type HeaderLines, has, TOKEN } from '../message/headers.js'
import { clientHeaders } from '../rules/client-headers.js'
import type { HttpCacheRules } from '../rules/options.js'
import type { StaleWindows } from '../rules/stale-windows.js'
import type { AcceptedByItself } from '../rules/storable.js'
import { type StoredFacts, storedHeaders } from '../rules/stored-headers.js'
import type { ResponseHead } from './exchange.js'
import { encodeResponse } from './stored-response.js'

/** May be stored, by its own rules and by those of its route, under these tags. */
export type Accepted = AcceptedByItself & { readonly tags: readonly string[] }

/** A response that may be kept. */
export interface Kept {
  readonly encoded: Encoded
  readonly verdict: Accepted
  readonly receivedAt: number
  readonly headers: HeaderLines
}

/**
 * The tag of a response that has none. A layer outside that sets its own does so on hits, too, and must find none there;
 * and a part is not what a tag is of.
 */
export function ownTag(
  { status, headers }: ResponseHead,
  body: readonly Uint8Array[],
  { etag }: Pick<HttpCacheRules, 'etag'>,
): string | undefined {
  if (!etag || status === 206 || has(headers, 'etag')) return undefined
  return etagOf(body, etag === 'strong')
}

/** A response as it is stored; `undefined`: it has fields that cannot be sent again. */
export function payloadOf(
  { status, statusText, changes }: ResponseHead,
  body: readonly Uint8Array[],
  facts: StoredFacts,
  verdict: AcceptedByItself,
  rules: HttpCacheRules,
): Buffer | undefined {
  const { receivedAt } = facts
  const headers = storedHeaders({ status, headers: clientHeaders(changes.lines, rules) }, facts)
  const { added } = changes
  const removed = changes.removed.filter((name) => TOKEN.test(name) && !has(headers, name))
  const { freshForMs, ageMs, windows, mustRevalidate, public: isPublic } = verdict
  const times = { receivedAt, ageMs, freshForMs, staleIfErrorMs: windows.staleIfErrorMs }
  return encodeResponse(
    { status, statusText, headers, added, removed, ...times, public: isPublic, mustRevalidate },
    body,
  )
}

/** The stale windows as the frame has them, whose freshness does not end before it begins. */
export function windowsOf({ windows, keepStaleMs }: AcceptedByItself, leftMs: number): StaleWindows {
  const over = Math.min(leftMs, 0)
  return {
    staleWhileRevalidateMs: Math.max(0, windows.staleWhileRevalidateMs + over),
    staleIfErrorMs: Math.max(keepStaleMs, windows.staleIfErrorMs + over, 0),
  }
}
