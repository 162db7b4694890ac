import { first, type HeaderLines, has, members } from '../message/headers.js'
import type { CacheResponse } from '../message/message.js'

/** Codings in which responses can be stored. */
export type Compression = 'br' | 'gzip'

export interface CompressionRules {
  /** The preferred one first; `undefined`: responses are kept as they come. */
  readonly compress: readonly Compression[] | undefined
}

/** Shorter bodies gain nothing over their head, in bytes. */
export const MIN_BYTES = 1_024

/** Types that are text (RFC 9110 section 8.3): images, films and archives are compressed already. */
const TEXTUAL =
  /^(?:text\/.+|image\/(?:bmp|svg\+xml|x-icon|vnd\.microsoft\.icon)|font\/(?:otf|ttf)|.+\+(?:json|xml|text)|application\/(?:json|javascript|xml|wasm|x-javascript|x-ndjson|graphql|sql|toml|yaml|x-yaml|rtf|xhtml|ld-json|vnd\.ms-fontobject))$/

/** Fields that are about the exact bytes (RFC 9530, RFC 9421). */
const OF_THE_BYTES = ['content-digest', 'repr-digest', 'digest', 'content-md5', 'signature']

/**
 * Whether a response may be kept compressed: it is whole, not encoded, long enough as far as it says so, and allows it
 * (RFC 9111 section 5.2.2.6).
 */
export function isCompressible({ status, headers }: CacheResponse, { compress }: CompressionRules): boolean {
  if (compress === undefined || status !== 200 || isEncoded(headers) || OF_THE_BYTES.some((name) => has(headers, name)))
    return false
  const type = first(headers, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === undefined || !TEXTUAL.test(type)) return false
  const length = first(headers, 'content-length')
  if (length !== undefined && Number(length) < MIN_BYTES) return false
  return !members(headers, 'cache-control').some((member) => member.toLowerCase() === 'no-transform')
}

function isEncoded(headers: HeaderLines): boolean {
  return has(headers, 'content-encoding') || has(headers, 'content-range')
}
