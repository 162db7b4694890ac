import { type Duration, parseDuration } from '../../base/duration.js'
import { InvalidOptionError } from '../../base/errors.js'
import { checkOptions, parseChoice, parseCount, parseFlag, parseText } from '../../base/options.js'
import { show } from '../../base/show.js'
import { parseLease } from '../../data/options.js'
import { FIELD_VALUE, TOKEN } from '../message/headers.js'
import type { ClientRules } from './client-headers.js'
import { asksForPart, type NarrowingRules } from './narrowing.js'
import { DEFAULT_STATUSES, type StorableRules } from './storable.js'

/** What a route may say. Each is optional; the defaults are the safe profile. */
export interface HttpCacheOptions {
  /**
   * How long a response is fresh that says nothing of it itself (Cache-Control, Expires). `0` stores nothing of these,
   * `Infinity` must be written out. Default: none, and only responses that say so themselves are stored.
   */
  readonly ttl?: Duration
  /** Whether `ttl` also beats the response's own s-maxage, max-age and Expires; never its no-store, private, no-cache. Default `false`. */
  readonly override?: boolean
  /** Final statuses that are stored. Default 200, 203, 301, 308. Never 206 and 304. */
  readonly statuses?: readonly number[]
  /** Whether each host has entries of its own. Default `true`. When `false` the handler does not see Host. */
  readonly host?: boolean
  /** `true`, the whole query as written; names: these parameters only; `false`, none. What is not in the key the handler does not see. Default `true`. */
  readonly query?: boolean | readonly string[]
  /** Request fields that the response depends on, beside what its Vary names; `[]` when it depends on none. */
  readonly headers?: readonly string[]
  /** Cookies that the response depends on; `[]` when it depends on none. Without it a request with cookies passes uncached. */
  readonly cookies?: readonly string[]
  /**
   * Whether the handler sees only what is in the key. `true`: not the cookies, Authorization, X-Forwarded-* and the like
   * that are not named. `'strict'`: no field that is not named, but Host. `false`: everything. Default `true`.
   */
  readonly narrow?: boolean | 'strict'
  /** Cache-Control as clients see it on stored responses. Default: the handler's own. */
  readonly clientCacheControl?: string
  /** Whether stored responses without an ETag get one. Default `true`. */
  readonly etag?: boolean
  /** Largest body that is captured, in bytes; a larger one passes uncached. Default 5 MiB. */
  readonly maxBodyBytes?: number
  /** How long a request waits for another that runs the handler for it. Default 3 s. */
  readonly waitTimeout?: Duration
  /** How long a process may be silent before another runs the handler in its place; 100 ms to 1 h. Default: the cache's. */
  readonly lease?: Duration
  /** How long a handler may run before its response is no longer stored. Default: the cache's. */
  readonly hardTimeout?: Duration
}

/** The options after parsing: what every rule of this folder reads. */
export interface HttpCacheRules extends NarrowingRules, StorableRules, ClientRules {
  readonly etag: boolean
  readonly maxBodyBytes: number
  readonly waitTimeoutMs: number
  /** `undefined`: the cache's own. */
  readonly leaseMs: number | undefined
  /** `undefined`: the cache's own. */
  readonly hardTimeoutMs: number | undefined
}

const KNOWN = [
  'ttl',
  'override',
  'statuses',
  'host',
  'query',
  'headers',
  'cookies',
  'narrow',
  'clientCacheControl',
  'etag',
  'maxBodyBytes',
  'waitTimeout',
  'lease',
  'hardTimeout',
] as const satisfies readonly (keyof HttpCacheOptions)[]

const DEFAULT_MAX_BODY_BYTES = 5_242_880
const DEFAULT_WAIT_TIMEOUT_MS = 3_000

/** @throws InvalidOptionError naming the option that cannot be meant. */
export function parseHttpCacheOptions(options: HttpCacheOptions = {}): HttpCacheRules {
  checkOptions('httpCache', options, KNOWN)
  const narrow = given(options.narrow, parseNarrow) ?? true
  // Strict is a statement of its own: what is not named, the response does not depend on.
  const unnamed = narrow === 'strict' ? new Set<string>() : undefined
  const rules: HttpCacheRules = {
    ttlMs: given(options.ttl, (ttl) => parseDuration('ttl', ttl, { infinite: true })),
    override: given(options.override, (value) => parseFlag('override', value)) ?? false,
    statuses: new Set(given(options.statuses, parseStatuses) ?? DEFAULT_STATUSES),
    host: given(options.host, (value) => parseFlag('host', value)) ?? true,
    query: given(options.query, parseQuery) ?? true,
    headers: given(options.headers, parseHeaders) ?? unnamed,
    cookies: given(options.cookies, parseCookies) ?? unnamed,
    narrow,
    clientCacheControl: given(options.clientCacheControl, parseCacheControl),
    etag: given(options.etag, (value) => parseFlag('etag', value)) ?? true,
    maxBodyBytes: given(options.maxBodyBytes, (value) => parseCount('maxBodyBytes', value)) ?? DEFAULT_MAX_BODY_BYTES,
    waitTimeoutMs:
      given(options.waitTimeout, (value) => parseDuration('waitTimeout', value)) ?? DEFAULT_WAIT_TIMEOUT_MS,
    leaseMs: given(options.lease, parseLease),
    hardTimeoutMs: given(options.hardTimeout, (value) => parseDuration('hardTimeout', value, { min: 1 })),
  }
  if (rules.override && rules.ttlMs === undefined)
    throw new InvalidOptionError('override', 'needs a ttl to put in place')
  if (options.cookies !== undefined && rules.headers?.has('cookie')) {
    throw new InvalidOptionError('cookies', "headers already names 'cookie', that is all of them: choose one")
  }
  return rules
}

function given<T, R>(value: T | undefined, parse: (value: T) => R): R | undefined {
  return value === undefined ? undefined : parse(value)
}

function parseNarrow(value: unknown): boolean | 'strict' {
  return typeof value === 'boolean' ? value : parseChoice('narrow', value, ['strict' as const])
}

function parseStatuses(value: unknown): readonly number[] {
  return list('statuses', value, (item) => {
    const status = parseCount('statuses', item, 200, 599)
    if (status === 206 || status === 304)
      throw new InvalidOptionError('statuses', `${status} is never a whole response`)
    return status
  })
}

function parseQuery(value: unknown): boolean | ReadonlySet<string> {
  if (typeof value === 'boolean') return value
  return new Set(list('query', value, (item) => parseText('query', item)))
}

function parseHeaders(value: unknown): ReadonlySet<string> {
  return new Set(
    list('headers', value, (item) => {
      const name = parseText('headers', item).toLowerCase()
      if (!TOKEN.test(name)) throw new InvalidOptionError('headers', `${show(item)} is no field name`)
      if (name === 'host') throw new InvalidOptionError('headers', "Host has an option of its own, 'host'")
      if (asksForPart(name)) throw new InvalidOptionError('headers', `${name} is answered by the cache itself`)
      return name
    }),
  )
}

function parseCookies(value: unknown): ReadonlySet<string> {
  return new Set(
    list('cookies', value, (item) => {
      const name = parseText('cookies', item)
      if (!TOKEN.test(name)) throw new InvalidOptionError('cookies', `${show(item)} is no cookie name`)
      return name
    }),
  )
}

function parseCacheControl(value: unknown): string {
  const text = parseText('clientCacheControl', value)
  if (!FIELD_VALUE.test(text)) throw new InvalidOptionError('clientCacheControl', 'holds characters that no field may')
  return text
}

function list<T>(option: string, value: unknown, parse: (item: unknown) => T): T[] {
  if (!Array.isArray(value)) throw new InvalidOptionError(option, `expected a list, got ${show(value)}`)
  return value.map(parse)
}
