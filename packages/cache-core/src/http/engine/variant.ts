import type { Encoded } from '../../entry/frame.js'
import type { Loaded } from '../../protocol/call.js'
import { decodeResponse, type StoredResponse } from './stored-response.js'

/** The content of a variant's slot: a response, or why there is none. */
export type Variant = StoredResponse | PassMark

/** Requests that see it run their handlers at once, instead of queueing for a response that may not be stored. */
export interface PassMark {
  /** In words for a person; goes out in the `detail` of Cache-Status. */
  readonly pass: string
}

/** How long a pass mark lasts, before a request tries again whether its response may be stored. */
const PASS_MARK_MS = 5_000
/** The same after a failure, which may soon be over. */
const FAILURE_PASS_MARK_MS = 1_000

/** A pass mark is a string where a response is bytes. */
export function passMark(reason: string, status: number): Loaded {
  const ttlMs = status >= 500 ? FAILURE_PASS_MARK_MS : PASS_MARK_MS
  return { encoded: { encoding: 'string', payload: Buffer.from(reason) }, ttlMs }
}

/** The pass mark for when this process captures as much as it may, which may soon be over. */
export function crowdedMark(): Loaded {
  return passMark('too many bodies are captured at once (maxCaptureBytes)', 503)
}

/**
 * @param mayMakeCookies Whether a response may set cookies.
 * @throws when the bytes are neither: the entry is then dead.
 */
export function openVariant({ encoding, payload }: Encoded, mayMakeCookies = false): Variant {
  if (encoding === 'string') return { pass: Buffer.from(payload).toString() }
  const stored = decodeResponse(payload, mayMakeCookies)
  if (stored === undefined) throw new TypeError('not a stored response')
  return stored
}
