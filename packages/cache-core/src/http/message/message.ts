import type { HeaderLines } from './headers.js'

/** A request as the rules see it. An entry point fills it from its framework; the rules never look elsewhere. */
export interface CacheRequest {
  /** Case-sensitive (RFC 9110 section 9.1): `get` is an unknown method. */
  readonly method: string
  /** The request target as the client sent it: `/path?query`, or in absolute form `http://host/path?query`. */
  readonly target: string
  /**
   * The target as the handler finds it: without the path of a mount, and as layers before the cache have rewritten it.
   * Default: `target`.
   */
  readonly url?: string | undefined
  /** The field lines as the layers before the cache have left them. */
  readonly headers: HeaderLines
  /** Whether a body follows, where fields need not tell (HTTP/2). Default: what Content-Length and Transfer-Encoding say. */
  readonly hasContent?: boolean | undefined
  /** The scheme of the connection itself: `https` over TLS. Default `http`. */
  readonly scheme?: string | undefined
  /**
   * Scheme and host as the framework resolves them behind a proxy that it trusts. Without it every X-Forwarded-* field
   * is unkeyed input that the handler does not see.
   */
  readonly origin?: Origin | undefined
  /**
   * What else chose the handler: a route's constraints, a version. The same texts in every process that shares the
   * store.
   */
  readonly constraints?: readonly string[] | undefined
  /** A credential that belongs to the connection, in words: `TLS client certificate`. */
  readonly credential?: string | undefined
  /** The framework's own request, for the functions of a route: `vary`, `bypass`. Default: this object. */
  readonly source?: unknown
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

/** The part of a request that a handler is shown. */
export interface Sight {
  readonly target: string
  /** In place of the request's `url`. */
  readonly url: string
  readonly headers: HeaderLines
}
