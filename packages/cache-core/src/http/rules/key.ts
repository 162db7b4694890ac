import { all } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'

/** Which parts of a URL tell one resource from another on this route. */
export interface KeyRules {
  /** Whether each host has entries of its own. */
  readonly host: boolean
  /** `true`: the whole query. A set: these parameters only. `false`: none. */
  readonly query: true | false | ReadonlySet<string>
}

/** Scheme (empty where the framework does not resolve it), host, path, query with its `?` or empty. */
export type UrlKey = readonly [scheme: string, host: string, path: string, query: string]

export type UrlKeyResult =
  | { readonly ok: true; readonly key: UrlKey }
  /** The request has no key of its own and must pass uncached. */
  | { readonly ok: false; readonly reason: string }

/** RFC 9110 section 4.1 asks for at least 8000 octets. A longer one costs a run of the handler, never memory. */
const MAX_TARGET_LENGTH = 8_192

/**
 * The key of a resource: its target URI (RFC 9111 section 2), octet by octet. Nothing is decoded, sorted, merged or
 * collapsed, so `/p`, `/p/`, `/%70`, `//p` and `/p;x.css` are five resources, as they may be to the handler.
 */
export function urlKey(request: CacheRequest, rules: KeyRules): UrlKeyResult {
  if (request.target.length > MAX_TARGET_LENGTH) return refuse(`target longer than ${MAX_TARGET_LENGTH} characters`)
  const target = splitTarget(request.target)
  if (target === undefined) return refuse('target is neither a path nor an http URL')
  const host = hostOf(request, target)
  if (typeof host !== 'string') return host
  const scheme = rules.host ? (request.origin?.scheme ?? '') : ''
  return { ok: true, key: [scheme, rules.host ? host : '', target.path, selectQuery(target.query, rules.query)] }
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
  /** Of an absolute form, in lower case. */
  readonly authority: string | undefined
  readonly path: string
  /** With its `?`; an empty query differs from none. */
  readonly query: string
}

const ABSOLUTE = /^https?:\/\/([^/?#@]+)/i

/** Origin form and absolute form, RFC 9112 section 3.2. No fragment: a target has none, and parsers differ about it. */
function splitTarget(target: string): Target | undefined {
  if (target.includes('#')) return undefined
  const absolute = ABSOLUTE.exec(target)
  const rest = absolute === null ? target : target.slice(absolute[0].length)
  if (absolute === null && !rest.startsWith('/')) return undefined
  const mark = rest.indexOf('?')
  const path = mark === -1 ? rest : rest.slice(0, mark)
  // `http://host` and `http://host?q` mean the path `/` (RFC 9110 section 4.2.3).
  if (path !== '' && !path.startsWith('/')) return undefined
  return { authority: absolute?.[1]?.toLowerCase(), path: path || '/', query: mark === -1 ? '' : rest.slice(mark) }
}

/**
 * The host, in lower case (RFC 9110 section 4.2.3). An absolute target overrules Host (RFC 9112 section 3.2.2), but a
 * handler that reads Host does not know: where they differ, or Host comes twice, nobody can tell what it will answer.
 */
function hostOf(request: CacheRequest, target: Target): string | UrlKeyResult {
  const lines = all(request.headers, 'host')
  if (lines.length > 1) return refuse('more than one Host field')
  const host = (request.origin?.host ?? lines[0] ?? target.authority ?? '').toLowerCase()
  if (target.authority !== undefined && target.authority !== host) return refuse('target and Host name different hosts')
  return host
}

/**
 * The pairs of the chosen parameters, as written and in their order: `?id=1&id=2` is not `?id=2&id=1`, and `a=1%26b=2`
 * stays one pair. Only `&` separates. A name is compared decoded, because that is how the handler will read it.
 */
function selectQuery(query: string, chosen: KeyRules['query']): string {
  if (chosen === true) return query
  if (chosen === false || query === '') return ''
  const pairs = query
    .slice(1)
    .split('&')
    .filter((pair) => chosen.has(parameterName(pair)))
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

function parameterName(pair: string): string {
  const raw = pair.split('=', 1)[0] as string
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '))
  } catch {
    return raw
  }
}

function refuse(reason: string): UrlKeyResult & { ok: false } {
  return { ok: false, reason }
}
