import type { ResponseDirectives, Scope } from '../message/cache-control.js'
import { all, first, type HeaderLines, has } from '../message/headers.js'
import type { CacheResponse } from '../message/message.js'
import type { ResponseTimes } from './age.js'
import { type DirectiveRules, directivesFor } from './directives.js'
import { type FreshnessRules, freshness, mayBeGuessed } from './freshness.js'
import type { Policies } from './profiles.js'
import { type StaleRules, type StaleWindows, staleWindows } from './stale-windows.js'
import { type VaryList, varyOf, withSearch } from './vary.js'

export interface StorableRules
  extends FreshnessRules,
    DirectiveRules,
    StaleRules,
    Pick<
      Policies,
      | 'statuses'
      | 'exactDirectives'
      | 'storeSetCookie'
      | 'storePartial'
      | 'keepStaleMs'
      | 'credentials'
      | 'clientDirectives'
    > {
  readonly noVarySearch: boolean
}

export type Storable =
  | {
      readonly storable: true
      /** Milliseconds from now; may be `Infinity`, and less than 0 where it is kept to be validated. */
      readonly freshForMs: number
      readonly ageMs: number
      /** How long after that it may be served stale. */
      readonly windows: StaleWindows
      /** How long after that it is kept, at least. */
      readonly keepStaleMs: number
      /** Whether it is never to be used when it is stale, without asking the handler. */
      readonly mustRevalidate: boolean
      /** Fields, in lower case, that are no part of what is stored. */
      readonly withheld: readonly string[]
      /** Whether it said `public` or `s-maxage`: then requests with credentials may have it too. */
      readonly public: boolean
      /** The request fields that select it. */
      readonly vary: readonly string[]
    }
  | Refusal

export type AcceptedByItself = Extract<Storable, { readonly storable: true }>

export interface Refusal {
  readonly storable: false
  /** In words for a person; goes out in the `detail` of Cache-Status. */
  readonly reason: string
  /** Whether the reason lies in the request, so that the response to another one may be stored. */
  readonly byRequest?: boolean
}

/** Answers without an end. */
const ENDLESS = new Set(['text/event-stream', 'multipart/x-mixed-replace'])

/** The part of a request that decides whether the response to it may be stored. */
export interface StorableRequest {
  readonly method: string
  /** Whether the handler saw what makes the request one client's own. */
  readonly credentials: boolean
}

/**
 * Whether the response to a GET may be stored, and for how long: RFC 9111 section 3, within the policies. All must allow it:
 * method, status, the response's own directives, Set-Cookie, Vary, a lifetime or a validator.
 */
export function storable(
  request: StorableRequest,
  response: CacheResponse,
  rules: StorableRules,
  times: ResponseTimes,
): Storable {
  const said = directivesFor(response.headers, rules)
  const { directives } = said
  const refusal =
    refusedByMessage(request.method, response, rules) ?? refusedByDirectives(directives, response.status, rules)
  if (refusal !== undefined) return { storable: false, reason: refusal }
  if (request.credentials && !isForOthers(directives, rules)) {
    return { storable: false, reason: 'request has credentials, response is not public', byRequest: true }
  }
  const fields = varyOf(response.headers)
  const vary: VaryList = rules.noVarySearch ? withSearch(fields, response.headers) : fields
  if (vary === '*') return { storable: false, reason: 'Vary names no fields that could be compared' }
  const { freshForMs, ageMs, source } = freshness(response, said, rules, times)
  const unchecked = directives.noCache === true ? Math.min(freshForMs, 0) : freshForMs
  const keepStaleMs = isValidated(response) || rules.clientDirectives ? rules.keepStaleMs : 0
  // RFC 9111 section 3: it must give a lifetime, or have a status for which one may be guessed.
  const saysNothing = source === 'nothing' && !mayBeGuessed(response.status, said)
  // A response that was ever fresh is of use to clients that say max-stale; any other can only be validated.
  const isOfUse = isValidated(response) || freshForMs + ageMs > 0
  if (unchecked <= 0 && (saysNothing || !isOfUse || keepStaleMs === 0)) {
    return { storable: false, reason: directives.noCache === true ? 'response says no-cache' : staleReason(source) }
  }
  return {
    storable: true,
    freshForMs: unchecked,
    ageMs,
    windows: staleWindows(directives, rules),
    keepStaleMs,
    mustRevalidate: mustRevalidate(directives),
    withheld: [...namesOf(directives.noCache), ...namesOf(directives.private)],
    public: isPublic(directives),
    vary,
  }
}

/**
 * Whether all of the body arrived (RFC 9112 section 8): others must not get the half of a handler that died. Without a
 * Content-Length only the end of the response tells, which the caller has seen.
 */
export function isComplete(response: CacheResponse, bodyBytes: number): boolean {
  const lengths = all(response.headers, 'content-length')
  return lengths.every((length) => length === String(bodyBytes))
}

function refusedByMessage(method: string, response: CacheResponse, rules: StorableRules): string | undefined {
  // A HEAD has no body to store (RFC 9110 section 9.3.2).
  if (method !== 'GET') return 'method is not GET'
  const { status, headers } = response
  const isPart = status === 206 && rules.storePartial
  // Part of a representation (RFC 9111 section 3.3); options refuse 206 and 304 as statuses, too. Of another status the
  // field means nothing (RFC 9110 section 14.4), but a careful cache does not rely on that.
  if (!rules.storePartial && (has(headers, 'content-range') || status === 206)) return 'response is partial'
  if (!isPart && !isStored(status, rules.statuses)) return `status ${status} is not stored`
  if (has(headers, 'set-cookie') && !rules.storeSetCookie) return 'response sets a cookie'
  return isEndless(headers) ? 'response is a stream without end' : undefined
}

export function isEndless(headers: HeaderLines): boolean {
  const type = first(headers, 'content-type')
  return type !== undefined && ENDLESS.has(mediaType(type))
}

function isStored(status: number, statuses: ReadonlySet<number> | 'final'): boolean {
  return statuses === 'final' ? status >= 200 && status <= 599 && status !== 304 : statuses.has(status)
}

/** RFC 9111 sections 5.2.2.3 to 5.2.2.7. Read carefully, what names fields names the whole message. */
function refusedByDirectives(
  directives: ResponseDirectives,
  status: number,
  { exactDirectives, keepStaleMs }: StorableRules,
): string | undefined {
  if (exactDirectives && directives.mustUnderstand) {
    if (!UNDERSTOOD.has(status)) return `response says must-understand, and status ${status} is not understood`
  } else if (directives.noStore) return 'response says no-store'
  if (isSaid(directives.private, exactDirectives)) return 'response says private'
  if (isSaid(directives.noCache, exactDirectives) && keepStaleMs === 0) return 'response says no-cache'
  return undefined
}

function isSaid(scope: Scope, exact: boolean): boolean {
  return exact ? scope === true : scope !== false
}

/** RFC 9111 section 3.5. There must-revalidate suffices as well, which is too little for the safe profile. */
function isForOthers(directives: ResponseDirectives, { credentials }: StorableRules): boolean {
  return isPublic(directives) || (credentials === 'authorization' && directives.mustRevalidate)
}

function isPublic(directives: ResponseDirectives): boolean {
  return directives.public || directives.sMaxAge !== undefined
}

/** RFC 9111 section 4.2.4; what s-maxage says of a shared cache stands in section 5.2.2.10. */
function mustRevalidate({ mustRevalidate, proxyRevalidate, sMaxAge, noCache }: ResponseDirectives): boolean {
  return mustRevalidate || proxyRevalidate || sMaxAge !== undefined || noCache === true
}

/** Whether its handler can be asked whether it still holds. */
function isValidated({ headers }: CacheResponse): boolean {
  return has(headers, 'etag') || has(headers, 'last-modified')
}

function namesOf(scope: Scope): readonly string[] {
  return typeof scope === 'boolean' ? NO_NAMES : scope
}

const NO_NAMES: readonly string[] = []

/** Statuses whose caching RFC 9110 defines: those that must-understand allows (RFC 9111 section 5.2.2.3). */
const UNDERSTOOD = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410,
  411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505,
])

/** Type and subtype, without parameters (RFC 9110 section 8.3.1). */
function mediaType(value: string): string {
  return (value.split(';', 1)[0] as string).trim().toLowerCase()
}

function staleReason(source: string): string {
  if (source === 'nothing') return 'neither response nor route gives a lifetime'
  return source === 'ttl' ? 'ttl is 0' : `response is stale by its ${source}`
}
