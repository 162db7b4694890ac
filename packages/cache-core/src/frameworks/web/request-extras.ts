import { combined } from '../../http/message/headers.js'
import type { CacheRequest, Sight } from '../../http/message/message.js'
import { narrowParsed } from '../node-http/narrow-parsed.js'
import { Replacements } from '../node-http/replacements.js'

/** What hosts say about the client beside the request (Cloudflare, Vercel, srvx). It is in no key. */
const CLIENT_FACTS = new Set(['cf', 'geo', 'ip', 'ips'])

/** On the prototype of some hosts' requests (Bun, srvx), not on the request itself. */
const INHERITED = ['params', 'query', 'cookies', 'waitUntil']

/**
 * Copies to a narrowed request what routers, layers and hosts have added to the original, and narrows what they have parsed
 * of it.
 */
export function carryExtras(request: Request, narrowed: Request, asked: CacheRequest, sees: Sight): void {
  const from = request as unknown as Record<string, unknown>
  for (const name of new Set([...Object.keys(request), ...INHERITED])) {
    if (name in narrowed || CLIENT_FACTS.has(name)) continue
    const value = from[name]
    if (value === undefined) continue
    const carried = typeof value === 'function' ? value.bind(request) : name === 'cookies' ? reader(value, sees) : value
    Object.assign(narrowed, { [name]: carried })
  }
  narrowParsed(narrowed, asked, sees, new Replacements())
}

/** An object that reads the Cookie field itself (Bun's map of cookies) is made anew; records and maps are narrowed later. */
function reader(cookies: unknown, sees: Sight): unknown {
  if (typeof cookies !== 'object' || cookies === null || cookies instanceof Map) return cookies
  const prototype: unknown = Object.getPrototypeOf(cookies)
  if (prototype === null || prototype === Object.prototype) return cookies
  try {
    return new (cookies.constructor as new (field: string) => unknown)(combined(sees.headers, 'cookie') ?? '')
  } catch {
    return undefined
  }
}
