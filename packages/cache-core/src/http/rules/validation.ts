import { opaqueTag, opaqueTags } from '../message/etag.js'
import { combined, endToEnd, first, type HeaderLines, has, keep } from '../message/headers.js'
import { asksForPart } from './narrowing.js'

/** Whether a stored response has a validator, by which its handler can tell whether it still holds (RFC 9110 section 8.8). */
export function hasValidator(stored: HeaderLines): boolean {
  return has(stored, 'etag') || has(stored, 'last-modified')
}

/**
 * The fields that ask a handler whether a stored response still holds (RFC 9111 section 4.3.1): its validators, and other
 * tags.
 */
function conditionalFields(stored: HeaderLines, others: readonly string[]): readonly string[] {
  const lines: string[] = []
  const etag = first(stored, 'etag')
  const tags = etag === undefined ? others : [...new Set([etag, ...others])]
  if (tags.length > 0) lines.push('If-None-Match', tags.join(', '))
  const modified = first(stored, 'last-modified')
  if (modified !== undefined) lines.push('If-Modified-Since', modified)
  return lines
}

/**
 * What the handler sees, without fields that ask for less than the whole, and with these conditions.
 * @param others Tags of other responses: of stored ones, and of those that the client has. Default: none.
 */
export function conditionalSight(seen: HeaderLines, stored: HeaderLines, others: readonly string[] = []): HeaderLines {
  return [...keep(seen, (name) => !asksForPart(name)), ...conditionalFields(stored, others)]
}

/** The client's tags for other responses than the stored one. Not beside a date alone, which they would override. */
export function clientsTags(asked: HeaderLines, stored: HeaderLines): readonly string[] {
  const etag = first(stored, 'etag')
  const list = combined(asked, 'if-none-match')
  if (etag === undefined || list === undefined || list.trim() === '*') return []
  return opaqueTags(list).filter((tag) => tag !== opaqueTag(etag))
}

/** Whether a tag is that of a stored response, as a 304 names it (RFC 9111 section 4.3.4). */
export function isTagOf(tag: string, stored: HeaderLines): boolean {
  const etag = first(stored, 'etag')
  return etag !== undefined && opaqueTag(etag) === opaqueTag(tag)
}

/** Fields of a 200 to a HEAD that identify the version of the stored GET. Absent ones do not count (RFC 9111 section 4.3.5). */
const OF_THE_VERSION = ['etag', 'last-modified', 'content-length', 'content-encoding']

/**
 * Whether a 200 to a HEAD speaks of the version that is stored.
 * @param head The field lines of the handler and the layers inside.
 */
export function isOfVersion(head: HeaderLines, stored: HeaderLines): boolean {
  const differing = OF_THE_VERSION.filter((name) => {
    const said = first(head, name)
    return said !== undefined && said !== first(stored, name)
  })
  if (differing.length === 0) return true
  // Where the stored response was encoded by the cache, the handler means the plain form: its tag is strong, its length differs.
  const wasEncoded = has(stored, 'content-encoding') && !has(head, 'content-encoding')
  const tag = first(head, 'etag')
  const isSame = tag !== undefined && isTagOf(tag, stored)
  return wasEncoded && isSame && !differing.includes('last-modified')
}

/** Fields without which the stored bytes could not be read: they stay (RFC 9111 section 3.2). */
const OF_THE_BYTES = new Set(['content-length', 'content-encoding', 'content-range'])

/** Fields that describe the older message: they go even where a 304 leaves them out. */
const OF_THE_MESSAGE = new Set(['date', 'age', 'server-timing'])

/** The fields of a stored response, freshened by those of a 304, or of the response to a HEAD (RFC 9111 section 3.2). */
export function freshened(stored: HeaderLines, head: HeaderLines): string[] {
  // Bytes that the cache has encoded have a weak tag, and the handler's strong one is not theirs.
  const etag = first(stored, 'etag')
  const keepsTag = etag?.startsWith('W/') && opaqueTag(first(head, 'etag') ?? '') === opaqueTag(etag)
  const news = keep(endToEnd(head), (name) => !OF_THE_BYTES.has(name) && !(keepsTag && name === 'etag'))
  const replaced = new Set<string>()
  for (let i = 0; i < news.length; i += 2) replaced.add((news[i] as string).toLowerCase())
  return [...keep(stored, (name) => !replaced.has(name) && !OF_THE_MESSAGE.has(name)), ...news]
}
