import type { HeaderLines } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import { countingText, type SearchVariance, searchVariance } from '../message/no-vary-search.js'
import { searchOf } from '../message/query.js'
import type { UrlKey } from './key.js'
import { type NarrowingRules, urlSeen } from './narrowing.js'

/**
 * How responses vary on the query is kept in the Vary list of the URL, in members that cannot be field names: `?*`, all of the
 * query as written; otherwise what No-Vary-Search says.
 */
export type SearchMember = `?${string}`

export const ALL_OF_SEARCH: SearchMember = '?*'

/** Each name stands behind a sign of its own: a name may be empty. No comma, and no semicolon: these divide what a slot holds. */
const MEMBER = /^\?(?:\*|(o?)([-+])((?:&[\w.!~*'()%-]*)*))$/

/** A longer list of names is ignored: it would be part of every write to the URL's slot. Characters. */
const MAX_MEMBER = 1_024

/** With more different members than this on one URL, all of the query counts. */
const MAX_MEMBERS = 4

export function isSearchMember(member: string): member is SearchMember {
  return member.startsWith('?') && MEMBER.test(member)
}

/** A Vary list with `?*` in place of too many members, or of narrower ones. */
export function withoutMany(vary: readonly string[]): string[] {
  const members = vary.filter(isSearchMember)
  if (members.length < 2 || (members.length <= MAX_MEMBERS && !members.includes(ALL_OF_SEARCH))) return [...vary]
  return [...vary.filter((name) => !isSearchMember(name)), ALL_OF_SEARCH]
}

/** The member for what a response says about its query. */
export function searchMember(headers: HeaderLines): SearchMember {
  const variance = searchVariance(headers)
  if (variance === undefined) return ALL_OF_SEARCH
  const { anyOrder, only, names } = variance
  const member: SearchMember = `?${anyOrder ? 'o' : ''}${only ? '+' : '-'}${names.map((name) => `&${encodeURIComponent(name)}`).join('')}`
  return member.length > MAX_MEMBER ? ALL_OF_SEARCH : member
}

function varianceOf(member: SearchMember): SearchVariance | undefined {
  const [, order, kind, list] = MEMBER.exec(member) ?? []
  if (kind === undefined || list === undefined) return undefined
  try {
    const names = list.split('&').slice(1).map(decodeURIComponent)
    return { anyOrder: order === 'o', only: kind === '+', names }
  } catch {
    return undefined
  }
}

/**
 * The queries by which variants differ, as texts for a key: each by what one response has said, where all have said so;
 * else as they are written. Two requests with the same texts may have the same response by either of them.
 */
export function searchTexts(
  members: readonly SearchMember[],
  request: CacheRequest,
  key: UrlKey,
  rules: NarrowingRules,
): readonly string[] {
  const searches = searchesOf(request, key, rules)
  const variances = members.map(varianceOf)
  if (variances.length === 0 || variances.includes(undefined))
    return searches.every((one) => one === '') ? [] : ['?', ...searches]
  return variances.flatMap((variance, i) => [
    members[i] as string,
    ...searches.map((search) => countingText(search, variance as SearchVariance)),
  ])
}

/** The queries that the handler may read: of the target, and of what layers before the cache have made of it. */
function searchesOf(request: CacheRequest, key: UrlKey, rules: NarrowingRules): readonly string[] {
  const { target, url = target } = request
  if (rules.narrow === false) return url === target ? [searchOf(target)] : [searchOf(target), searchOf(url)]
  const seen = url === target ? key[3] : searchOf(urlSeen(request, key, rules))
  return seen === key[3] ? [seen] : [key[3], seen]
}
