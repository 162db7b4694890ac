import type { IncomingMessage } from 'node:http'
import { first, keep } from '../../http/message/headers.js'
import type { CacheRequest, Sight } from '../../http/message/message.js'
import { cacheRequest as nodeRequest } from '../node-http/node-request.js'
import { isOverHttp2 } from '../node-http/over-http2.js'
import { carryExtras } from './request-extras.js'
import { linesOf } from './web-response.js'

/**
 * A request as the rules see it. On Node the fields are those that layers outside of fetch have left, as the handler would
 * read them. Where Host differs from the host of the URL, as it does in self-hosted Next, the handler may read both, so both
 * are in the key.
 * @param source What a route's `vary` and `bypass` get.
 */
export function cacheRequest(request: Request, source: unknown, incoming: IncomingMessage | undefined): CacheRequest {
  const { scheme, host, target } = partsOf(request.url)
  const node = incoming && nodeRequest(incoming)
  // HTTP/2 has pseudo-fields among the others.
  const lines = node?.headers ?? linesOf(request.headers)
  const came = incoming !== undefined && isOverHttp2(incoming) ? keep(lines, (name) => !name.startsWith(':')) : lines
  const given = first(came, 'host')
  // Fetch may leave it out; the narrowed request tells whether it may be seen.
  const headers = given === undefined ? [...came, 'host', host] : came
  const constraints = hostTexts(given, host, scheme, node !== undefined)
  const { hasContent, credential } = node ?? {}
  return { method: request.method, target, headers, hasContent, scheme, constraints, credential, source }
}

/**
 * The request as the handler may see it: a new one, since a Request cannot be changed, with nothing but what `sees` holds. Of
 * the same subclass (Next's NextRequest) where that can be made from a URL. Without a body.
 * @param init Another method, or another client's signal. Default: those of the request.
 */
export function narrowedRequest(
  request: Request,
  asked: CacheRequest,
  sees: Sight,
  { method, signal }: Pick<Request, 'method' | 'signal'> = request,
): Request {
  const { scheme, host } = partsOf(request.url)
  const shown = first(sees.headers, 'host') ?? host
  const isShown = isSameHost(shown, first(asked.headers, 'host') ?? host, scheme)
  const lines = request.headers.has('host') ? sees.headers : keep(sees.headers, (name) => name !== 'host')
  const headers = new Headers()
  for (let i = 0; i < lines.length; i += 2) headers.append(lines[i] as string, lines[i + 1] as string)
  const url = `${scheme}://${isShown ? host : shown}${sees.target}`
  const narrowed = make(request, url, { method, headers, signal })
  carryExtras(request, narrowed, asked, sees)
  return narrowed
}

function make(request: Request, url: string, init: RequestInit): Request {
  const Made = request.constructor as typeof Request
  if (Made !== Request) {
    try {
      const made = new Made(url, init)
      if (made.url === new URL(url).href && made.method === init.method) return made
    } catch {
      // This class cannot be made from a URL.
    }
  }
  return new Request(url, init)
}

/** Hosts that a handler may read beside the one in the key. On Node a request of HTTP/1.0 may have no Host at all. */
function hostTexts(given: string | undefined, host: string, scheme: string, onNode: boolean): string[] | undefined {
  if (given === undefined) return onNode ? ['no Host'] : undefined
  return isSameHost(given, host, scheme) ? undefined : [`url ${host}`]
}

/** Whether two hosts are the same, with or without the default port of the scheme. */
function isSameHost(given: string, host: string, scheme: string): boolean {
  if (given === host) return true
  try {
    return new URL(`${scheme}://${given}`).host === new URL(`${scheme}://${host}`).host
  } catch {
    return false
  }
}

const URL_PARTS = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)/i

/**
 * The parts of a URL as written, since parsing would normalize the target. Of a URL with credentials no Request can be made, so
 * all of it counts as a target, in a form that has no key.
 */
function partsOf(url: string): { readonly scheme: string; readonly host: string; readonly target: string } {
  const [, scheme = '', host = '', target = ''] = URL_PARTS.exec(url) ?? []
  if (host.includes('@')) return { scheme, host, target: url }
  return { scheme, host, target: target.startsWith('/') ? target : `/${target}` }
}
