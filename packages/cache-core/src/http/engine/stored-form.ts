import type { Encoded } from '../../entry/frame.js'
import { etagOf } from '../message/etag.js'
import { first, type HeaderLines, has, keep, TOKEN } from '../message/headers.js'
import { clientHeaders } from '../rules/client-headers.js'
import { type Compression, MIN_BYTES } from '../rules/compression.js'
import type { HttpCacheRules } from '../rules/options.js'
import type { StaleWindows } from '../rules/stale-windows.js'
import type { AcceptedByItself } from '../rules/storable.js'
import { type StoredFacts, storedHeaders } from '../rules/stored-headers.js'
import { compress } from './compress.js'
import type { ResponseHead } from './exchange.js'
import { encodeResponse } from './stored-response.js'

/** A response that may be stored by all rules, its route's included, under these tags. */
export type Accepted = AcceptedByItself & { readonly tags: readonly string[] }

/** A response that may be kept. */
export interface Kept {
  readonly encoded: Encoded
  readonly verdict: Accepted
  readonly receivedAt: number
  readonly headers: HeaderLines
  /** Makes the same response in a coding, where it is also stored in codings. */
  readonly inCoding?: ((coding: Compression) => Promise<Buffer | undefined>) | undefined
}

/**
 * A tag for a response that has none. Not where a layer outside sets its own, since it does so on hits as well and must find
 * none there; and not for a part.
 */
export function ownTag(
  { status, headers }: ResponseHead,
  body: readonly Uint8Array[],
  { etag }: Pick<HttpCacheRules, 'etag'>,
): string | undefined {
  if (!etag || status === 206 || has(headers, 'etag')) return undefined
  return etagOf(body, etag === 'strong')
}

/** A response as it is stored; `undefined` where it has fields that cannot be sent again. */
export function payloadOf(
  { status, statusText, changes }: ResponseHead,
  body: readonly Uint8Array[],
  facts: StoredFacts,
  verdict: AcceptedByItself,
  rules: HttpCacheRules,
): Buffer | undefined {
  const { receivedAt } = facts
  const headers = storedHeaders({ status, headers: clientHeaders({ status, headers: changes.lines }, rules) }, facts)
  const { added } = changes
  const removed = changes.removed.filter((name) => TOKEN.test(name) && !has(headers, name))
  const { freshForMs, ageMs, windows, mustRevalidate, public: isPublic } = verdict
  const times = { receivedAt, ageMs, freshForMs, staleIfErrorMs: windows.staleIfErrorMs }
  return encodeResponse(
    { status, statusText, headers, added, removed, public: isPublic, mustRevalidate, ...times },
    body,
  )
}

/** The stale windows for the frame, whose freshness cannot end before it begins: where it is over, they are so much shorter. */
export function windowsOf({ windows, keepStaleMs }: AcceptedByItself, leftMs: number): StaleWindows {
  const over = Math.min(leftMs, 0)
  return {
    staleWhileRevalidateMs: Math.max(0, windows.staleWhileRevalidateMs + over),
    staleIfErrorMs: Math.max(keepStaleMs, windows.staleIfErrorMs + over, 0),
  }
}

/**
 * The same response in a coding, or plain where that is shorter. The handler's tag becomes weak (RFC 9110 section 8.8.1), so
 * that the handler still knows it and parts of different bytes are not combined; a strong tag of ours is made of these
 * bytes. Accept-Ranges is removed, since the handler offered ranges of its own bytes: a client that resumes a download after
 * this response is gone would get those.
 */
export async function codedPayloadOf(
  coding: Compression,
  head: ResponseHead,
  body: readonly Uint8Array[],
  facts: StoredFacts,
  verdict: AcceptedByItself,
  rules: HttpCacheRules,
): Promise<Buffer | undefined> {
  const short = facts.bodyBytes < MIN_BYTES ? undefined : await compress(body, coding)
  if (short === undefined) return payloadOf(head, body, facts, verdict, rules)
  const given = first(head.changes.lines, 'etag')
  const lines = keep(head.changes.lines, (name) => name !== 'etag' && name !== 'accept-ranges')
  if (given !== undefined) lines.push('ETag', given.startsWith('W/') ? given : `W/${given}`)
  lines.push('Content-Encoding', coding)
  const coded = { ...head, changes: { ...head.changes, lines } }
  const etag = facts.etag !== undefined && rules.etag === 'strong' ? etagOf([short], true) : facts.etag
  return payloadOf(coded, [short], { ...facts, bodyBytes: short.length, etag }, verdict, rules)
}
