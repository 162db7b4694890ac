import { pickCookies } from '../message/cookies.js'
import { combined } from '../message/headers.js'
import type { CacheRequest, Sight } from '../message/message.js'
import { type KeyRules, targetOf, type UrlKey } from './key.js'

/**
 * Request narrowing: a handler whose answer others will receive sees only what is part of the key, so that nobody can
 * put into the answer what the key does not know (cache poisoning by unkeyed input). The idea is unjs/ocache's.
 */
export interface NarrowingRules extends KeyRules {
  readonly narrow: boolean | 'strict'
  /** Names, in lower case, that the route depends on; `undefined` when it does not say. */
  readonly headers: ReadonlySet<string> | undefined
  /** Cookies that the route depends on; `undefined` when it does not say. */
  readonly cookies: ReadonlySet<string> | undefined
}

/**
 * Ask for less than the whole answer, or for none: hidden from every run that may be stored, whatever `narrow` says,
 * because a 206 or a 304 cannot be (RFC 9110 sections 13.1, 14.2). The cache itself answers them.
 */
const PARTIAL = new Set(['range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'])

export function asksForPart(name: string): boolean {
  return PARTIAL.has(name)
}

/** Who claims to have sent it, and what method, host or path it claims to be: written by proxies, and by attackers. */
const CLAIMS = new Set([
  'forwarded',
  'x-forwarded',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-remote-addr',
  'x-remote-ip',
  'x-originating-ip',
  'x-original-forwarded-for',
  'true-client-ip',
  'client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'fastly-ssl',
  'x-host',
  'x-original-host',
  'x-http-host-override',
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'x-rewrite-uri',
  'x-override-url',
  'x-envoy-original-path',
  'x-scheme',
  'x-url-scheme',
  'x-arr-ssl',
  'front-end-https',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-middleware-subrequest',
  'via',
])

/** A client's wishes about caches (off in the safe profile), and fields of its own connection. */
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

/** The whole field with all its lines, nothing of it, or one line with this value. */
type FieldSight = 'whole' | 'hidden' | { readonly value: string }

/** What the handler sees of a field that is there. `name` is lower case. */
function sightOf(name: string, request: CacheRequest, key: UrlKey, rules: NarrowingRules): FieldSight {
  if (PARTIAL.has(name)) return 'hidden'
  if (rules.narrow === false || rules.headers?.has(name)) return 'whole'
  switch (name) {
    case 'host':
      return rules.host ? { value: key[1] } : 'hidden'
    case 'cookie':
      return cookieSight(request, rules)
    case 'authorization':
      // Undeclared credentials stay: such a request passes, or is stored only where its response says so itself.
      return rules.headers === undefined ? 'whole' : 'hidden'
    case 'x-forwarded-host':
      return request.origin !== undefined && rules.host ? { value: key[1] } : 'hidden'
    case 'x-forwarded-proto':
      return request.origin !== undefined && rules.host ? { value: key[0] } : 'hidden'
  }
  if (rules.narrow === 'strict' || name.startsWith('x-forwarded-') || name.startsWith('proxy-')) return 'hidden'
  return CLAIMS.has(name) || BETWEEN_HOPS.has(name) ? 'hidden' : 'whole'
}

function cookieSight(request: CacheRequest, rules: NarrowingRules): FieldSight {
  if (rules.cookies === undefined) return 'whole'
  const value = pickCookies(combined(request.headers, 'cookie'), rules.cookies)
  return value === undefined ? 'hidden' : { value }
}

/** The value of a request field as the handler sees it: what Vary compares. `name` is lower case. */
export function visibleField(
  request: CacheRequest,
  key: UrlKey,
  name: string,
  rules: NarrowingRules,
): string | undefined {
  const value = combined(request.headers, name)
  if (value === undefined) return undefined
  const sight = sightOf(name, request, key, rules)
  if (sight === 'whole') return value
  return sight === 'hidden' ? undefined : sight.value
}

/** The request as a handler gets it whose answer may be stored. */
export function narrow(request: CacheRequest, key: UrlKey, rules: NarrowingRules): Sight {
  const headers: string[] = []
  const written = new Set<string>()
  for (let i = 0; i < request.headers.length; i += 2) {
    const line = request.headers[i] as string
    const name = line.toLowerCase()
    const sight = sightOf(name, request, key, rules)
    if (sight === 'whole') headers.push(line, request.headers[i + 1] as string)
    else if (sight !== 'hidden' && !written.has(name)) {
      written.add(name)
      headers.push(line, sight.value)
    }
  }
  return { target: rules.narrow === false ? request.target : targetOf(key), headers }
}
