import { TOKEN } from './headers.js'

/**
 * Cache-Control, RFC 9111 section 5.2. What is written twice counts once, by the first (section 4.2.1); a lifetime that
 * is no number is stale, i.e. 0 (same section), and one above 2^31 is 2^31 seconds (section 1.2.2).
 */

/** `true`: the whole message. A list: only these fields, in lower case. */
export type Scope = boolean | readonly string[]

export interface ResponseDirectives {
  readonly noStore: boolean
  readonly noCache: Scope
  readonly private: Scope
  readonly public: boolean
  readonly mustRevalidate: boolean
  readonly proxyRevalidate: boolean
  readonly mustUnderstand: boolean
  /** Seconds. */
  readonly maxAge: number | undefined
  /** Seconds. */
  readonly sMaxAge: number | undefined
  /** Seconds behind the lifetime (RFC 5861 section 3). */
  readonly staleWhileRevalidate: number | undefined
  /** Seconds behind the lifetime (RFC 5861 section 4). */
  readonly staleIfError: number | undefined
}

export interface RequestDirectives {
  readonly noStore: boolean
  readonly noCache: boolean
  readonly onlyIfCached: boolean
  /** Seconds. */
  readonly maxAge: number | undefined
  /** Seconds. */
  readonly minFresh: number | undefined
  /** Seconds; `Infinity` where any staleness will do. */
  readonly maxStale: number | undefined
}

/** Largest lifetime, in seconds: RFC 9111 section 1.2.2 asks for at least 2^31. */
const MAX_DELTA_SECONDS = 2 ** 31

/** `values` are the lines of the field: a quote left open on one never reaches into the next. */
export function responseDirectives(values: readonly string[]): ResponseDirectives {
  return directivesOf(parse(values))
}

/** What was said, by the names of the directives in lower case. */
export function directivesOf(found: ReadonlyMap<string, Arguments>): ResponseDirectives {
  return {
    noStore: found.has('no-store'),
    noCache: scope(found.get('no-cache')),
    private: scope(found.get('private')),
    public: found.has('public'),
    mustRevalidate: found.has('must-revalidate'),
    proxyRevalidate: found.has('proxy-revalidate'),
    mustUnderstand: found.has('must-understand'),
    maxAge: seconds(found.get('max-age')),
    sMaxAge: seconds(found.get('s-maxage')),
    staleWhileRevalidate: seconds(found.get('stale-while-revalidate')),
    staleIfError: seconds(found.get('stale-if-error')),
  }
}

export function requestDirectives(values: readonly string[]): RequestDirectives {
  const found = parse(values)
  return {
    noStore: found.has('no-store'),
    noCache: found.has('no-cache'),
    onlyIfCached: found.has('only-if-cached'),
    maxAge: seconds(found.get('max-age')),
    minFresh: seconds(found.get('min-fresh')),
    maxStale: isBare(found.get('max-stale')) ? Number.POSITIVE_INFINITY : seconds(found.get('max-stale')),
  }
}

/** Every argument of a directive in order of appearance; `undefined` where it stood without one. */
export type Arguments = [string | undefined, ...(string | undefined)[]]

function isBare(given: Arguments | undefined): boolean {
  return given !== undefined && given[0] === undefined
}

function seconds(given: Arguments | undefined): number | undefined {
  if (given === undefined) return undefined
  const value = given[0]
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), MAX_DELTA_SECONDS) : 0
}

/**
 * `no-cache` and `private` may name fields (RFC 9111 sections 5.2.2.4, 5.2.2.7). Said twice, the wider one counts, and
 * an argument that names nothing is read as none: the careful reading where the first-wins rule would loosen.
 */
function scope(given: Arguments | undefined): Scope {
  if (given === undefined) return false
  const fields = new Set<string>()
  for (const value of given) {
    const names = (value ?? '').split(',').map((name) => name.trim().toLowerCase())
    if (!names.every((name) => TOKEN.test(name))) return true
    for (const name of names) fields.add(name)
  }
  return [...fields]
}

function parse(values: readonly string[]): Map<string, Arguments> {
  const found = new Map<string, Arguments>()
  for (const value of values) {
    let at = 0
    while (at < value.length) at = directive(value, at, found)
  }
  return found
}

/**
 * Reads one list member and returns where the next begins. A member that is no directive (`max-age =1`: a name is a
 * token) is left out. Linear: a quoted string that is never closed ends at its comma, and after one such there is no
 * further quote behind an `=`, else that quote had closed the first.
 */
function directive(text: string, start: number, found: Map<string, Arguments>): number {
  const comma = endOf(text, ',', start)
  const member = text.slice(start, comma)
  const equalsInMember = member.indexOf('=')
  if (equalsInMember === -1) {
    add(found, member.trim(), undefined)
    return comma + 1
  }
  const equals = start + equalsInMember
  const name = text.slice(start, equals).trimStart()
  const quoted = text[equals + 1] === '"' ? quotedString(text, equals + 2) : undefined
  if (quoted === undefined) {
    add(found, name, text.slice(equals + 1, comma).trimEnd())
    return comma + 1
  }
  const next = endOf(text, ',', quoted.end)
  const rest = text.slice(quoted.end, next).trim()
  // Text behind the closing quote makes the argument malformed; an impossible one keeps the directive and spoils it.
  add(found, name, rest === '' ? quoted.value : '"')
  return next + 1
}

function add(found: Map<string, Arguments>, rawName: string, argument: string | undefined): void {
  if (!TOKEN.test(rawName)) return
  const name = rawName.toLowerCase()
  const given = found.get(name)
  if (given === undefined) found.set(name, [argument])
  else given.push(argument)
}

function endOf(text: string, char: string, from: number): number {
  const at = text.indexOf(char, from)
  return at === -1 ? text.length : at
}

/** A quoted string whose opening quote stands before `from` (RFC 9110 section 5.6.4). */
function quotedString(text: string, from: number): { value: string; end: number } | undefined {
  let value = ''
  let at = from
  while (at < text.length) {
    const char = text[at] as string
    if (char === '"') return { value, end: at + 1 }
    if (char === '\\') at += 1
    value += text[at] ?? ''
    at += 1
  }
  return undefined
}
