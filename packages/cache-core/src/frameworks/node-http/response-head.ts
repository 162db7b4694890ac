import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { CompleteResponse } from '../../http/engine/exchange.js'
import { type HeaderLines, headerLines, keep } from '../../http/message/headers.js'

/** What `writeHead` takes behind the status. */
export type WriteHeadArguments = readonly [reasonOrHeaders?: string | GivenHeaders, headers?: GivenHeaders]

type GivenHeaders = OutgoingHttpHeaders | OutgoingHttpHeader[]

/**
 * The head that `writeHead(status, …rest)` would send: its own fields over those set before, as Node merges them.
 * @throws what Node throws for a head that cannot be sent.
 */
export function headOf(res: ServerResponse, status: number, rest: WriteHeadArguments): CompleteResponse {
  checkHead(res, status, rest)
  const [first, second] = rest
  const given = typeof first === 'string' ? second : first
  const statusText = typeof first === 'string' ? first : (res.statusMessage ?? '')
  const own = given === undefined ? [] : headerLines(given as Parameters<typeof headerLines>[0])
  const names = new Set<string>()
  for (let i = 0; i < own.length; i += 2) names.add((own[i] as string).toLowerCase())
  const before = keep(linesSet(res), (name) => !names.has(name))
  return { status: Number(status), statusText, headers: [...before, ...own] }
}

/** The field lines that are set on a response so far. */
export function linesSet(res: ServerResponse): string[] {
  const set = rawHeaderNames(res).map((name) => [name, res.getHeader(name) ?? ''] as const)
  return headerLines(set as Parameters<typeof headerLines>[0])
}

/** Node has had it since 15.4; its types know it on requests only. */
function rawHeaderNames(res: ServerResponse): string[] {
  return (res as ServerResponse & { getRawHeaderNames(): string[] }).getRawHeaderNames()
}

/** Node itself says what is wrong with a head, on a response that goes nowhere: before anything is changed or put off. */
function checkHead({ req, statusMessage }: ServerResponse, status: number, rest: WriteHeadArguments): void {
  // The usual case costs nothing: fields that were set one by one are checked already.
  if (status === 200 && rest.length === 0 && !statusMessage) return
  const probe = new ServerResponse(req)
  probe.statusMessage = statusMessage
  probe.writeHead(status, ...(rest as []))
}

/**
 * Sends this head in place of all that was set. `writeHead` is Node's own: given a flat list where fields were set
 * before, it would keep only the last of repeated lines, so they are set instead.
 */
export function sendHead(
  res: ServerResponse,
  writeHead: ServerResponse['writeHead'],
  { status, statusText }: Pick<CompleteResponse, 'status' | 'statusText'>,
  headers: HeaderLines,
): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  setLines(res, headers)
  if (statusText !== '') res.statusMessage = statusText
  writeHead.call(res, status)
}

/** Sets fields in place of those of the same names: repeated lines stay repeated. */
export function setLines(res: ServerResponse, headers: HeaderLines): void {
  for (const [name, values] of grouped(headers)) res.setHeader(name, values)
}

/** Lines by their name as it was first written: one value, or all of them in their order. */
function grouped(headers: HeaderLines): Iterable<[string, string | string[]]> {
  const groups = new Map<string, [string, string | string[]]>()
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i] as string, headers[i + 1] as string]
    const group = groups.get(name.toLowerCase())
    if (group === undefined) groups.set(name.toLowerCase(), [name, value])
    else group[1] = Array.isArray(group[1]) ? [...group[1], value] : [group[1], value]
  }
  return groups.values()
}
