import type { CompleteResponse } from '../../http/engine/exchange.js'
import { type HeaderLines, isNamed, isRepeated, keep } from '../../http/message/headers.js'
import type { WebBody } from './pass-on.js'

/** The parts of a response on its way. */
export interface Observed {
  readonly given: Response
  readonly status: number
  readonly statusText: string
  readonly headers: HeaderLines
  readonly body: ReadableStream | null
}

/**
 * The parts of a response, of whatever class and realm, that the cache can observe. `undefined` for special responses of a host
 * (an upgrade, `Response.error()`, one that @hono/node-server has sent already), and where the body is already in use. Those
 * go on unchanged, and their host handles them.
 */
export function observe(value: unknown): Observed | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const given = value as Response & { readonly webSocket?: unknown }
  const { status, headers: fields } = given
  if (!(status >= 200 && status <= 599) || given.webSocket) return undefined
  if (!(typeof fields === 'object' && fields !== null && Symbol.iterator in fields)) return undefined
  if (fields.has('x-hono-already-sent')) return undefined
  // First: reading the rest turns a response of @hono/node-server into a real one, with a Content-Type of its own.
  const headers = linesOf(fields)
  const { statusText, body } = given
  if (body !== null && (typeof body?.getReader !== 'function' || body.locked || given.bodyUsed)) return undefined
  return { given, status, statusText, headers, body }
}

export function linesOf(headers: Headers): string[] {
  const lines: string[] = []
  for (const [name, value] of headers) if (name !== 'set-cookie') lines.push(name, value)
  // Separately, since some hosts join cookies in the list of all fields.
  for (const cookie of headers.getSetCookie()) lines.push('set-cookie', cookie)
  return lines
}

/**
 * A copy of a response with these fields, this body and, where given, another status. Never the same object: a handler may
 * return it twice, and its fields may be immutable.
 */
export function respondLike(given: Response, lines: HeaderLines, body: WebBody, status?: number): Response {
  const response = new Response(body, status === undefined ? given : { status })
  for (const name of [...response.headers.keys()]) response.headers.delete(name)
  append(response.headers, lines)
  return response
}

/**
 * A response made of a stored one. @hono/node-server sends it without creating fetch's own fields and body, if the fields are a
 * record with a Content-Type (otherwise it adds one).
 * @param without A field that is left out, in lower case.
 */
export function respond(
  { status, statusText }: Pick<CompleteResponse, 'status' | 'statusText'>,
  lines: HeaderLines,
  body: Uint8Array | undefined,
  without?: string,
): Response {
  const headers = recordOf(lines, without) ?? fieldsOf(keep(lines, (name) => name !== without))
  // An empty one goes out as that in workers, in place of the status' own.
  const init = statusText === '' ? { status, headers } : { status, statusText, headers }
  return new Response((body as Uint8Array<ArrayBuffer> | undefined) ?? null, init)
}

/**
 * The fields as a record; `undefined` where a name comes twice or is `__proto__`, or without a Content-Type. Names stay as
 * written: lower-case copies, and asking the record for each, took a tenth of a hit (measured).
 */
function recordOf(lines: HeaderLines, without: string | undefined): Record<string, string> | undefined {
  const record: Record<string, string> = {}
  let hasType = false
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i] as string
    if (without !== undefined && isNamed(name, without)) continue
    if (name === '__proto__' || isRepeated(lines, i)) return undefined
    hasType ||= isNamed(name, 'content-type')
    record[name] = lines[i + 1] as string
  }
  return hasType ? record : undefined
}

function fieldsOf(lines: HeaderLines): Headers {
  const headers = new Headers()
  append(headers, lines)
  return headers
}

function append(headers: Headers, lines: HeaderLines): void {
  for (let i = 0; i < lines.length; i += 2) headers.append(lines[i] as string, lines[i + 1] as string)
}
