/**
 * What the two profiles differ in. Each policy can also be set alone: a profile only gives the values of those that the route
 * leaves out. `docs/http-conformance.md` has the table.
 */
export interface Policies {
  /** Final statuses that are stored; `'final'`, all that say for how long, and those that RFC 9110 section 15.1 lists. */
  readonly statuses: ReadonlySet<number> | 'final'
  /** Whether a lifetime is guessed from Last-Modified, where nobody gives one. */
  readonly heuristics: boolean
  /** Whether the client's Cache-Control and Pragma count. */
  readonly clientDirectives: boolean
  /** Fields that speak to this cache in place of Cache-Control, in lower case. */
  readonly targetedFields: readonly string[]
  /** Whether Cache-Control of a response is read to the letter, where reading it carefully stores less. */
  readonly exactDirectives: boolean
  readonly storeSetCookie: boolean
  readonly storePost: boolean
  readonly storePartial: boolean
  /**
   * How many parts that do not touch a request may have of a stored response. All together are never longer than the
   * whole; but RFC 9110 section 14.2 names floods of small ones.
   */
  readonly maxRanges: number
  /** Whether the response to a HEAD freshens the stored GET, or makes it stale. */
  readonly updateByHead: boolean
  /** How long what is no longer fresh is kept, to be validated, or taken by a client that says max-stale. */
  readonly keepStaleMs: number
  /** How long stale responses are served where the handler fails; `undefined` leaves it to the response. */
  readonly staleIfErrorMs: number | undefined
  /** Whether a handler that breaks off the connection of its client is answered for, with 504. */
  readonly gatewayErrors: boolean
  /** Whether a handler is asked about other variants that are at hand, where the one that is asked for is not. */
  readonly offerVariants: boolean
  /** Whether a body that is longer than its Content-Length is stored as its client reads it. */
  readonly cutToLength: boolean
  /** What makes a request one client's own: every credential that the route does not name, or Authorization alone. */
  readonly credentials: 'named' | 'authorization'
  /** Whether the spelling of a list counts in a field that Vary names. */
  readonly normalizeVary: boolean
  readonly narrow: boolean | 'strict'
  readonly etag: boolean | 'strong'
}

export type Profile = 'safe' | 'rfc9111'

export const PROFILES: Readonly<Record<Profile, Policies>> = {
  /** An application's own cache: stores only what is certainly for everybody, and no client can force a run. */
  safe: {
    // Complete answers and permanent redirects, no errors.
    statuses: new Set([200, 203, 301, 308]),
    heuristics: false,
    clientDirectives: false,
    targetedFields: [],
    exactDirectives: false,
    storeSetCookie: false,
    storePost: false,
    storePartial: false,
    maxRanges: 1,
    updateByHead: false,
    keepStaleMs: 0,
    offerVariants: false,
    staleIfErrorMs: undefined,
    cutToLength: false,
    gatewayErrors: false,
    credentials: 'named',
    normalizeVary: false,
    narrow: true,
    etag: true,
  },
  /** A shared cache by RFC 9111, in front of a handler that is written with one in mind. */
  rfc9111: {
    statuses: 'final',
    heuristics: true,
    clientDirectives: true,
    targetedFields: ['cdn-cache-control'],
    exactDirectives: true,
    storeSetCookie: true,
    storePost: true,
    storePartial: true,
    maxRanges: 32,
    updateByHead: true,
    keepStaleMs: 86_400_000,
    offerVariants: true,
    staleIfErrorMs: 3_600_000,
    cutToLength: true,
    gatewayErrors: true,
    credentials: 'authorization',
    normalizeVary: true,
    narrow: false,
    etag: false,
  },
}

type Given = { readonly [Name in keyof Policies]?: Policies[Name] | undefined }

/** The policies of a profile, overridden by those of the route. */
export function policiesOf(profile: Profile, given: Given): Policies {
  const own = Object.entries(given).filter(([name, value]) => name in PROFILES.safe && value !== undefined)
  return { ...PROFILES[profile], ...(Object.fromEntries(own) as Partial<Policies>) }
}
