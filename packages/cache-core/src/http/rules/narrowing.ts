import { preferredCoding, preferredLanguage } from '../message/accept.js'
import { pickCookies } from '../message/cookies.js'
import { all, combined, has } from '../message/headers.js'
import type { CacheRequest, Sight } from '../message/message.js'
import { pathOf, searchOf } from '../message/query.js'
import { type KeyRules, originForm, targetOf, type UrlKey } from './key.js'
import { selectQuery } from './query.js'

/**
 * Request narrowing: a handler whose response others will receive sees only what is part of the key, so that nobody can
 * influence the response by anything else (cache poisoning by unkeyed input). The idea is unjs/ocache's.
 */
export interface NarrowingRules extends KeyRules {
  readonly narrow: boolean | 'strict'
  /** Names, in lower case, that the route depends on; `undefined` when it does not say. */
  readonly headers: ReadonlySet<string> | undefined
  /** Cookies that the route depends on; `undefined` when it does not say. */
  readonly cookies: ReadonlySet<string> | undefined
  /** Fields, in lower case, that identify the client. */
  readonly credentialHeaders: ReadonlySet<string>
  /** Codings that the application can answer with, the preferred one first; `undefined`: Accept-Encoding stays as it is. */
  readonly encodings: readonly string[] | undefined
  /** Languages that the application has, by their names in lower case; `undefined`: Accept-Language stays as it is. */
  readonly languages: ReadonlyMap<string, string> | undefined
}

/**
 * Fields that ask for a part of the response, or for none of it: hidden from every run that may be stored, whatever `narrow`
 * says, because a 206 or a 304 cannot be (RFC 9110 sections 13.1, 14.2). The cache itself answers them.
 */
export const PARTIAL: ReadonlySet<string> = new Set([
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
])

export function asksForPart(name: string): boolean {
  return PARTIAL.has(name)
}

/** Claims about the sender, scheme, method, host or path of a request: written by proxies, and by attackers. */
const CLAIMS = new Set([
  'forwarded',
  'x-forwarded',
  'via',
  // the address it came from
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-remote-addr',
  'x-remote-ip',
  'x-originating-ip',
  'x-original-forwarded-for',
  'true-client-ip',
  'client-ip',
  'akamai-client-ip',
  'ali-cdn-real-ip',
  'cdn-src-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cf-pseudo-ipv4',
  'cloudfront-viewer-address',
  'do-connecting-ip',
  'eo-connecting-ip',
  'fastly-client-ip',
  'fly-client-ip',
  'http-client-ip',
  'incap-client-ip',
  'wl-proxy-client-ip',
  'x-appengine-remote-addr',
  'x-appengine-user-ip',
  'x-azure-clientip',
  'x-azure-socketip',
  'x-envoy-external-address',
  'x-nf-client-connection-ip',
  'x-proxyuser-ip',
  'x-sucuri-clientip',
  'x-vercel-forwarded-for',
  'x-vercel-proxied-for',
  // the scheme
  'fastly-ssl',
  'cf-visitor',
  'cloudfront-forwarded-proto',
  'fly-forwarded-port',
  'fly-forwarded-proto',
  'fly-forwarded-ssl',
  'wl-proxy-ssl',
  'x-scheme',
  'x-url-scheme',
  'x-arr-ssl',
  'front-end-https',
  // host and path
  'x-host',
  'x-original-host',
  'x-http-host-override',
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'x-rewrite-uri',
  'x-override-url',
  'x-envoy-original-path',
  // the method, and by whom it was let in
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-middleware-subrequest',
])

/** What a client asks of caches (ignored in the safe profile), and fields of its own connection. */
const BETWEEN_HOPS = new Set([
  'cache-control',
  'pragma',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
])

/** Whether the route says that it depends on no credentials: it names none, and its handler sees none. */
export function hidesCredentials({ narrow, headers }: NarrowingRules): boolean {
  return narrow === 'strict' || (narrow === true && headers?.size === 0)
}

/** What is shown of a field: all of its lines, nothing, or one line with this value. */
type FieldSight = 'whole' | 'hidden' | { readonly value: string }

/** What the handler sees of a field that is there. `name` is lower case. */
function sightOf(name: string, request: CacheRequest, key: UrlKey, rules: NarrowingRules): FieldSight {
  if (PARTIAL.has(name)) return 'hidden'
  if (name === 'accept-encoding' && rules.encodings !== undefined) return encodingSight(request, rules.encodings)
  if (name === 'accept-language' && rules.languages !== undefined) return languageSight(request, rules.languages)
  if (rules.narrow === false || rules.headers?.has(name)) return 'whole'
  switch (name) {
    case 'host':
      return { value: hostSeen(key, rules) }
    case 'cookie':
      return cookieSight(request, rules)
    case 'x-forwarded-host':
      return request.origin !== undefined && rules.host === true ? { value: key[1] } : 'hidden'
    case 'x-forwarded-proto':
      return request.origin === undefined ? 'hidden' : { value: key[0] }
  }
  // Undeclared credentials stay: such a request passes, or is stored only where its response says so itself.
  if (rules.credentialHeaders.has(name)) return hidesCredentials(rules) ? 'hidden' : 'whole'
  if (rules.narrow === 'strict' || name.startsWith('x-forwarded-') || name.startsWith('proxy-')) return 'hidden'
  return CLAIMS.has(name) || BETWEEN_HOPS.has(name) ? 'hidden' : 'whole'
}

function cookieSight(request: CacheRequest, rules: NarrowingRules): FieldSight {
  if (rules.cookies === undefined) return 'whole'
  const value = pickCookies(combined(request.headers, 'cookie'), rules.cookies)
  return value === undefined ? 'hidden' : { value }
}

function encodingSight(request: CacheRequest, encodings: readonly string[]): FieldSight {
  const value = preferredCoding(combined(request.headers, 'accept-encoding') ?? '', encodings)
  return value === undefined ? 'hidden' : { value }
}

function languageSight(request: CacheRequest, languages: ReadonlyMap<string, string>): FieldSight {
  const value = preferredLanguage(combined(request.headers, 'accept-language') ?? '', languages)
  return value === undefined ? 'hidden' : { value }
}

/** Where all hosts share entries, the handler sees one host for all of them. */
function hostSeen(key: UrlKey, { host }: NarrowingRules): string {
  return host === true ? key[1] : host
}

/** The lines of a request field as the handler sees them: what Vary compares. `name` is lower case. */
export function visibleLines(
  request: CacheRequest,
  key: UrlKey,
  name: string,
  rules: NarrowingRules,
): readonly string[] {
  const lines = all(request.headers, name)
  // The handler sees a Host even where the request has none.
  if (lines.length === 0) return name === 'host' && rules.narrow !== false ? [hostSeen(key, rules)] : lines
  const sight = sightOf(name, request, key, rules)
  if (sight === 'whole') return lines
  return sight === 'hidden' ? [] : [sight.value]
}

/** The request as a handler sees it whose response may be stored. */
export function narrow(request: CacheRequest, key: UrlKey, rules: NarrowingRules): Sight {
  const headers: string[] = []
  /** Once for each field, however many lines it has: otherwise 1450 lines of Cookie would each be parsed 1450 times. */
  const sights = new Map<string, FieldSight>()
  for (let i = 0; i < request.headers.length; i += 2) {
    const line = request.headers[i] as string
    const name = line.toLowerCase()
    const known = sights.get(name)
    const sight = known ?? sightOf(name, request, key, rules)
    if (known === undefined) sights.set(name, sight)
    if (sight === 'whole') headers.push(line, request.headers[i + 1] as string)
    else if (sight !== 'hidden' && known === undefined) headers.push(line, sight.value)
  }
  const url = urlSeen(request, key, rules)
  if (rules.narrow === false) return { target: request.target, url, headers }
  if (!has(headers, 'host')) headers.push('Host', hostSeen(key, rules))
  return { target: targetOf(key), url, headers }
}

/** The request's `url` as the handler sees it. Its path stays as a mount or another layer has made it. */
export function urlSeen(request: CacheRequest, key: UrlKey, rules: NarrowingRules): string {
  return rules.narrow === false ? (request.url ?? request.target) : urlKeyed(request, key, rules)
}

/** The part of the `url` that counts in the key. */
export function urlKeyed({ target, url = target }: CacheRequest, key: UrlKey, rules: KeyRules): string {
  if (url === target) return targetOf(key)
  const origin = originForm(url) ?? url
  return pathOf(origin) + (selectQuery(searchOf(origin), rules) ?? '')
}
