import type { KeyRules, UrlKey } from './key.js'

/**
 * The name under which the cache keeps a URL. All spellings that some router may take for the same URL share one name, since
 * a write to one of them must invalidate the others: letter case, a doubled or trailing slash, percent escapes, dot segments
 * and backslashes as `new URL` reads them, whatever follows a semicolon. The key of the variant holds the exact spelling, so
 * nobody gets the response to another one; the only cost is that different URLs may be purged together.
 *
 * With `noVarySearch` the name is the path alone: only responses say which queries are the same, and a purge must find what
 * is stored without having seen them.
 */
export type ResourceName = readonly [host: string, path: string, query: string]

export function resourceName(
  [, host, path, query]: UrlKey,
  { noVarySearch }: Pick<KeyRules, 'noVarySearch'> = { noVarySearch: false },
): ResourceName {
  return [host, foldPath(path), noVarySearch ? '' : foldQuery(query)]
}

/** Whether the URL is written as its name is. */
export function isWrittenAs(
  [, , path, query]: UrlKey,
  [, namedPath, namedQuery]: ResourceName,
  { noVarySearch }: Pick<KeyRules, 'noVarySearch'>,
): boolean {
  return path === namedPath && (noVarySearch || query === namedQuery)
}

/** Nothing to fold: the common case costs one pass. */
const PLAIN_PATH = /^(?:\/(?!\.\.?(?:\/|$))[!$&-.0-:<-@[\]-~]+)+$|^\/$/
const PLAIN_QUERY = /^\?[!-$&-*,-~]+$/

/** Of a path: segments in lower case, escapes undone, without empty ones, dots and what stands behind a semicolon. */
export function foldPath(path: string): string {
  if (PLAIN_PATH.test(path)) return path
  const decoded = decodeOctets(path).split(';', 1)[0] as string
  const segments: string[] = []
  for (const segment of decoded.split(/[/\\]/)) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${encodeOctets(segments.join('/').replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()))}`
}

function foldQuery(query: string): string {
  if (query === '' || query === '?') return ''
  if (PLAIN_QUERY.test(query)) return query
  // A plus that is one keeps its escape: bare, it would be a space again.
  return encodeOctets(decodeOctets(query.replaceAll('+', ' '))).replaceAll('+', '%2B')
}

/** Undoes escapes once, octet by octet: no input is malformed, and nothing is assumed to be UTF-8. */
function decodeOctets(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** Gives octets that are not printable one spelling. */
function encodeOctets(text: string): string {
  return text.replaceAll(/[^!-$&-~]/g, (octet) => `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}
