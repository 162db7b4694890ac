import { combined } from '../../http/message/headers.js'
import type { CacheRequest, Sight } from '../../http/message/message.js'
import { parameterNames, rootOf, searchOf } from '../../http/message/query.js'
import type { Replacements } from './replacements.js'

/**
 * Narrows what layers before the cache have parsed of a request, the query and the cookies under the names that the frameworks
 * use, to what parsing the narrowed request would give. Where nothing is hidden, nothing is touched. Replaces objects by
 * narrowed copies, so that whoever holds the originals still sees all of them.
 */
export function narrowParsed(holder: object, request: CacheRequest, sight: Sight, replaced: Replacements): void {
  const parsed: Parsed = holder as Parsed
  const narrow = (name: string, narrowed: (value: object) => unknown): void => {
    // Getters of a prototype read the narrowed request anyway.
    const value = Object.hasOwn(parsed, name) ? parsed[name] : undefined
    if (typeof value === 'object' && value !== null) replaced.put(holder, name, narrowed(value))
  }
  if (parsed.originalUrl === request.target) replaced.put(holder, 'originalUrl', sight.target)
  const before = [request.target, request.url ?? request.target]
  const after = [sight.target, sight.url]
  if (before.some((target, index) => target !== after[index])) {
    const shows = shownParameters(before.flatMap(namesOf), after.flatMap(namesOf))
    // `hpp` keeps there what it has taken out of `query`.
    const { query } = parsed
    if (isOfMiddie(holder) && typeof query === 'object' && query !== null) {
      for (const name of Object.keys(query)) if (shows(name) === undefined) replaced.hide(query, name)
    } else narrow('query', (query) => picked(query, shows, undefined))
    narrow('queryPolluted', (query) => picked(query, shows, undefined))
    const texts = new Map(before.flatMap((target, index) => textsOf(target, after[index] as string)))
    // The parsed URLs that `parseurl` and polka remember, which some code reads.
    for (const name of ['_parsedUrl', '_parsedOriginalUrl']) narrow(name, (url) => shownUrl(url, texts, shows))
    for (const name of ['search', 'querystring']) {
      const text = Object.hasOwn(parsed, name) ? parsed[name] : undefined
      if (typeof text === 'string') replaced.put(holder, name, likeBefore(searchOf(sight.url), text))
    }
    // Koa's, made of `originalUrl` when it is asked for, by the handler as well.
    const { memoizedURL } = parsed
    if ('URL' in holder && parsed.originalUrl !== undefined) {
      replaced.put(holder, 'memoizedURL', undefined, () => memoizedURL)
    }
  }
  const cookie = combined(sight.headers, 'cookie')
  if (cookie !== combined(request.headers, 'cookie')) {
    const names = cookieNames(cookie)
    const shows: Shows = (name) => (names.has(name) ? 0 : undefined)
    // An object with methods reads the request's fields itself, such as that of the package `cookies`.
    for (const name of ['cookies', 'signedCookies']) narrow(name, (cookies) => picked(cookies, shows, cookies))
  }
  // Fastify's own fields, over node's: those that may be seen are on node's request by now.
  narrow('additionalHeaders', () => null)
}

/** Middie's request shares its `query` with Fastify's own, which the route reads and which is not reachable from here. */
function isOfMiddie(holder: object): boolean {
  return ['hostname', 'ips', 'log'].every((name) => Object.hasOwn(holder, name))
}

interface Parsed {
  readonly originalUrl?: unknown
  readonly memoizedURL?: unknown
  readonly [name: string]: unknown
}

/** The position of this name among the shown ones; `undefined`: it is hidden. */
type Shows = (name: string) => number | undefined

/**
 * Parsers nest (`a[b]` in `a`), fold case, turn `page_size` into `pageSize`: names are compared by what they have in
 * common. A name that could be a hidden parameter's as well as a shown one's is hidden, and so is one that is neither's.
 */
function shownParameters(before: readonly string[], after: readonly string[]): Shows {
  const roots = places(after.map(rootOf))
  const words = places(after.map(wordOf))
  const hiddenWords = new Set(before.filter((name) => !roots.has(rootOf(name))).map(wordOf))
  return (name) => roots.get(rootOf(name)) ?? (hiddenWords.has(wordOf(name)) ? undefined : words.get(wordOf(name)))
}

function places(names: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>()
  for (const [place, name] of names.entries()) if (!places.has(name)) places.set(name, place)
  return places
}

function wordOf(name: string): string {
  return rootOf(name).replaceAll(/[-_]/g, '')
}

/** A copy with the shown entries only, in the shown order; `otherwise` for anything that is no collection of values. */
function picked(parsed: object, shows: Shows, otherwise: unknown): unknown {
  if (parsed instanceof URLSearchParams) return new URLSearchParams(shown([...parsed], shows))
  if (parsed instanceof Map) return new Map(shown([...(parsed as Map<string, unknown>)], shows))
  if (!isRecord(parsed)) return otherwise
  return Object.assign(
    Object.create(Object.getPrototypeOf(parsed)),
    Object.fromEntries(shown(Object.entries(parsed), shows)),
  )
}

function shown<T>(entries: readonly [string, T][], shows: Shows): [string, T][] {
  const placed = entries.flatMap((entry) => {
    const place = shows(entry[0])
    return place === undefined ? [] : [{ place, entry }]
  })
  return placed.sort((a, b) => a.place - b.place).map(({ entry }) => entry)
}

/** Some parsers make objects with an empty prototype of their own. */
function isRecord(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    prototype === null || prototype === Object.prototype || Object.getOwnPropertyNames(prototype as object).length === 0
  )
}

/** Pairs of a text and what is shown in its place: the target, and its query with and without the `?`. */
function textsOf(before: string, after: string): [before: string, after: string][] {
  const [search, shown] = [searchOf(before), searchOf(after)]
  const texts: [string, string][] = [
    [before, after],
    [search, shown],
    [search.slice(1), shown.slice(1)],
  ]
  return texts.filter(([text]) => text !== '')
}

/** A copy of a parsed URL with these texts in their places, and a parsed query in it narrowed. */
function shownUrl(parsed: object, texts: ReadonlyMap<string, string>, shows: Shows): object {
  const entries = Object.entries(parsed).map(([name, value]: [string, unknown]) => {
    if (typeof value === 'object' && value !== null) return [name, picked(value, shows, undefined)]
    return [name, typeof value === 'string' ? (texts.get(value) ?? value) : value]
  })
  return Object.assign(Object.create(Object.getPrototypeOf(parsed)), Object.fromEntries(entries))
}

function namesOf(target: string): string[] {
  return parameterNames(searchOf(target))
}

function cookieNames(cookie: string | undefined): ReadonlySet<string> {
  return new Set(cookie?.split(';').map((pair) => (pair.split('=', 1)[0] as string).trim()))
}

/** In the form in which it stood: with its `?`, or without. */
function likeBefore(search: string, before: string): string {
  return before === '' || before.startsWith('?') ? search : search.slice(1)
}
