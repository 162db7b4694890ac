import type { HeaderLines } from './headers.js'

/** What the rules know of a request. An adapter fills it from its framework; the rules never look elsewhere. */
export interface CacheRequest {
  /** Case-sensitive (RFC 9110 section 9.1): `get` is an unknown method. */
  readonly method: string
  /** The request target as received: `/path?query`, or in absolute form `http://host/path?query`. */
  readonly target: string
  readonly headers: HeaderLines
  /**
   * Scheme and host as the framework resolves them behind a proxy that it trusts; both are then part of the key.
   * Default: the Host field alone, and every X-Forwarded-* field is unkeyed input that the handler does not see.
   */
  readonly origin?: Origin | undefined
}

export interface Origin {
  readonly scheme: string
  readonly host: string
}

/** Status and field lines of a final response, as the handler gave them, before the server adds its own. */
export interface CacheResponse {
  readonly status: number
  readonly headers: HeaderLines
}

/** What a handler is shown of a request. */
export interface Sight {
  readonly target: string
  readonly headers: HeaderLines
}
