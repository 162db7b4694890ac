import type { Duration } from '../../base/duration.js'
import { InvalidOptionError } from '../../base/errors.js'
import { leaseOption } from '../../base/lease-option.js'
import { count, duration, either, flag, list, oneOf, text } from '../../base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../../base/option-table.js'
import { show } from '../../base/show.js'
import { FIELD_VALUE, TOKEN } from '../message/headers.js'
import { asksForPart } from './narrowing.js'
import { DEFAULT_STATUSES } from './storable.js'

/** What a route may say. Each is optional; the defaults are the safe profile. */
export interface HttpCacheOptions {
  /**
   * How long a response is fresh that says nothing of it itself (Cache-Control, Expires). `0` stores nothing of these,
   * `Infinity` must be written out. Default: none, and only responses that say so themselves are stored.
   */
  readonly ttl?: Duration | undefined
  /** Whether `ttl` also beats the response's own s-maxage, max-age and Expires; never its no-store, private, no-cache. Default `false`. */
  readonly override?: boolean | undefined
  /** Final statuses that are stored. Default 200, 203, 301, 308. Never 206 and 304. */
  readonly statuses?: readonly number[] | undefined
  /** Whether each host has entries of its own. Default `true`. When `false` the handler does not see Host. */
  readonly host?: boolean | undefined
  /** `true`, the whole query as written; names: these parameters only; `false`, none. What is not in the key the handler does not see. Default `true`. */
  readonly query?: boolean | readonly string[] | undefined
  /** Request fields that the response depends on, beside what its Vary names; `[]` when it depends on none. */
  readonly headers?: readonly string[] | undefined
  /** Cookies that the response depends on; `[]` when it depends on none. Without it a request with cookies passes uncached. */
  readonly cookies?: readonly string[] | undefined
  /**
   * Whether the handler sees only what is in the key. `true`: not the cookies, Authorization, X-Forwarded-* and the like
   * that are not named. `'strict'`: no field that is not named, but Host. `false`: everything. Default `true`.
   */
  readonly narrow?: boolean | 'strict' | undefined
  /** Cache-Control as clients see it on stored responses. Default: the handler's own. */
  readonly clientCacheControl?: string | undefined
  /** Whether stored responses without an ETag get one. Default `true`. */
  readonly etag?: boolean | undefined
  /** Largest body that is captured, in bytes; a larger one passes uncached. Default 5 MiB. */
  readonly maxBodyBytes?: number | undefined
  /** How long a request waits for another that runs the handler for it. Default 3 s. */
  readonly waitTimeout?: Duration | undefined
  /** How long a process may be silent before another runs the handler in its place; 100 ms to 1 h. Default: the cache's. */
  readonly lease?: Duration | undefined
  /** How long a handler may run before its response is no longer stored. Default: the cache's. */
  readonly hardTimeout?: Duration | undefined
}

const OPTIONS = {
  ttl: duration({ infinite: true }),
  override: flag().or(false),
  statuses: list(count({ min: 200, max: 599 }).to(wholeResponse), 'final statuses', '[200, 404]')
    .to(setOf)
    .or(DEFAULT_STATUSES),
  host: flag().or(true),
  query: either(flag(), list(text(), 'parameter names', "['page']").to(setOf)).or(true),
  headers: list(text().to(fieldName), 'field names', "['accept-language']").to(setOf),
  cookies: list(text().to(cookieName), 'cookie names', "['theme']").to(setOf),
  narrow: oneOf([true, false, 'strict']).or(true),
  clientCacheControl: text({ like: 'no-cache' }).to(fieldValue),
  etag: flag().or(true),
  maxBodyBytes: count().or(5_242_880),
  waitTimeout: duration().or('3s'),
  lease: leaseOption,
  hardTimeout: duration({ min: 1 }),
} satisfies RowsOf<HttpCacheOptions>

const TABLE = new OptionTable('httpCache', OPTIONS)

/**
 * The options after parsing: what every rule of this folder reads. `leaseMs` and `hardTimeoutMs` are `undefined` where
 * the cache's own count.
 */
export type HttpCacheRules = Parsed<typeof OPTIONS>

/** @throws InvalidOptionError naming the option that cannot be meant. */
export function parseHttpCacheOptions(options: HttpCacheOptions = {}): HttpCacheRules {
  const rules = TABLE.read(options)
  if (rules.override && rules.ttlMs === undefined) {
    throw new InvalidOptionError('override', 'needs a ttl to put in place')
  }
  if (rules.cookies !== undefined && rules.headers?.has('cookie')) {
    throw new InvalidOptionError('cookies', "headers already names 'cookie', that is all of them: choose one")
  }
  if (rules.narrow !== 'strict') return rules
  // Strict is a statement of its own: what is not named, the response does not depend on.
  return { ...rules, headers: rules.headers ?? new Set(), cookies: rules.cookies ?? new Set() }
}

/** A route's options over its application's. @throws InvalidOptionError naming one that does not exist. */
export function overHttpCacheOptions(options: HttpCacheOptions, below: HttpCacheOptions): HttpCacheOptions {
  return TABLE.over(options, below)
}

function wholeResponse(status: number, option: string): number {
  if (status === 206 || status === 304) throw new InvalidOptionError(option, `${status} is never a whole response`)
  return status
}

function fieldName(text: string, option: string): string {
  const name = text.toLowerCase()
  if (!TOKEN.test(name)) throw new InvalidOptionError(option, `${show(text)} is no field name`)
  if (name === 'host') throw new InvalidOptionError(option, "Host has an option of its own, 'host'")
  if (asksForPart(name)) throw new InvalidOptionError(option, `${name} is answered by the cache itself`)
  return name
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
