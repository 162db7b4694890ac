import { first, has, keep } from '../../http/message/headers.js'
import type { CacheRequest, Sight } from '../../http/message/message.js'
import { showExtras } from './request-extras.js'

/**
 * A request as the rules know it. Scheme and host are those of its URL, as its host has resolved them; a Host field
 * stands there also where fetch has left it out, so that a narrowed request tells whether it may be seen.
 */
export function cacheRequest(request: Request, source: unknown = request): CacheRequest {
  const headers: string[] = []
  for (const [name, value] of request.headers) headers.push(name, value)
  const { scheme, host, target } = partsOf(request.url)
  if (!has(headers, 'host')) headers.push('host', host)
  return { method: request.method, target, headers, origin: { scheme, host }, source }
}

/** What stands in place of scheme and host where the key knows neither: a URL needs some. */
const NOWHERE = 'http://localhost'

/**
 * The request as the handler may see it: made anew, since a Request cannot be changed, with nothing on it that is not
 * in `sees`. Of a subclass (Next's NextRequest) where that can be made of a URL, too. Its method has no body.
 */
export function narrowedRequest(request: Request, sees: Sight): Request {
  const { scheme, host, target } = partsOf(request.url)
  const given = request.headers.get('host')
  const shown = first(sees.headers, 'host')
  const origin = shown === undefined ? NOWHERE : `${scheme}://${shown === given ? host : shown}`
  const lines = given === null ? keep(sees.headers, (name) => name !== 'host') : sees.headers
  const headers = new Headers()
  for (let i = 0; i < lines.length; i += 2) headers.append(lines[i] as string, lines[i + 1] as string)
  const url = origin + sees.target
  const narrowed = make(request, url, { method: request.method, headers, signal: request.signal })
  showExtras(request, narrowed, target, sees)
  return narrowed
}

function make(request: Request, url: string, init: RequestInit): Request {
  const Made = request.constructor as typeof Request
  if (Made !== Request) {
    try {
      const made = new Made(url, init)
      if (made.url === new URL(url).href && made.method === request.method) return made
    } catch {
      // It is made of something else.
    }
  }
  return new Request(url, init)
}

const URL_PARTS = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)/i

/** As written: parsing would spell the target anew. */
function partsOf(url: string): { readonly scheme: string; readonly host: string; readonly target: string } {
  const [, scheme = '', host = '', target = ''] = URL_PARTS.exec(url) ?? []
  return { scheme, host, target: target.startsWith('/') ? target : `/${target}` }
}
