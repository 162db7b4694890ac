import { opaqueTag, opaqueTags, strongTags } from '../message/etag.js'
import { combined, first, type HeaderLines, keep, only } from '../message/headers.js'
import { parseHttpDate } from '../message/http-date.js'

/** The outcome of a request's conditions; `handler`: only the handler can say. */
export type Conditions = 'full' | 'not-modified' | 'failed' | 'handler'

/**
 * Evaluates the client's own conditions on a stored response, in the order of RFC 9110 section 13.2.2: If-Match, otherwise
 * If-Unmodified-Since; then If-None-Match, otherwise If-Modified-Since. A date in several lines is ignored. Conditions are
 * for a 200 only (section 13.2.1).
 */
export function evaluateConditions(
  requestHeaders: HeaderLines,
  stored: { readonly status: number; readonly headers: HeaderLines; readonly receivedAt: number },
  now: number,
): Conditions {
  if (stored.status !== 200) return 'full'
  const refused = evaluatePreconditions(requestHeaders, stored.headers, now)
  if (refused !== undefined) return refused
  const ifNoneMatch = combined(requestHeaders, 'if-none-match')
  if (ifNoneMatch !== undefined) return isMatch(ifNoneMatch, stored.headers) ? 'not-modified' : 'full'
  const since = parseHttpDate(only(requestHeaders, 'if-modified-since') ?? '', now)
  if (since === undefined) return 'full'
  return lastModified(stored, now) <= since ? 'not-modified' : 'full'
}

function evaluatePreconditions(asked: HeaderLines, stored: HeaderLines, now: number): 'failed' | 'handler' | undefined {
  const ifMatch = combined(asked, 'if-match')
  if (ifMatch !== undefined) {
    if (ifMatch.trim() === '*') return undefined
    const etag = first(stored, 'etag')
    // A weak tag never matches strongly; but the handler may think otherwise, or have a tag that the cache does not know.
    if (etag === undefined || etag.startsWith('W/')) return 'handler'
    return strongTags(ifMatch).includes(etag) ? undefined : 'failed'
  }
  const since = parseHttpDate(only(asked, 'if-unmodified-since') ?? '', now)
  const modified = parseHttpDate(first(stored, 'last-modified') ?? '', now)
  // Without a date of modification it is ignored (section 13.1.4).
  return since !== undefined && modified !== undefined && modified > since ? 'failed' : undefined
}

/** A response without a tag may get one from a layer outside, which then answers the condition, also `*`. */
function isMatch(ifNoneMatch: string, stored: HeaderLines): boolean {
  const etag = first(stored, 'etag')
  if (etag === undefined) return false
  return ifNoneMatch.trim() === '*' || opaqueTags(ifNoneMatch).includes(opaqueTag(etag))
}

/** Last-Modified, else Date, else the time of receipt (RFC 9111 section 4.3.2). */
function lastModified(stored: { readonly headers: HeaderLines; readonly receivedAt: number }, now: number): number {
  return (
    parseHttpDate(first(stored.headers, 'last-modified') ?? '', now) ??
    parseHttpDate(first(stored.headers, 'date') ?? '', now) ??
    stored.receivedAt
  )
}

/** Digests of the bytes in one message, which differ from those of a part, or of the whole (RFC 9530 section 2). */
export const DIGESTS_OF_CONTENT: ReadonlySet<string> = new Set(['content-digest', 'content-md5'])

/** Fields that describe the content, which a 304 does not have. */
export const CONTENT_FIELDS: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
  'content-range',
  'repr-digest',
  'digest',
  ...DIGESTS_OF_CONTENT,
])

/**
 * The fields of a 304 (RFC 9110 section 15.4.5): Cache-Control, Content-Location, Date, ETag, Expires, Vary and all else
 * but metadata of the representation. Last-Modified stays: beside an ETag nobody needs it, but servers send it.
 */
export function notModifiedHeaders(headers: HeaderLines): string[] {
  return keep(headers, (name) => !CONTENT_FIELDS.has(name))
}
