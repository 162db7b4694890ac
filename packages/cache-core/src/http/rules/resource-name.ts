import type { KeyRules, UrlKey } from './key.js'

/**
 * The name under which the cache keeps what is known of a URL. All spellings that a router may take for one and the same
 * have one name, since a write to either must be heard under the others: letter case, a slash at the end or doubled,
 * percent escapes, what stands behind a semicolon. Which spelling it was stands in the key of the variant, so nobody is
 * answered by another one's response; that two of them are purged together where they differ is all it costs.
 *
 * With `noVarySearch` a URL is known by its path: which queries are one only its responses say, and a purge that has not
 * seen them must find what is kept all the same.
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
const PLAIN_PATH = /^(?:\/[!$&-.0-:<-@[-~]+)+$|^\/$/
const PLAIN_QUERY = /^\?[!-$&-*,-~]+$/

/** Of a path: segments in lower case, escapes undone, without empty ones and what stands behind a semicolon. */
export function foldPath(path: string): string {
  if (PLAIN_PATH.test(path)) return path
  const decoded = decodeOctets(path).split(';', 1)[0] as string
  const segments = decoded.split('/').filter((segment) => segment !== '')
  return `/${encodeOctets(segments.join('/').replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()))}`
}

function foldQuery(query: string): string {
  if (query === '' || query === '?') return ''
  if (PLAIN_QUERY.test(query)) return query
  // A plus that is one keeps its escape: bare, it would be a space again.
  return encodeOctets(decodeOctets(query.replaceAll('+', ' '))).replaceAll('+', '%2B')
}

/** Octet by octet, once: nothing is malformed, and nothing is taken for UTF-8 that is not. */
function decodeOctets(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** Of octets that are not printable one spelling is left. */
function encodeOctets(text: string): string {
  return text.replaceAll(/[^!-$&-~]/g, (octet) => `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}
