import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { HeaderLines } from '../../http/message/headers.js'
import type { CacheRequest, Origin, Sight } from '../../http/message/message.js'

/** A request whose framework may have cut the path of a mount (`app.use('/api', …)`) off its `url`. */
export type MountedRequest = IncomingMessage & { originalUrl?: string }

export function cacheRequest(req: MountedRequest, origin?: Origin): CacheRequest {
  const target = req.originalUrl ?? req.url ?? '/'
  return { method: req.method ?? 'GET', target, headers: req.rawHeaders, origin }
}

/** Lets the handler see another target, and fewer fields or less of them, in every form that node has them in. */
export function showRequest(req: MountedRequest, { target, headers }: Sight): void {
  const distinct = valuesByName(headers)
  req.headers = narrowHeaders(req.headers, distinct)
  req.headersDistinct = distinct
  req.rawHeaders = [...headers]
  if (req.originalUrl === undefined || req.originalUrl === req.url) req.url = target
  // Of a target only the query is ever narrowed, and no mount cuts that.
  else req.url = pathOf(req.url ?? '/') + target.slice(pathOf(target).length)
  if (req.originalUrl !== undefined) req.originalUrl = target
}

type ValuesByName = Record<string, string[]>

function valuesByName(lines: HeaderLines): ValuesByName {
  const values: ValuesByName = Object.create(null)
  for (let i = 0; i < lines.length; i += 2) {
    const name = (lines[i] as string).toLowerCase()
    values[name] ??= []
    values[name].push(lines[i + 1] as string)
  }
  return values
}

/** Fields that are cut short come in one line; how node joins repeated ones, it has decided already. */
function narrowHeaders(headers: IncomingHttpHeaders, shown: ValuesByName): IncomingHttpHeaders {
  const narrowed: IncomingHttpHeaders = {}
  for (const [name, value] of Object.entries(headers)) {
    const values = shown[name]
    if (values !== undefined) narrowed[name] = values.length === 1 && !Array.isArray(value) ? values[0] : value
  }
  return narrowed
}

function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark === -1 ? target : target.slice(0, mark)
}
