import { opaqueTag, opaqueTags, strongTags } from '../message/etag.js'
import { combined, first, type HeaderLines, keep, only } from '../message/headers.js'
import { parseHttpDate } from '../message/http-date.js'

/** What the conditions of a request come to; `handler`: only the handler can say. */
export type Conditions = 'full' | 'not-modified' | 'failed' | 'handler'

/**
 * What a stored response answers to the client's own conditions, in the order of RFC 9110 section 13.2.2: If-Match, or
 * else If-Unmodified-Since; then If-None-Match, and where it is present no date is looked at, nor are several. They are for a 200 only
 * (section 13.2.1).
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
    // Nothing fits a weak tag strongly; but who knows what the handler makes of it, or whether it has given one.
    if (etag === undefined || etag.startsWith('W/')) return 'handler'
    return strongTags(ifMatch).includes(etag) ? undefined : 'failed'
  }
  const since = parseHttpDate(only(asked, 'if-unmodified-since') ?? '', now)
  const modified = parseHttpDate(first(stored, 'last-modified') ?? '', now)
  // Without a date of modification it is ignored (section 13.1.4).
  return since !== undefined && modified !== undefined && modified > since ? 'failed' : undefined
}

/** What has no tag may get one from a layer outside, which then answers the condition, a `*` too. */
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

/** They are of the bytes that one message has: those of a part, or of more, are others (RFC 9530 section 2). */
export const DIGESTS_OF_CONTENT: ReadonlySet<string> = new Set(['content-digest', 'content-md5'])

/** What describes the bytes that a 304 does not have. */
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
