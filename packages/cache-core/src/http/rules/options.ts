import type { Duration } from '../../base/duration.js'
import { InvalidOptionError } from '../../base/errors.js'
import { leaseOption } from '../../base/lease-option.js'
import { callback, count, duration, either, flag, list, oneOf, text } from '../../base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../../base/option-table.js'
import { show } from '../../base/show.js'
import { tagsOption } from '../../base/tags.js'
import type { WaitUntil } from '../../base/wait-until.js'
import { isCoding, isLanguage } from '../message/accept.js'
import type { CacheStatusDetail } from '../message/cache-status.js'
import { FIELD_VALUE, TOKEN } from '../message/headers.js'
import { rootOf } from '../message/query.js'
import type { Invalidated } from './after-write.js'
import type { Asks, AsksBoth } from './asks.js'
import type { Compression } from './compression.js'
import { CREDENTIAL_HEADERS } from './credentials.js'
import { asksForPart } from './narrowing.js'
import { fieldName, POLICY_OPTIONS, type PolicyOptions } from './policy-options.js'
import { type Policies, policiesOf } from './profiles.js'
import type { ParameterPatterns, QueryRules } from './query.js'

/**
 * What a route may say. Each is optional; the defaults are the safe profile.
 * @typeParam Request The framework's own, as `vary` and `bypass` get it.
 */
export interface HttpCacheOptions<Request = unknown> extends PolicyOptions {
  /**
   * How long a response is fresh that says nothing of it itself (Cache-Control, Expires). `0` stores nothing of these,
   * `Infinity` must be written out. Default: none, and only responses that say so themselves are stored.
   */
  readonly ttl?: Duration | undefined
  /**
   * How long after its end a response is still answered with, at once, while the cache runs the handler behind the
   * answer. Default: what the response's Cache-Control says itself (RFC 5861), else 0. Never for what says
   * must-revalidate, proxy-revalidate or s-maxage.
   */
  readonly staleWhileRevalidate?: Duration | undefined
  /**
   * How long after its end a response is answered with where the handler fails: 500, 502, 503, 504, an error, or no
   * answer within `hardTimeout`. Default and exceptions as for `staleWhileRevalidate`; `'1h'` in profile `rfc9111`.
   */
  readonly staleIfError?: Duration | undefined
  /**
   * Whether `ttl` and the stale windows also beat the response's own s-maxage, max-age, Expires, stale-while-revalidate and
   * stale-if-error; never its no-store, private, no-cache, must-revalidate. Default `false`.
   */
  readonly override?: boolean | undefined
  /**
   * Whether each host has entries of its own. `false`, or a host: all share them, and the handler sees this one in Host
   * (`localhost` for `false`). Default `true`.
   */
  readonly host?: boolean | string | undefined
  /**
   * `true`, the whole query as written; names: these parameters only, `ids` with `ids[]` and `ids[a]`; `false`, none.
   * What is not in the key the handler does not see. Default `true`, and `false` beside `key`.
   */
  readonly query?: boolean | readonly string[] | undefined
  /** Parameters that never count and that the handler does not see: names, or beginnings such as `utm_*`. Default none. */
  readonly ignoreQuery?: readonly string[] | undefined
  /** Whether the order of different parameters does not count; the handler then sees them sorted. Default `false`. */
  readonly sortQuery?: boolean | undefined
  /**
   * Whether No-Vary-Search of a response says which parameters, and whether their order, do not count
   * (draft-ietf-httpbis-no-vary-search). A URL is then purged, and made invalid, with all its queries. Default `false`.
   */
  readonly noVarySearch?: boolean | undefined
  /**
   * Request fields that the response depends on, beside what its Vary names; `[]` when it depends on none, not on
   * credentials either: the handler does not see them then.
   */
  readonly headers?: readonly string[] | undefined
  /** Cookies that the response depends on; `[]` when it depends on none. Without it a request with cookies passes uncached. */
  readonly cookies?: readonly string[] | undefined
  /**
   * Fields that identify the client, beside the built-in list (Authorization, X-API-Key, X-CSRF-Token, …): a request that has
   * one passes uncached, unless `headers` names it.
   */
  readonly credentialHeaders?: readonly string[] | undefined
  /**
   * Codings that the application can answer with, the preferred one first: of Accept-Encoding the handler sees the first
   * of these that the client takes, or nothing. Default: the field as it came.
   */
  readonly encodings?: readonly string[] | undefined
  /**
   * Codings in which compressible responses are kept, beside the plain one, the preferred first: made once, when the
   * response is stored, and a client gets the first that it takes. Instead of `encodings`: the handler sees the chosen one.
   * Default: responses are kept as they come.
   */
  readonly compress?: readonly Compression[] | undefined
  /**
   * Languages that the application has: of Accept-Language the handler sees the one that suits the client best (RFC 4647,
   * lookup), or nothing. Default: the field as it came.
   */
  readonly languages?: readonly string[] | undefined
  /**
   * What else the response depends on, from the whole request: a tenant, a role. Each answer has entries of its own,
   * `undefined` as well. What it throws is the request's error.
   */
  readonly vary?: Asks<Request, string | readonly string[] | undefined> | undefined
  /**
   * What tells the responses of one path from each other, from the whole request, in place of the query: each answer has
   * entries of its own, `undefined` as well. The handler sees no query then but what `query` names, and that counts
   * beside. Writes and purges know the path, and reach all of its entries. What it throws is the request's error.
   */
  readonly key?: Asks<Request, string | readonly string[] | undefined> | undefined
  /** Which reads pass uncached; `true`, all of them: this cache then only hears of writes. Default none. */
  readonly bypass?: boolean | Asks<Request, boolean> | undefined
  /**
   * Names under which responses are purged together: a list, or a function of request and response. The groups that a
   * response names itself (Cache-Groups, RFC 9875) are tags as well. At most 64. Default none.
   */
  readonly tags?: readonly string[] | AsksBoth<Request, readonly string[]> | undefined
  /**
   * How many of the first segments of a path `purgePrefix` can name, 0 to 8: a hit reads two small keys for each, held as
   * those of tags are. Default 0: `purgePrefix` cannot be used.
   */
  readonly prefixDepth?: number | undefined
  /**
   * Whether a response is stored that may be by all other rules. `false` leaves a pass mark, so that nobody waits for
   * the next one. Default: all are.
   */
  readonly cacheable?: AsksBoth<Request, boolean> | undefined
  /**
   * What a write on this route has changed beside its own URL, when it was answered 2xx or 3xx: `{ tags, prefixes, urls }`,
   * or nothing. Settled before the answer ends.
   */
  readonly invalidate?: AsksBoth<Request, Invalidated | undefined> | undefined
  /**
   * What ends the time of a response: its lifetime (`'time'`: writes invalidate nothing), a write (`'writes'`: no
   * lifetime does, not the response's own either), or whichever comes first. Default `'both'`.
   */
  readonly eviction?: 'time' | 'writes' | 'both' | undefined
  /** Cache-Control as clients see it on stored responses. Default: the handler's own. */
  readonly clientCacheControl?: string | undefined
  /**
   * What the Cache-Status field tells clients (RFC 9211). `'minimal'`: a hit or a miss, and nothing from which one could
   * read what other clients did. `false`: no field. Default `'full'`.
   */
  readonly cacheStatus?: CacheStatusDetail | undefined
  /**
   * Told of what goes on behind each response, for a host that would else end the process: `waitUntil` of
   * `@vercel/functions`, `after` of Next. Default: the host's own where it can be found.
   */
  readonly waitUntil?: WaitUntil | undefined
  /** Largest body that is captured, in bytes; a larger one passes uncached. Default 5 MiB. */
  readonly maxBodyBytes?: number | undefined
  /** How long a request waits for another that runs the handler for it. Default: half of `hardTimeout`. */
  readonly waitTimeout?: Duration | undefined
  /** How long a process may be silent before another runs the handler in its place; 100 ms to 1 h. Default: the cache's. */
  readonly lease?: Duration | undefined
  /** How long a handler may run before its response is no longer stored. Default: the cache's. */
  readonly hardTimeout?: Duration | undefined
}

const OPTIONS = {
  ttl: duration({ infinite: true }),
  staleWhileRevalidate: duration({ infinite: true }),
  staleIfError: duration({ infinite: true }),
  override: flag().or(false),
  host: either(flag().to(hostOrShared), text({ like: 'shop.example' }).to(hostName)).or(true),
  query: either(flag(), list(text().to(rootOf), 'parameter names', "['page']").to(setOf)),
  ignoreQuery: list(text().to(parameterPattern), 'parameter names', "['utm_*']").to(patternsOf).or([]),
  sortQuery: flag().or(false),
  noVarySearch: flag().or(false),
  headers: list(text().to(keyedField), 'field names', "['accept-language']").to(setOf),
  cookies: list(text().to(cookieName), 'cookie names', "['theme']").to(setOf),
  credentialHeaders: list(text().to(keyedField), 'field names', "['x-tenant-key']").to(withCredentials).or([]),
  encodings: list(text().to(coding), 'codings', "['br', 'gzip']"),
  compress: list(text().to(compression), 'codings', "['br', 'gzip']"),
  languages: list(text().to(language), 'languages', "['en', 'de']").to(byLowerCase),
  vary: callback<Asks<unknown, unknown>>('a function such as (req) => req.tenant'),
  key: callback<Asks<unknown, unknown>>('a function such as (req) => req.tenant'),
  bypass: either(flag(), callback<Asks<unknown, unknown>>('a function such as (req) => req.preview')).or(false),
  tags: either(
    tagsOption,
    callback<AsksBoth<unknown, readonly string[]>>("a function such as (req, res) => ['news']"),
  ).or([]),
  prefixDepth: count({ min: 0, max: 8 }).or(0),
  invalidate: callback<AsksBoth<unknown, Invalidated | undefined>>("a function such as (req) => ({ tags: ['news'] })"),
  eviction: oneOf(['time', 'writes', 'both']).or('both'),
  cacheable: callback<AsksBoth<unknown, boolean>>('a function such as (req, res) => res.status === 200'),
  clientCacheControl: text({ like: 'no-cache' }).to(fieldValue),
  cacheStatus: oneOf(['full', 'minimal', false]).or('full'),
  waitUntil: callback<WaitUntil>('a function such as (work) => after(work)'),
  maxBodyBytes: count().or(5_242_880),
  waitTimeout: duration(),
  lease: leaseOption,
  hardTimeout: duration({ min: 1 }),
  ...POLICY_OPTIONS,
} satisfies RowsOf<HttpCacheOptions>

const TABLE = new OptionTable('httpCache', OPTIONS)

/**
 * The options after parsing: what every rule of this folder reads. `leaseMs` and `hardTimeoutMs` are `undefined` where
 * the cache's own count, `waitTimeoutMs` where it is half of the latter.
 */
export type HttpCacheRules = Omit<Parsed<typeof OPTIONS>, keyof Policies | 'query'> & Policies & QueryRules

/** @throws InvalidOptionError naming the option that cannot be meant. */
export function parseHttpCacheOptions(options: HttpCacheOptions = {}): HttpCacheRules {
  const read = TABLE.read(options)
  const query = read.query ?? read.key === undefined
  const rules: HttpCacheRules = { ...read, ...policiesOf(read.profile, read), query }
  if (rules.override && rules.ttlMs === undefined) {
    throw new InvalidOptionError('override', 'needs a ttl to put in place')
  }
  if (rules.cookies !== undefined && rules.headers?.has('cookie')) {
    throw new InvalidOptionError('cookies', "headers already names 'cookie', that is all of them: choose one")
  }
  if (rules.compress !== undefined && rules.encodings !== undefined) {
    throw new InvalidOptionError('compress', 'encodings are those of the application itself: choose one')
  }
  for (const option of ['encodings', 'compress', 'languages'] as const) {
    if (rules[option] !== undefined && rules.narrow === false) {
      throw new InvalidOptionError(option, 'needs narrowing: without it the handler sees what the client sent')
    }
  }
  const encodings = rules.encodings ?? rules.compress
  return { ...rules, encodings, ...strictly(rules), ...(rules.eviction === 'writes' ? UNTIL_WRITTEN : undefined) }
}

/** No lifetime ends a response, not even its own. */
const UNTIL_WRITTEN = { ttlMs: Number.POSITIVE_INFINITY, override: true }

/** `'strict'` also says that the response depends on nothing that is not named. */
function strictly({ narrow, headers, cookies }: HttpCacheRules): Partial<HttpCacheRules> | undefined {
  if (narrow !== 'strict') return undefined
  return { headers: headers ?? new Set(), cookies: cookies ?? new Set() }
}

/** A route's options over its application's. @throws InvalidOptionError naming one that does not exist. */
export function overHttpCacheOptions(options: HttpCacheOptions, below: HttpCacheOptions): HttpCacheOptions {
  return TABLE.over(options, below)
}

function keyedField(text: string, option: string): string {
  const name = fieldName(text, option)
  if (name === 'host') throw new InvalidOptionError(option, "Host has an option of its own, 'host'")
  if (asksForPart(name)) throw new InvalidOptionError(option, `${name} is answered by the cache itself`)
  return name
}

/** What a handler finds in Host where all hosts share entries. */
const SHARED_HOST = 'localhost'
/** Name or address, and a port (RFC 9110 section 7.2). */
const HOST = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::\d+)?$/i

function hostOrShared(own: boolean): true | string {
  return own || SHARED_HOST
}

function hostName(host: string, option: string): string {
  if (!HOST.test(host)) throw new InvalidOptionError(option, `${show(host)} is no host`)
  return host
}

/** A parameter's name in lower case, or the beginning of one with its `*`. */
function parameterPattern(pattern: string, option: string): string {
  if (!/^[^*[.]+\*?$/.test(pattern)) {
    const expected = "expected the name of a whole parameter, or a beginning such as 'utm_*'"
    throw new InvalidOptionError(option, `${expected}, got ${show(pattern)}`)
  }
  return pattern.toLowerCase()
}

function patternsOf(patterns: readonly string[]): ParameterPatterns {
  const beginnings = patterns.filter((pattern) => pattern.endsWith('*'))
  return {
    names: new Set(patterns.filter((pattern) => !beginnings.includes(pattern))),
    prefixes: beginnings.map((pattern) => pattern.slice(0, -1)),
  }
}

function withCredentials(names: readonly string[]): ReadonlySet<string> {
  return new Set([...CREDENTIAL_HEADERS, ...names])
}

function coding(text: string, option: string): string {
  const name = text.toLowerCase()
  if (!isCoding(name)) throw new InvalidOptionError(option, `${show(text)} is no content coding`)
  return name
}

function compression(text: string, option: string): Compression {
  const name = coding(text, option)
  if (name === 'br' || name === 'gzip') return name
  throw new InvalidOptionError(option, `expected 'br' or 'gzip', got ${show(text)}`)
}

function language(text: string, option: string): string {
  if (!isLanguage(text)) throw new InvalidOptionError(option, `${show(text)} is no language tag`)
  return text
}

function byLowerCase(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [name.toLowerCase(), name]))
}

function cookieName(name: string, option: string): string {
  if (!TOKEN.test(name)) throw new InvalidOptionError(option, `${show(name)} is no cookie name`)
  return name
}

function fieldValue(text: string, option: string): string {
  if (!FIELD_VALUE.test(text)) throw new InvalidOptionError(option, 'holds characters that no field may')
  return text
}

function setOf<Item>(items: readonly Item[]): ReadonlySet<Item> {
  return new Set(items)
}
