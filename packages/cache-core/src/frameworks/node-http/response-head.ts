import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { CompleteResponse } from '../../http/engine/exchange.js'
import { type HeaderFields, type HeaderLines, has, headerLines, keep } from '../../http/message/headers.js'
import { isOverHttp2 } from './over-http2.js'

/** The arguments of `writeHead` after the status. */
export type WriteHeadArguments = readonly [reasonOrHeaders?: string | GivenHeaders, headers?: GivenHeaders]

type GivenHeaders = OutgoingHttpHeaders | OutgoingHttpHeader[]

/** The head of a response. */
export type Head = Pick<CompleteResponse, 'status' | 'statusText' | 'headers'>

/**
 * The head that `writeHead(status, …rest)` would send: its own fields over those set before.
 * @throws what Node throws for a head that cannot be sent.
 */
export function headOf(
  res: ServerResponse,
  writeHead: ServerResponse['writeHead'],
  status: number,
  rest: WriteHeadArguments,
): Head {
  const statusText = statusTextOf(res, rest)
  // The usual case costs nothing: fields that were set one by one are checked already.
  const headers =
    status === 200 && rest.length === 0 && !statusText ? linesSet(res) : tried(res, writeHead, status, rest)
  return { status: Number(status), statusText, headers }
}

/** Tries the head on another response, which goes nowhere: Node itself says what becomes of it, or what is wrong with it. */
function tried(
  res: ServerResponse,
  writeHead: ServerResponse['writeHead'],
  status: number,
  rest: WriteHeadArguments,
): string[] {
  const probe = new ServerResponse(res.req)
  if (!isHttp2(res)) probe.statusMessage = res.statusMessage
  for (const name of rawHeaderNames(res)) probe.setHeader(name, res.getHeader(name) ?? '')
  probe.writeHead(status, ...(rest as []))
  // Of repeated lines in a list over a field that was set, Node 20 keeps the last one.
  if (writeHead === ServerResponse.prototype.writeHead || !Array.isArray(fieldsGiven(rest)))
    return writtenLines(probe, rest)
  // HTTP/2 keeps them all, and so do layers outside that override it (on-headers): behind the others.
  const names = namesGiven(rest)
  return [...keep(linesSet(res), (name) => !names.has(name)), ...linesGiven(rest)]
}

/** The field lines of a head that was written with these arguments: where fields were set, Node has merged them there. */
export function writtenLines(res: ServerResponse, rest: WriteHeadArguments): string[] {
  const set = linesSet(res)
  return set.length > 0 ? set : linesGiven(rest)
}

/** Empty over HTTP/2, which has no reason phrase: Node warns if it is read. */
export function statusTextOf(res: ServerResponse, rest: WriteHeadArguments): string {
  if (isHttp2(res)) return ''
  return typeof rest[0] === 'string' ? rest[0] : (res.statusMessage ?? '')
}

/** Whether it is Node's response over HTTP/2, which behaves differently in some respects. */
export function isHttp2(res: ServerResponse): boolean {
  return isOverHttp2(res.req)
}

/** Names, in lower case, of the fields that `writeHead` is given. */
export function namesGiven(rest: WriteHeadArguments): ReadonlySet<string> {
  const names = new Set<string>()
  const own = linesGiven(rest)
  for (let i = 0; i < own.length; i += 2) names.add((own[i] as string).toLowerCase())
  return names
}

function linesGiven(rest: WriteHeadArguments): string[] {
  const given = fieldsGiven(rest)
  return given === undefined ? [] : headerLines(given as HeaderFields)
}

function fieldsGiven([first, second]: WriteHeadArguments): GivenHeaders | undefined {
  return (typeof first === 'string' ? second : (second ?? first)) ?? undefined
}

/**
 * The arguments of `writeHead` with one more line, in the form in which the fields are given; the same arguments where the line
 * was set on the response. Given fields must stay arguments: set one by one, repeated lines would be lost, and a field that
 * Node refuses would leave half of them behind.
 */
export function withField(
  res: ServerResponse,
  rest: WriteHeadArguments,
  name: string,
  value: string,
): WriteHeadArguments {
  const given = fieldsGiven(rest)
  if (given === undefined || res.hasHeader(name)) {
    res.appendHeader(name, value)
    return rest
  }
  // A field of that name wins; and a list of pairs, which Node also accepts, cannot take a flat line.
  if (Array.isArray(given) ? Array.isArray(given[0]) : has(headerLines(given as HeaderFields), name.toLowerCase()))
    return rest
  const more = Array.isArray(given) ? [...given, name, value] : { ...given, [name]: value }
  return typeof rest[0] === 'string' ? [rest[0], more] : [more]
}

/** The field lines that are set on a response so far. */
export function linesSet(res: ServerResponse): string[] {
  const set = rawHeaderNames(res).map((name) => [name, res.getHeader(name) ?? ''] as const)
  return headerLines(set as HeaderFields)
}

/** The names as they were set. Node has `getRawHeaderNames` since 15.4; its types declare it on requests only. */
function rawHeaderNames(res: ServerResponse): string[] {
  // Once the head is written, `:status` is among them. Names are lower case over HTTP/2.
  if (isHttp2(res)) return res.getHeaderNames().filter((name) => !name.startsWith(':'))
  return (res as ServerResponse & { getRawHeaderNames(): string[] }).getRawHeaderNames()
}

/**
 * Replaces all fields that are set by this head, for a `writeHead` without fields: given a flat list where fields were set
 * before, Node would keep only the last of repeated lines.
 */
export function putHead(
  res: ServerResponse,
  { status, statusText }: Pick<Head, 'status' | 'statusText'>,
  headers: HeaderLines,
): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  setLines(res, headers)
  res.statusCode = status
  if (statusText !== '') res.statusMessage = statusText
}

/**
 * Whether a layer outside has overridden what ends the response. It may gather the body and change the head at its end, so the
 * head is put on the response and left to Node, which asks for it after that.
 */
export function isWrapped(res: ServerResponse): boolean {
  return Object.hasOwn(res, 'end') || Object.hasOwn(res, 'write')
}

/** Sets fields in place of those of the same names: repeated lines stay repeated. */
export function setLines(res: ServerResponse, headers: HeaderLines): void {
  for (const [name, values] of grouped(headers).values()) res.setHeader(name, values)
}

/** Lines grouped by name in lower case: the name as first written, and its one value, or all values in order. */
export function grouped(headers: HeaderLines): Map<string, [name: string, values: string | string[]]> {
  const groups = new Map<string, [string, string | string[]]>()
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i] as string, headers[i + 1] as string]
    const key = name.toLowerCase()
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [name, value])
    else group[1] = Array.isArray(group[1]) ? [...group[1], value] : [group[1], value]
  }
  return groups
}
