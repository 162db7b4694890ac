import { combined } from '../../http/message/headers.js'
import type { CacheRequest, Sight } from '../../http/message/message.js'
import { narrowParsed } from '../node-http/narrow-parsed.js'
import { Replacements } from '../node-http/replacements.js'

/** What hosts tell of the client beside the request (Cloudflare, Vercel, srvx): no key knows it. */
const CLIENT_FACTS = new Set(['cf', 'geo', 'ip', 'ips'])

/** On the prototype of some hosts' requests (Bun, srvx), not on the request itself. */
const INHERITED = ['params', 'query', 'cookies', 'waitUntil']

/**
 * Puts on a narrowed request what routers, layers and hosts have put on the one that came, beside what fetch knows; of
 * what they have parsed of it what the narrowed one would give.
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

/** What reads the Cookie field by itself (Bun's map of cookies) is made anew; records and maps are narrowed. */
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
