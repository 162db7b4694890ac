import { first } from '../message/headers.js'
import type { CacheRequest, CacheResponse } from '../message/message.js'
import { originForm } from './key.js'

/**
 * The safe methods of RFC 9110 section 9.2.1 and of IANA's registry. Any other method, also an unknown one, may change the
 * resource.
 */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY'])

export function isUnsafe(method: string): boolean {
  return !SAFE.has(method)
}

/**
 * The targets (path and query, on the request's own host) that a response makes invalid: the request's own, also without
 * its query, which often says how to write rather than what (`?force=true`, `?_method=DELETE`), and those of Location and
 * Content-Location on the same origin (RFC 9111 section 4.4). Only for a 2xx or 3xx to an unsafe method: a client that is
 * refused must not be able to empty the cache. A redirect after a write (302, 303) leads to what was changed; a client that
 * may write, and chooses the redirect (`?next=/list`), costs that URL one load.
 */
export function invalidatedTargets(request: CacheRequest, response: CacheResponse): readonly string[] {
  if (!isUnsafe(request.method) || response.status < 200 || response.status > 399) return []
  const own = originForm(request.target)
  if (own === undefined) return []
  const targets = new Set([own, ...withoutQuery(own)])
  // Where a layer has rewritten the target, reads may be stored under either.
  const { url } = request
  if (url !== undefined && !request.target.endsWith(url)) targets.add(originForm(url) ?? own)
  // A 307 or 308 has done nothing yet: the write comes to its Location itself.
  const isSentOn = response.status === 307 || response.status === 308
  for (const name of isSentOn ? ['content-location'] : ['location', 'content-location']) {
    const reference = first(response.headers, name)
    const target = reference === undefined ? undefined : sameOriginTarget(reference, own, request)
    if (target !== undefined) targets.add(target)
  }
  return [...targets]
}

/** Whether the response to a write is what a GET of its URL would get: its Content-Location is that URL (RFC 9110 section 8.7). */
export function isItsContent(request: CacheRequest, response: CacheResponse): boolean {
  const own = originForm(request.target)
  const reference = first(response.headers, 'content-location')
  return own !== undefined && reference !== undefined && sameOriginTarget(reference, own, request) === own
}

function withoutQuery(target: string): readonly string[] {
  const at = target.indexOf('?')
  return at === -1 ? [] : [target.slice(0, at)]
}

/** The target of a URI reference, where it stays on the request's origin. */
function sameOriginTarget(reference: string, own: string, request: CacheRequest): string | undefined {
  const host = request.origin?.host ?? first(request.headers, 'host')
  if (host === undefined) return undefined
  const known = request.origin?.scheme
  try {
    const url = new URL(reference, `${known ?? request.scheme ?? 'http'}://${host}${own}`)
    // Behind a proxy that ends TLS and is not trusted, the handler may well write https: either scheme will do.
    const expected = known ?? (url.protocol === 'https:' ? 'https' : 'http')
    return url.origin === new URL(`${expected}://${host}`).origin ? url.pathname + url.search : undefined
  } catch {
    // The response names nothing, or the Host field is none.
    return undefined
  }
}
