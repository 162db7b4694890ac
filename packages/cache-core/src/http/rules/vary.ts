import { hash } from 'node:crypto'
import { pickCookies } from '../message/cookies.js'
import { all, combined, type HeaderLines, members, TOKEN } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import { pathOf } from '../message/query.js'
import { targetOf, type UrlKey } from './key.js'
import { type NarrowingRules, urlKeyed, urlSeen, visibleLines } from './narrowing.js'
import type { HttpCacheRules } from './options.js'
import type { Policies } from './profiles.js'
import { isWrittenAs, type ResourceName } from './resource-name.js'
import { isSearchMember, searchMember, searchTexts, withoutMany } from './search.js'

/**
 * Vary, RFC 9110 section 12.5.5, and the selection among variants, RFC 9111 section 4.1.
 * A list of field names in lower case, sorted, each once; or `*`: no other request is known to fit.
 */
export type VaryList = '*' | readonly string[]

/** Most fields: a handler that makes up names must not make every request a variant of its own. */
const MAX_VARY_FIELDS = 32
/** Longest list as a text: what a slot may hold beside a version. Characters. */
const MAX_VARY_TEXT = 4_096

/**
 * What a response varies on. A `*` on any line wins, and so does a member that is no field name, since its meaning is unknown.
 * An encoded body varies on Accept-Encoding even where the handler does not say so.
 */
export function varyOf(headers: HeaderLines): VaryList {
  const names = members(headers, 'vary').map((name) => name.toLowerCase())
  if (names.some((name) => name === '*' || !TOKEN.test(name))) return '*'
  return mergeVary(names, isEncoded(headers) ? ['accept-encoding'] : [])
}

function isEncoded(headers: HeaderLines): boolean {
  return members(headers, 'content-encoding').some((c) => c.toLowerCase() !== 'identity')
}

/**
 * Adds Origin where the response repeats it in Access-Control-Allow-Origin, and handwritten CORS does not say so.
 * @param own The field lines of the handler and the layers inside: those outside allow each request its own.
 */
export function withOrigin(vary: readonly string[], own: HeaderLines): VaryList {
  const allowed = combined(own, 'access-control-allow-origin')
  return allowed === undefined || allowed.trim() === '*' ? vary : mergeVary(vary, ['origin'])
}

/** Adds how the response varies on its query. */
export function withSearch(vary: VaryList, headers: HeaderLines): VaryList {
  return mergeVary(vary, [searchMember(headers)])
}

/** Variants of one URL may name different fields. All of them together tell any two variants apart. */
export function mergeVary(a: VaryList, b: VaryList): VaryList {
  if (a === '*' || b === '*') return '*'
  const merged = withoutMany([...new Set([...a, ...b])]).sort()
  return merged.length > MAX_VARY_FIELDS || merged.join().length > MAX_VARY_TEXT ? '*' : merged
}

/** Reads the list that is stored with a URL; `undefined` where this cache would not have written it. */
export function parseVaryText(text: string): readonly string[] | undefined {
  if (text === '') return NO_FIELDS
  if (text.length > MAX_VARY_TEXT) return undefined
  const names = text.split(',')
  return names.length <= MAX_VARY_FIELDS && names.every((name) => TOKEN.test(name) || isSearchMember(name))
    ? names
    : undefined
}

const NO_FIELDS: readonly string[] = []

/** Longest value that stands in a store's keys as it is, for people to read. Longer ones are hashed. Characters. */
const MAX_READABLE = 64

/** Lists in which white space does not count (RFC 9110 section 12.4, RFC 9111 section 4.1). */
const LISTS = new Set(['accept', 'accept-charset', 'accept-encoding', 'accept-language'])

/**
 * The key parts that select a variant: those that every variant of this URL has, one for each field of `vary` and each
 * header that the route names, one for its cookies. `name` alone when the field is absent (absent equals absent only),
 * `name=value` or `name:hash`; no name holds these signs, so two requests that differ in what the handler sees of one of
 * the fields never meet.
 * @param own Of `ownParts`.
 */
export function variantKey(
  own: readonly string[],
  vary: readonly string[],
  request: CacheRequest,
  key: UrlKey,
  rules: NarrowingRules & Pick<Policies, 'normalizeVary'>,
): readonly string[] {
  // The common case, on every hit.
  if (vary.length === 0 && rules.headers === undefined && rules.cookies === undefined && !rules.noVarySearch) return own
  const fields = rules.noVarySearch ? vary.filter((name) => !isSearchMember(name)) : vary
  const names = rules.headers === undefined ? fields : [...new Set([...fields, ...rules.headers])].sort()
  const parts = [
    ...own,
    ...names.map((name) => fieldPart(name, visibleLines(request, key, name, rules), rules.normalizeVary)),
  ]
  if (rules.noVarySearch) {
    const texts = searchTexts(vary.filter(isSearchMember), request, key, rules)
    if (texts.length > 0) parts.push(`;search:${digest(JSON.stringify(texts))}`)
  }
  if (rules.cookies !== undefined && rules.cookies.size > 0) {
    const cookies = pickCookies(combined(request.headers, 'cookie'), rules.cookies)
    if (cookies !== undefined) parts.push(`;cookies:${digest(cookies)}`)
  }
  return parts
}

/** What the functions of a route, `key` and `vary`, have said of a request. */
export interface Chosen {
  readonly key: readonly string[]
  readonly vary: readonly string[]
}

/**
 * The key parts that do not depend on what a response varies on: how the URL was written and through which connection,
 * what a layer before has made of it, and what else has chosen the handler or the answer.
 * @param chosen What the route's own functions say of the request.
 */
export function ownParts(
  request: CacheRequest,
  key: UrlKey,
  name: ResourceName,
  chosen: Chosen,
  rules: NarrowingRules & Pick<HttpCacheRules, 'key'>,
): readonly string[] {
  const parts: string[] = []
  const add = (kind: string, values: readonly string[]): void => {
    parts.push(`;${kind}:${digest(JSON.stringify(values))}`)
  }
  if (key[0] !== 'http') parts.push(`;${key[0]}`)
  if (rules.host !== true) parts.push(`;host=${rules.host}`)
  // Of queries that are variants `searchTexts` tells.
  const known = (target: string): string => (rules.noVarySearch ? pathOf(target) : target)
  if (!isWrittenAs(key, name, rules)) add('target', [known(targetOf(key))])
  const { target, url = target, constraints = [] } = request
  if (rules.narrow === false) {
    // A route with a key of its own answers for what else of the query its handler sees.
    const seen = rules.key === undefined ? [target, url] : [targetOf(key), urlKeyed(request, key, rules)]
    add('seen', [...seen.map(known), ...all(request.headers, 'host')])
  } else if (url !== target) {
    const seen = known(urlSeen(request, key, rules))
    if (seen !== known(targetOf(key))) add('url', [seen])
  }
  if (constraints.length > 0) add('constraints', constraints)
  if (chosen.key.length > 0) add('key', chosen.key)
  if (chosen.vary.length > 0) add('vary', chosen.vary)
  return parts
}

/** The store's keys are read by people and written to logs, so only Accept and its kin stand there in clear. */
function fieldPart(name: string, lines: readonly string[], normal: boolean): string {
  if (lines.length === 0) return name
  const value =
    normal || LISTS.has(name) ? normalise(lines.join(','), normal && name === 'accept-language') : lines.join('\n')
  if (!name.startsWith('accept')) return `${name}:${digest(value)}`
  return value.length > MAX_READABLE || value.includes('\n') ? `${name}:${digest(value)}` : `${name}=${value}`
}

function digest(value: string): string {
  return hash('sha256', value, 'base64url')
}

/**
 * White space around list members does not count (RFC 9111 section 4.1); inside a quoted string it does. Nor do case and
 * order of languages: what is preferred their weights say (RFC 9110 section 12.5.4).
 */
function normalise(value: string, ofLanguages: boolean): string {
  if (value.includes('"')) return value
  const members = value.split(',').map((member) => member.trim())
  return ofLanguages
    ? members
        .map((member) => member.toLowerCase())
        .sort()
        .join(',')
    : members.join(',')
}
