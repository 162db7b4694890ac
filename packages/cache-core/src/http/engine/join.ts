import { keep } from '../message/headers.js'
import { DIGESTS_OF_CONTENT } from '../rules/client-conditions.js'
import type { HttpCacheRules } from '../rules/options.js'
import { heldText, isAll, joinParts } from '../rules/stored-part.js'
import { bytesIn } from './body-pieces.js'
import type { ResponseHead } from './exchange.js'
import type { StoredResponse } from './stored-response.js'

const OF_ONE_PART = new Set(['content-range', 'content-length', ...DIGESTS_OF_CONTENT])

/**
 * Joins the stored part with the one that the handler answered (RFC 9111 section 3.4): a larger part, several that do not
 * touch, or the whole, with the fields of the stored one. `undefined` where that is impossible, or too large.
 */
export function join(
  stored: StoredResponse,
  { changes }: Pick<ResponseHead, 'changes'>,
  body: readonly Uint8Array[],
  { maxBodyBytes }: Pick<HttpCacheRules, 'maxBodyBytes'>,
): StoredResponse | undefined {
  const joined = joinParts(stored, { headers: changes.lines, body: Buffer.concat(body) })
  if (joined === undefined || bytesIn(joined.pieces) > maxBodyBytes) return undefined
  const complete = isAll(joined.held)
  const headers = keep(stored.headers, (name) => !OF_ONE_PART.has(name))
  if (!complete) headers.push('Content-Range', heldText(joined.held))
  return { ...stored, status: complete ? 200 : 206, statusText: '', headers, body: Buffer.concat(joined.pieces) }
}
