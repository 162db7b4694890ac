import { bufferOf } from '../../base/bytes.js'
import { RecentMap } from '../../base/recent-map.js'
import type { ValueFrame } from '../../entry/frame.js'
import type { Version } from '../../store/store.js'
import type { StoredResponse } from './stored-response.js'
import { openVariant, type Variant } from './variant.js'

/** Memory for what was read of heads: so many characters of slots, each with its fields, whose text is shared with `readText`. */
const MAX_CHARACTERS = 1_048_576
/** What it takes beside its slot. */
const RESPONSE_CHARACTERS = 200

interface Opened {
  readonly version: Version
  readonly mayMakeCookies: boolean
  /** Without its body, which is not to be kept when the entry is gone. */
  readonly response: StoredResponse
  readonly bodyAt: number
}

/**
 * Responses in a store of this process, as they were read at the first hit: a version is never used twice for a key
 * (rule V1), so under the same one stand the same bytes.
 */
export class OpenedResponses {
  readonly #opened = new RecentMap<string, Opened>(MAX_CHARACTERS, (_, slot) => slot.length + RESPONSE_CHARACTERS)

  /** As `openVariant`. @throws when the bytes are neither a response nor a pass mark. */
  open(slot: string, version: Version, frame: ValueFrame, mayMakeCookies: boolean): Variant {
    const opened = this.#opened.get(slot)
    if (opened?.version === version && opened.mayMakeCookies === mayMakeCookies) {
      return withBody(opened.response, bufferOf(frame.payload).subarray(opened.bodyAt))
    }
    const variant = openVariant(frame, mayMakeCookies)
    if ('pass' in variant) return variant
    const bodyAt = frame.payload.byteLength - variant.body.byteLength
    this.#opened.set(slot, { version, mayMakeCookies, response: withBody(variant, NO_BODY), bodyAt })
    return variant
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
