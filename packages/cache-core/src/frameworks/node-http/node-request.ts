import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { combined, first, type HeaderLines, keep } from '../../http/message/headers.js'
import type { CacheRequest, Origin, Sight } from '../../http/message/message.js'
import { pathOf, searchOf } from '../../http/message/query.js'
import { narrowParsed } from './narrow-parsed.js'
import { isOverHttp2, streamOf } from './over-http2.js'
import { Replacements } from './replacements.js'

/** A request whose framework may have cut the path of a mount (`app.use('/api', …)`) off its `url`, or rewritten it. */
export type MountedRequest = IncomingMessage & { originalUrl?: string }

/** What a framework knows about a request, beside node. */
export interface RequestFacts extends Pick<CacheRequest, 'constraints' | 'source'> {
  /** Scheme and host as resolved behind a trusted proxy. */
  readonly origin?: Origin | undefined
  /** The fields as the framework shows them, where these are not `req.headers`. */
  readonly headers?: IncomingHttpHeaders | undefined
}

export function cacheRequest(req: MountedRequest, facts: RequestFacts = {}): CacheRequest {
  const { origin, constraints, headers = req.headers, source = req } = facts
  const url = req.url ?? '/'
  const lines = presentLines(req.rawHeaders, headers)
  const stream = streamOf(req)
  const tls = isOverTls(req)
  return {
    method: req.method ?? 'GET',
    target: req.originalUrl ?? url,
    url,
    headers: stream === undefined ? lines : withHost(lines, headers),
    hasContent: stream && !stream.endAfterHeaders,
    scheme: tls ? 'https' : 'http',
    origin,
    constraints,
    credential: tls ? clientCertificate(req.socket as TLSSocket) : undefined,
    source,
  }
}

/** A request of which there is no more to say than this; `undefined` where there may be. */
export function briefRequest(req: MountedRequest, facts: RequestFacts): CacheRequest | undefined {
  const { origin, constraints, headers = req.headers } = facts
  const { method, url, originalUrl = url, rawHeaders } = req
  if (method === undefined || url === undefined || url !== originalUrl || origin !== undefined) return undefined
  if ((constraints !== undefined && constraints.length > 0) || isOverHttp2(req) || isOverTls(req)) return undefined
  return isAsCame(rawHeaders, headers) ? { method, target: url, headers: rawHeaders, scheme: 'http' } : undefined
}

/**
 * Shows the handler another target, and fewer fields or less of them, in every form in which node, the framework and earlier
 * layers keep them.
 * @param holders Objects beside `req` that hold what was parsed: a framework's own request, a context.
 * @returns the replacements, to be undone. What somebody else has replaced meanwhile then stays as it is.
 */
export function narrowRequest(
  req: MountedRequest,
  holders: readonly object[],
  request: CacheRequest,
  sight: Sight,
): Replacements {
  const replaced = new Replacements()
  // Holders first: some remember what they have read of `req`.
  for (const holder of [...holders, req]) narrowParsed(holder, request, sight, replaced)
  const distinct = valuesByName(sight.headers)
  const scheme = request.origin?.scheme ?? request.scheme
  replaced.put(req, 'headers', narrowHeaders(req.headers, distinct, sight.target, scheme))
  replaced.put(req, 'headersDistinct', distinct)
  replaced.put(req, 'rawHeaders', [...sight.headers])
  if (isOverHttp2(req)) {
    replaced.put(req, 'authority', distinct.host?.[0])
    replaced.put(req, 'scheme', scheme)
  }
  const { url: before = '' } = req
  // Routers cut off a mount while they run and restore it afterwards, some from a whole URL that they have kept (middie).
  const [whole, shown] = [searchOf(before), searchOf(sight.url)]
  const restored = (now: unknown): unknown => withSearch(now, shown, whole)
  const assigned = (next: unknown): unknown => withSearch(next, whole, shown)
  replaced.put(req, 'url', sight.url, restored, assigned)
  return replaced
}

/**
 * The field lines as they came, except for fields that a layer has changed in `headers`: those count, since the handler reads
 * them.
 */
function presentLines(raw: HeaderLines, headers: IncomingHttpHeaders): HeaderLines {
  if (isAsCame(raw, headers)) return raw
  const came = valuesByName(raw)
  const lines: string[] = []
  /** Once for each field, however many lines it has. */
  const changed = new Map<string, boolean>()
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    const known = changed.get(name)
    const isChanged = known ?? !isFolded(ownValue(headers, name), came[name] as string[], name)
    if (known === undefined) changed.set(name, isChanged)
    if (!isChanged) lines.push(raw[i] as string, raw[i + 1] as string)
    else if (known === undefined) append(lines, raw[i] as string, ownValue(headers, name))
  }
  for (const [name, value] of Object.entries(headers)) if (!changed.has(name)) append(lines, name, value)
  return lines
}

/** Whether each field came in one line and is unchanged: the common case, on every hit. */
function isAsCame(raw: HeaderLines, headers: IncomingHttpHeaders): boolean {
  const names = Object.keys(headers)
  if (names.length !== raw.length / 2) return false
  // One by one: else a line that came twice, of which node keeps one, would stand for a field that a layer has added.
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    if (headers[name] !== raw[2 * i + 1] || name !== (raw[2 * i] as string).toLowerCase()) return false
  }
  return true
}

/**
 * The equivalent fields of HTTP/1.1: without pseudo-fields, and with the authority as Host (RFC 9113 section 8.3.1), in addition
 * to a Host that names another one.
 */
function withHost(lines: HeaderLines, headers: IncomingHttpHeaders): HeaderLines {
  const authority = headers[':authority']
  const host = typeof authority === 'string' && first(lines, 'host') !== authority ? ['Host', authority] : []
  return [...host, ...keep(lines, (name) => !name.startsWith(':'))]
}

function withSearch(target: unknown, search: string, other: string): unknown {
  return typeof target === 'string' && searchOf(target) === search ? pathOf(target) + other : target
}

/** Whether `value` is what node makes of these lines: joined, or a list, or the first one alone (`user-agent`). */
function isFolded(value: string | string[] | undefined, lines: readonly string[], name: string): boolean {
  if (typeof value !== 'object') return value !== undefined && (value === lines[0] || value === joined(name, lines))
  return value.length === lines.length && value.every((line, index) => line === lines[index])
}

function joined(name: string, values: readonly string[]): string | undefined {
  return combined(
    values.flatMap((value) => [name, value]),
    name,
  )
}

/** An own property only, since a client may send a field `__proto__`. */
function ownValue(headers: IncomingHttpHeaders, name: string): string | string[] | undefined {
  return Object.hasOwn(headers, name) ? headers[name] : undefined
}

/** Adds a field, whatever a layer has put there: numbers, lists, objects. */
function append(lines: string[], name: string, value: unknown): void {
  if (value === undefined || value === null) return
  for (const line of Array.isArray(value) ? value : [value]) lines.push(name, String(line))
}

function isOverTls(req: IncomingMessage): boolean {
  return (req.socket as Partial<TLSSocket> | null)?.encrypted === true
}

/** With TLS, a client may have identified itself before the first byte of HTTP. */
function clientCertificate(socket: TLSSocket): string | undefined {
  const shown = socket.authorized || Object.keys(socket.getPeerCertificate() ?? {}).length > 0
  return shown ? 'TLS client certificate' : undefined
}

type ValuesByName = Record<string, string[]>

function valuesByName(lines: HeaderLines): ValuesByName {
  const values: ValuesByName = Object.create(null)
  for (let i = 0; i < lines.length; i += 2) {
    const name = (lines[i] as string).toLowerCase()
    values[name] ??= []
    values[name].push(lines[i + 1] as string)
  }
  return values
}

/** The narrowed form of `req.headers`. Shortened fields have one line; of repeated ones node's own form is kept. */
function narrowHeaders(
  headers: IncomingHttpHeaders,
  shown: ValuesByName,
  target: string,
  scheme: string | undefined,
): IncomingHttpHeaders {
  const narrowed: IncomingHttpHeaders = {}
  // HTTP/2 has method, scheme, target and authority there, too.
  for (const [name, value] of Object.entries(headers)) if (name.startsWith(':')) narrowed[name] = value
  if (':path' in narrowed) {
    Object.assign(narrowed, { ':path': target, ':authority': shown.host?.[0], ':scheme': scheme })
  }
  for (const [name, values] of Object.entries(shown)) {
    const value = ownValue(headers, name)
    narrowed[name] = value === undefined || (values.length === 1 && !Array.isArray(value)) ? values[0] : value
  }
  return narrowed
}
