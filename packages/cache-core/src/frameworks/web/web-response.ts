import type { CompleteResponse } from '../../http/engine/exchange.js'
import type { HeaderLines } from '../../http/message/headers.js'
import type { WebBody } from './pass-on.js'

/**
 * Whether this is a response that may be observed on its way: of whatever class and realm. Not one that its host knows
 * by itself (an upgrade, `Response.error()`, one that @hono/node-server has sent already), and not one whose body
 * somebody has taken: these go on as they are, and their host says what is wrong with them.
 */
export function isObservable(given: unknown): given is Response {
  if (typeof given !== 'object' || given === null) return false
  const { status, headers, webSocket } = given as Partial<Response> & { readonly webSocket?: unknown }
  if (!(typeof status === 'number' && status >= 200 && status <= 599)) return false
  // Before the body: @hono/node-server's response makes itself real when it is asked for that, and keeps these then.
  if (!(typeof headers === 'object' && headers !== null && Symbol.iterator in headers)) return false
  if (headers.has('x-hono-already-sent') || webSocket) return false
  const { body, bodyUsed } = given as Partial<Response>
  return body === null || (typeof body?.getReader === 'function' && !body.locked && !bodyUsed)
}

export function linesOf(headers: Headers): string[] {
  const lines: string[] = []
  for (const [name, value] of headers) if (name !== 'set-cookie') lines.push(name, value)
  // Some hosts join them when they are listed with the others.
  for (const cookie of headers.getSetCookie()) lines.push('set-cookie', cookie)
  return lines
}

/**
 * A response like the one given, with these fields and this body. Never the same object: a handler may return one twice,
 * and its fields may be immutable.
 */
export function respondLike(given: Response, lines: HeaderLines, body: WebBody): Response {
  const response = new Response(body, given)
  for (const name of [...response.headers.keys()]) response.headers.delete(name)
  append(response.headers, lines)
  return response
}

export function respond(
  { status, statusText, headers: lines }: CompleteResponse,
  body: Uint8Array | undefined,
): Response {
  const headers = new Headers()
  append(headers, lines)
  return new Response((body as Uint8Array<ArrayBuffer> | undefined) ?? null, { status, statusText, headers })
}

function append(headers: Headers, lines: HeaderLines): void {
  for (let i = 0; i < lines.length; i += 2) headers.append(lines[i] as string, lines[i + 1] as string)
}
