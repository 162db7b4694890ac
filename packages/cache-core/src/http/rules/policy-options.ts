import type { Duration } from '../../base/duration.js'
import { InvalidOptionError } from '../../base/errors.js'
import { count, duration, either, flag, list, oneOf, text } from '../../base/option-kinds.js'
import type { RowsOf } from '../../base/option-table.js'
import { show } from '../../base/show.js'
import { TOKEN } from '../message/headers.js'
import type { Profile } from './profiles.js'

/** What a route may say of how this cache behaves: all at once by a profile, and each alone. */
export interface PolicyOptions {
  /**
   * What the options below are where they are not given. `'safe'`: an application's own cache. `'rfc9111'`: a full shared
   * cache, for handlers that are written with one in mind. Default `'safe'`.
   */
  readonly profile?: Profile | undefined
  /**
   * Final statuses that are stored, never 206 and 304; `'final'`: all, where the response itself says for how long.
   * Default 200, 203, 301, 308; `'final'` in profile `rfc9111`.
   */
  readonly statuses?: readonly number[] | 'final' | undefined
  /**
   * Whether a response that gives no lifetime, on a route that gives none, is fresh for a tenth of the time since its
   * Last-Modified, at most a day (RFC 9111 section 4.2.2). Default `false`; `true` in profile `rfc9111`.
   */
  readonly heuristics?: boolean | undefined
  /**
   * Whether Cache-Control and Pragma of a request count: no-cache, no-store, max-age, min-fresh, max-stale,
   * only-if-cached. Any client can then make a handler run. Default `false`; `true` in profile `rfc9111`.
   */
  readonly clientDirectives?: boolean | undefined
  /**
   * Response fields that speak to this cache in place of Cache-Control and Expires, the first one first (RFC 9213).
   * Default none; `['cdn-cache-control']` in profile `rfc9111`.
   */
  readonly targetedFields?: readonly string[] | undefined
  /**
   * Whether `no-cache="field"` and `private="field"` only take these fields out of what is stored, and must-understand
   * overrules no-store. Default `false`: nothing of such a response is stored; `true` in profile `rfc9111`.
   */
  readonly exactDirectives?: boolean | undefined
  /** Whether responses that set cookies are stored, and set them for everybody. Default `false`; `true` in profile `rfc9111`. */
  readonly storeSetCookie?: boolean | undefined
  /**
   * Whether the response to a POST is stored for GET, where its Content-Location is the URL itself and it says for how
   * long (RFC 9110 section 9.3.3). Default `false`; `true` in profile `rfc9111`.
   */
  readonly storePost?: boolean | undefined
  /** Whether a part (206) is stored, for requests of what is in it. Default `false`; `true` in profile `rfc9111`. */
  readonly storePartial?: boolean | undefined
  /**
   * How many ranges that do not touch a request may ask for to get them as `multipart/byteranges`, 1 to 1000; who asks
   * for more gets the whole. Default 1, as most servers of files do; 32 in profile `rfc9111`.
   */
  readonly maxRanges?: number | undefined
  /**
   * Whether a 200 to a HEAD that reaches the handler freshens the stored response to GET, or makes it stale where
   * ETag, Last-Modified or Content-Length differ (RFC 9111 section 4.3.5). Default `false`; `true` in profile `rfc9111`.
   */
  readonly updateByHead?: boolean | undefined
  /**
   * How long a response is kept after its end, to be validated: its handler is then run with If-None-Match or
   * If-Modified-Since, and its 304 makes it fresh again. Default `0`: nothing is kept; `'1d'` in profile `rfc9111`.
   */
  readonly keepStale?: Duration | undefined
  /**
   * Whether a handler that is asked for a variant which is not stored gets the strong ETags of others that are at hand
   * (If-None-Match): its 304 then stands for one of these (RFC 9111 section 4.3.1). For handlers whose tags differ where
   * their bytes do. Default `false`; `true` in profile `rfc9111`.
   */
  readonly offerVariants?: boolean | undefined
  /**
   * Whether a body that is longer than its Content-Length is stored as its client reads it, cut to that length (RFC 9112
   * section 6.3). Default `false`: it is not stored; `true` in profile `rfc9111`.
   */
  readonly cutToLength?: boolean | undefined
  /**
   * Whether the client gets a 504 whose handler breaks off its connection before it has answered, as from a cache that
   * does not reach its origin. Over HTTP/1 on node:http and what stands on it. Default `false`: the connection is
   * closed; `true` in profile `rfc9111`.
   */
  readonly gatewayErrors?: boolean | undefined
  /**
   * What makes a request one client's own. `'named'`: every credential that the route does not name, cookies too.
   * `'authorization'`: Authorization alone, unless the response says public, s-maxage or must-revalidate (RFC 9111
   * section 3.5). Default `'named'`; `'authorization'` in profile `rfc9111`.
   */
  readonly credentials?: 'named' | 'authorization' | undefined
  /**
   * Whether requests fit the same variant whose fields differ in white space around commas only, and in case and order of
   * languages. Default `false`; `true` in profile `rfc9111`.
   */
  readonly normalizeVary?: boolean | undefined
  /**
   * Whether the handler sees only what is in the key. `true`: not the cookies, Authorization, X-Forwarded-* and the like
   * that are not named. `'strict'`: no field that is not named, but Host. `false`: everything. Default `true`; `false` in
   * profile `rfc9111`.
   */
  readonly narrow?: boolean | 'strict' | undefined
  /**
   * Whether stored responses without an ETag get one, of their bytes; `'strong'`, where no layer outside of the cache
   * changes these: then ranges can be resumed by it (If-Range, If-Match). Default `true`; `false` in profile `rfc9111`.
   */
  readonly etag?: boolean | 'strong' | undefined
}

/** Without defaults: those are the profile's. */
export const POLICY_OPTIONS = {
  profile: oneOf(['safe', 'rfc9111']).or('safe'),
  statuses: either(
    oneOf(['final']),
    list(count({ min: 200, max: 599 }).to(wholeResponse), 'final statuses', '[200, 404]').to(
      (statuses): ReadonlySet<number> => new Set(statuses),
    ),
  ),
  heuristics: flag(),
  clientDirectives: flag(),
  targetedFields: list(text().to(fieldName), 'field names', "['cdn-cache-control']"),
  exactDirectives: flag(),
  storeSetCookie: flag(),
  storePost: flag(),
  storePartial: flag(),
  maxRanges: count({ min: 1, max: 1000 }),
  updateByHead: flag(),
  keepStale: duration(),
  offerVariants: flag(),
  cutToLength: flag(),
  gatewayErrors: flag(),
  credentials: oneOf(['named', 'authorization']),
  normalizeVary: flag(),
  narrow: oneOf([true, false, 'strict']),
  etag: oneOf([true, false, 'strong']),
} satisfies RowsOf<PolicyOptions>

/** In lower case. @throws InvalidOptionError */
export function fieldName(text: string, option: string): string {
  const name = text.toLowerCase()
  if (!TOKEN.test(name)) throw new InvalidOptionError(option, `${show(text)} is no field name`)
  return name
}

function wholeResponse(status: number, option: string): number {
  if (status === 206 || status === 304) throw new InvalidOptionError(option, `${status} is never a whole response`)
  return status
}
