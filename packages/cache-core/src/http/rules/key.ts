import { all } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import { pathOf, searchOf } from '../message/query.js'
import { type QueryRules, selectQuery } from './query.js'

/** Which parts of a URL tell one resource from another on this route. */
export interface KeyRules extends QueryRules {
  /** `true`: each host has entries of its own. A host: all share them, and the handler sees this one. */
  readonly host: true | string
  /** Whether responses say what of the query does not count: then a URL is a path, and its queries are variants. */
  readonly noVarySearch: boolean
}

/**
 * Scheme, host (empty where all hosts share entries), path, query with its `?` or empty: what the handler may read of
 * the URL, octet by octet.
 */
export type UrlKey = readonly [scheme: string, host: string, path: string, query: string]

export type UrlKeyResult =
  | { readonly ok: true; readonly key: UrlKey }
  /** The request has no key of its own and must pass uncached. */
  | { readonly ok: false; readonly reason: string }

/** RFC 9110 section 4.1 asks for at least 8000 octets. A longer target is not cached. */
const MAX_TARGET_LENGTH = 8_192

/**
 * The key of a resource: its target URI (RFC 9111 section 2). Of the path nothing is decoded, sorted, merged or
 * collapsed, so `/p`, `/p/`, `/%70`, `//p` and `/p;x.css` are five resources, as they may be to the handler.
 */
export function urlKey(request: CacheRequest, rules: KeyRules): UrlKeyResult {
  if (isTooLong(request.target) || isTooLong(request.url ?? '')) {
    return refuse(`target longer than ${MAX_TARGET_LENGTH} characters`)
  }
  const target = splitTarget(request.target)
  if (target === undefined) return refuse('target is neither a path nor an http URL with one')
  const scheme = (request.origin?.scheme ?? request.scheme ?? 'http').toLowerCase()
  if (!SCHEME.test(scheme)) return refuse('the scheme of the request is none')
  const host = rules.host === true ? hostOf(request, scheme, target) : ''
  if (typeof host !== 'string') return host
  const query = selectQuery(target.query, rules)
  if (query === undefined) return refuse('query has too many parameters to choose from')
  return { ok: true, key: [scheme, host, target.path, query] }
}

/** The target in origin form as the key knows it: what a narrowed handler sees. */
export function targetOf(key: UrlKey): string {
  return key[2] + key[3]
}

/** The path and query of a request target, or `undefined` when it is of no form that names a resource. */
export function originForm(target: string): string | undefined {
  const parts = splitTarget(target)
  return parts === undefined ? undefined : parts.path + parts.query
}

interface Target {
  /** Of an absolute form. */
  readonly authority: string | undefined
  readonly path: string
  /** With its `?`; an empty query differs from none. */
  readonly query: string
}

const SCHEME = /^[a-z][a-z0-9+.-]*$/
const ABSOLUTE = /^https?:\/\/([^/?#@\\]+)(?=\/)/i

/**
 * Origin form and absolute form, RFC 9112 section 3.2. No fragment: a target has none, and parsers differ about it. No
 * absolute form without a path: some routers take `http://host?x=/admin` for `/admin`.
 */
function splitTarget(target: string): Target | undefined {
  if (target.includes('#')) return undefined
  const absolute = ABSOLUTE.exec(target)
  const rest = absolute === null ? target : target.slice(absolute[0].length)
  if (!rest.startsWith('/')) return undefined
  return { authority: absolute?.[1], path: pathOf(rest), query: searchOf(rest) }
}

/**
 * The host as the handler will read it. Refused where Host is missing or comes twice, or an absolute target names another
 * one (which overrules it, RFC 9112 section 3.2.2, but few handlers know that): then nobody can tell which host the handler
 * will answer for.
 */
function hostOf(request: CacheRequest, scheme: string, target: Target): string | (UrlKeyResult & { ok: false }) {
  const lines = all(request.headers, 'host')
  if (lines.length > 1) return refuse('more than one Host field')
  const host = normalHost(request.origin?.host ?? lines[0] ?? '', scheme)
  if (host === '') return refuse('request names no host')
  if (target.authority !== undefined && normalHost(target.authority, scheme) !== host) {
    return refuse('target and Host name different hosts')
  }
  return host
}

/** In lower case, without the scheme's own port (RFC 9110 section 4.2.3). */
function normalHost(host: string, scheme: string): string {
  const lower = host.toLowerCase()
  const port = /:\d*$/.exec(lower)?.[0]
  const isDefault = port === ':' || (scheme === 'http' && port === ':80') || (scheme === 'https' && port === ':443')
  return port !== undefined && isDefault ? lower.slice(0, -port.length) : lower
}

function isTooLong(target: string): boolean {
  return target.length > MAX_TARGET_LENGTH
}

function refuse(reason: string): UrlKeyResult & { ok: false } {
  return { ok: false, reason }
}
