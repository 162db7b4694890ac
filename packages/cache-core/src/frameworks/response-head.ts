import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { ResponseHead } from '../http/exchange.js'
import { type HeaderLines, headerLines, keep } from '../http/headers.js'

/** What `writeHead` takes behind the status. */
export type WriteHeadArguments = readonly [reasonOrHeaders?: string | GivenHeaders, headers?: GivenHeaders]

type GivenHeaders = OutgoingHttpHeaders | OutgoingHttpHeader[]

/** The head that `writeHead(status, …rest)` would send: its own fields over those set before, as Node merges them. */
export function headOf(res: ServerResponse, status: number, [first, second]: WriteHeadArguments): ResponseHead {
  const given = typeof first === 'string' ? second : first
  const statusText = typeof first === 'string' ? first : (res.statusMessage ?? '')
  const own = given === undefined ? [] : headerLines(given as Parameters<typeof headerLines>[0])
  const names = new Set<string>()
  for (let i = 0; i < own.length; i += 2) names.add((own[i] as string).toLowerCase())
  const set = rawHeaderNames(res).map((name) => [name, res.getHeader(name) ?? ''] as const)
  const before = keep(headerLines(set as Parameters<typeof headerLines>[0]), (name) => !names.has(name))
  return { status, statusText, headers: [...before, ...own] }
}

/** Node has had it since 15.4; its types know it on requests only. */
function rawHeaderNames(res: ServerResponse): string[] {
  return (res as ServerResponse & { getRawHeaderNames(): string[] }).getRawHeaderNames()
}

/**
 * Sends this head in place of all that was set. `writeHead` is Node's own: given a flat list where fields were set
 * before, it would keep only the last of repeated lines, so they are set instead.
 */
export function sendHead(
  res: ServerResponse,
  writeHead: ServerResponse['writeHead'],
  { status, statusText }: Pick<ResponseHead, 'status' | 'statusText'>,
  headers: HeaderLines,
): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  for (const [name, values] of grouped(headers)) res.setHeader(name, values)
  if (statusText !== '') res.statusMessage = statusText
  writeHead.call(res, status)
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
