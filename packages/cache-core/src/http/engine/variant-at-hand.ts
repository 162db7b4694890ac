import { bufferOf } from '../../base/bytes.js'
import { type AtHand, encodedAtHand } from '../../protocol/at-hand.js'
import type { StoredResponse } from './stored-response.js'
import { openVariant, type Variant } from './variant.js'

/** What was made of a response at its first hit. */
interface Opened {
  readonly mayMakeCookies: boolean
  /** Without its body. */
  readonly response: StoredResponse
  /** In the bytes of the entry. */
  readonly bodyAt: number
}

/** As `openVariant`, of what lies in a store of this process: its head is read once. `undefined` where it is none of ours. */
export function variantAtHand(found: AtHand, mayMakeCookies: boolean): Variant | undefined {
  const { frame, entry } = found
  // In the slots of variants nobody else makes anything.
  const opened = frame.made as Opened | undefined
  if (opened?.mayMakeCookies === mayMakeCookies) {
    return withBody(opened.response, bufferOf(entry.bytes).subarray(opened.bodyAt))
  }
  try {
    const variant = openVariant(encodedAtHand(found), mayMakeCookies)
    if ('pass' in variant) return variant
    const bodyAt = entry.bytes.byteLength - variant.body.byteLength
    frame.made = { mayMakeCookies, response: withBody(variant, NO_BODY), bodyAt } satisfies Opened
    return variant
  } catch {
    // The way to the store says so.
    return undefined
  }
}

const NO_BODY = Buffer.alloc(0)

/** Written out: a spread costs ten times as much. */
function withBody(response: StoredResponse, body: Buffer): StoredResponse {
  const { status, statusText, headers, added, removed, receivedAt, ageMs, freshForMs, staleIfErrorMs } = response
  return {
    status,
    statusText,
    headers,
    added,
    removed,
    receivedAt,
    ageMs,
    freshForMs,
    staleIfErrorMs,
    public: response.public,
    mustRevalidate: response.mustRevalidate,
    body,
  }
}
