import type { HeaderLines } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import { PARTIAL } from './narrowing.js'
import type { HttpCacheRules } from './options.js'

/** Fields that have a say in what a request gets of the cache, beside those that ask for a part, and those of the route. */
const TELLING = ['authorization', 'cache-control', 'content-length', 'cookie', 'pragma', 'transfer-encoding', 'upgrade']

/** Who accepts events may accept nothing else. */
const EVENTS = /event-stream/i

/**
 * Names, in lower case, of the fields that a plain request does not have; `undefined` where a function of the route has to be
 * asked about each request.
 */
export function tellingFields(rules: HttpCacheRules): ReadonlySet<string> | undefined {
  if (rules.bypass !== false || rules.key !== undefined || rules.vary !== undefined) return undefined
  return new Set([...TELLING, ...PARTIAL, ...rules.credentialHeaders, ...(rules.headers ?? [])])
}

/**
 * The Host of a plain request: it asks for its URL and nothing else, so that the cache gives it what it gives to all others
 * with the same URL and the same fields in Vary. `undefined`: any other request.
 * @param telling Of `tellingFields`.
 */
export function hostOfPlain(request: CacheRequest, telling: ReadonlySet<string>): string | undefined {
  const { method, target, url = target, headers, hasContent, origin, constraints, credential } = request
  if (method !== 'GET' || url !== target || hasContent === true || credential !== undefined) return undefined
  if (origin !== undefined || (constraints !== undefined && constraints.length > 0)) return undefined
  let host: string | undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (telling.has(name) || (name === 'accept' && EVENTS.test(headers[i + 1] as string))) return undefined
    if (name !== 'host') continue
    if (host !== undefined) return undefined
    host = headers[i + 1]
  }
  return host
}

/** The lines of the fields with these names, in lower case. */
export function linesNamed(headers: HeaderLines, names: readonly string[]): HeaderLines {
  const lines: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (names.includes(name)) lines.push(name, headers[i + 1] as string)
  }
  return lines
}
