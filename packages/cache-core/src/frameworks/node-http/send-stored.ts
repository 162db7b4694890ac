import { ServerResponse } from 'node:http'
import type { CompleteResponse } from '../../http/engine/exchange.js'
import { type HeaderLines, has, isNamed, isRepeated, members } from '../../http/message/headers.js'
import { grouped, isHttp2, isWrapped } from './response-head.js'

/**
 * A stored response, whole, to this client, over what layers outside have done to the head so far.
 * @param isObserved Whether somebody may read its fields when it is sent: Node forgets those that `writeHead` is given.
 */
export function sendStored(res: ServerResponse, head: CompleteResponse, body?: Uint8Array, isObserved = false): void {
  if (res.destroyed || res.headersSent) return
  // Beside fields that are set, Node would keep only the last of repeated lines; who overrides it knows other forms.
  const wrapped = isWrapped(res)
  const own = !wrapped && res.writeHead === ServerResponse.prototype.writeHead
  const plain = !isObserved && own && res.getHeaderNames().length === 0
  if (!plain) applyStored(res, head)
  const lines = plain ? (head.headers as string[]) : undefined
  const statusText = head.statusText === '' || isHttp2(res) ? '' : head.statusText
  if (wrapped) {
    res.statusCode = head.status
    if (statusText !== '') res.statusMessage = statusText
  } else if (statusText === '') res.writeHead(head.status, lines)
  else res.writeHead(head.status, statusText, lines)
  res.end(body)
}

/** Where the fields of a response stand: on node's, or where a framework keeps them. */
export interface FieldStore {
  getHeaderNames(): readonly string[]
  hasHeader(name: string): boolean
  getHeader(name: string): number | string | readonly string[] | undefined
  setHeader(name: string, value: string | readonly string[]): unknown
  appendHeader(name: string, value: string | readonly string[]): unknown
  removeHeader(name: string): unknown
}

/**
 * The fields of a stored response, over what stands on a response that has not begun.
 * @param without A field that the framework sets itself, in lower case.
 */
export function applyStored(res: FieldStore, { headers, added, removed }: CompleteResponse, without = ''): void {
  const outside = res.getHeaderNames()
  // Not what is absent: to Node that is a wish, such as to send no Date.
  for (const name of removed) if (outside.includes(name)) res.removeHeader(name)
  // Mostly there is none, or `X-Powered-By`.
  if (!outside.some((name) => has(headers, name))) {
    setFirst(res, headers, without)
    return
  }
  for (const [key, [name, values]] of grouped(headers)) {
    if (key === without) continue
    const beside = key === 'vary' || key === 'cache-status' || added.includes(key)
    if (!beside || !res.hasHeader(key)) res.setHeader(name, values)
    else if (key === 'vary') res.setHeader(name, joinedVary(res, headers))
    else res.appendHeader(name, values)
  }
}

/** On a response that has no field of these names. */
function setFirst(res: FieldStore, headers: HeaderLines, without: string): void {
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i] as string, headers[i + 1] as string]
    if (isNamed(name, without)) continue
    if (isRepeated(headers, i)) res.appendHeader(name, value)
    else res.setHeader(name, value)
  }
}

/** Vary of the layers outside with what it lacks of the stored one: those who set it on each response know of their own. */
function joinedVary(res: FieldStore, headers: HeaderLines): string {
  const outside = [res.getHeader('vary')].flat().join(', ')
  const known = new Set(outside.toLowerCase().split(/[\s,]+/))
  const missing = members(headers, 'vary').filter((name) => !known.has(name.toLowerCase()))
  return [outside, ...missing].join(', ')
}
