import type { CompleteResponse } from '../../http/engine/exchange.js'
import type { HeaderLines } from '../../http/message/headers.js'
import type { WebBody } from './pass-on.js'

/** A response on its way, taken apart. */
export interface Observed {
  readonly given: Response
  readonly status: number
  readonly statusText: string
  readonly headers: HeaderLines
  readonly body: ReadableStream | null
}

/**
 * A response that may be observed on its way, of whatever class and realm. `undefined`: one that its host knows by itself
 * (an upgrade, `Response.error()`, one that @hono/node-server has sent already), or whose body somebody has taken. These
 * go on as they are, and their host says what is wrong with them.
 */
export function observe(value: unknown): Observed | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const given = value as Response & { readonly webSocket?: unknown }
  const { status, headers: fields } = given
  if (!(status >= 200 && status <= 599) || given.webSocket) return undefined
  if (!(typeof fields === 'object' && fields !== null && Symbol.iterator in fields)) return undefined
  if (fields.has('x-hono-already-sent')) return undefined
  // Before the rest: asked for that, the response of @hono/node-server becomes a real one, with a Content-Type of its own.
  const headers = linesOf(fields)
  const { statusText, body } = given
  if (body !== null && (typeof body?.getReader !== 'function' || body.locked || given.bodyUsed)) return undefined
  return { given, status, statusText, headers, body }
}

export function linesOf(headers: Headers): string[] {
  const lines: string[] = []
  for (const [name, value] of headers) if (name !== 'set-cookie') lines.push(name, value)
  // Some hosts join them when they are listed with the others.
  for (const cookie of headers.getSetCookie()) lines.push('set-cookie', cookie)
  return lines
}

/**
 * A response like the one given, with these fields and this body, and of this status where it has another. Never the
 * same object: a handler may return one twice, and its fields may be immutable.
 */
export function respondLike(given: Response, lines: HeaderLines, body: WebBody, status?: number): Response {
  const response = new Response(body, status === undefined ? given : { status })
  for (const name of [...response.headers.keys()]) response.headers.delete(name)
  append(response.headers, lines)
  return response
}

/**
 * A stored response. On @hono/node-server such a one goes out as it is given, without fields or a body of fetch, where
 * the fields are a record and name a Content-Type (it adds one else).
 */
export function respond(
  { status, statusText }: Pick<CompleteResponse, 'status' | 'statusText'>,
  lines: HeaderLines,
  body: Uint8Array | undefined,
): Response {
  const headers = recordOf(lines) ?? fieldsOf(lines)
  // An empty one goes out as that in workers, in place of the status' own.
  const init = statusText === '' ? { status, headers } : { status, statusText, headers }
  return new Response((body as Uint8Array<ArrayBuffer> | undefined) ?? null, init)
}

/** `undefined` where a name comes twice, is that of a property that every object has, or where there is no Content-Type. */
function recordOf(lines: HeaderLines): Record<string, string> | undefined {
  const record: Record<string, string> = {}
  for (let i = 0; i < lines.length; i += 2) {
    const name = (lines[i] as string).toLowerCase()
    if (name in record) return undefined
    record[name] = lines[i + 1] as string
  }
  return record['content-type'] === undefined ? undefined : record
}

function fieldsOf(lines: HeaderLines): Headers {
  const headers = new Headers()
  append(headers, lines)
  return headers
}

function append(headers: Headers, lines: HeaderLines): void {
  for (let i = 0; i < lines.length; i += 2) headers.append(lines[i] as string, lines[i + 1] as string)
}
