import { combined } from '../../http/message/headers.js'
import type { Sight } from '../../http/message/message.js'

type Extras = Record<string, unknown>

/** What hosts tell of the client beside the request (Cloudflare, Vercel, srvx): no key knows it. */
const CLIENT_FACTS = new Set(['cf', 'geo', 'ip', 'ips'])

/** On the prototype of some hosts' requests (Bun, srvx), not on the request itself. */
const INHERITED = ['params', 'query', 'cookies', 'waitUntil']

/**
 * What routers, layers and hosts have put on a request beside what fetch knows. It goes along; of `query` and
 * `cookies` what the narrowed request would give.
 * @param target The target before the narrowing.
 */
export function showExtras(request: Request, narrowed: Request, target: string, sees: Sight): void {
  for (const name of new Set([...Object.keys(request), ...INHERITED])) {
    if (name in narrowed || CLIENT_FACTS.has(name)) continue
    const value = (request as unknown as Extras)[name]
    if (value !== undefined) (narrowed as unknown as Extras)[name] = shown(name, value, request, target, sees)
  }
}

function shown(name: string, value: unknown, request: Request, target: string, sees: Sight): unknown {
  if (typeof value === 'function') return value.bind(request)
  if (name === 'query') return without(value, hiddenNames(parameterNames(target), parameterNames(sees.target)))
  if (name !== 'cookies') return value
  const cookie = combined(sees.headers, 'cookie')
  // Bun's map of cookies, or another class that reads the field.
  if (typeof value === 'object' && value !== null && !isPlain(value)) return remade(value, cookie ?? '')
  return without(value, hiddenNames(cookieNames(request.headers.get('cookie') ?? ''), cookieNames(cookie ?? '')))
}

/** What an earlier layer has parsed, without what the handler may not see. */
export function without(parsed: unknown, hidden: ReadonlySet<string>): unknown {
  if (typeof parsed !== 'object' || parsed === null) return parsed
  return Object.fromEntries(Object.entries(parsed).filter(([name]) => !hidden.has(name)))
}

export function hiddenNames(sent: readonly string[], shown: readonly string[]): ReadonlySet<string> {
  return new Set(sent.filter((name) => !shown.includes(name)))
}

export function parameterNames(target: string): string[] {
  const mark = target.indexOf('?')
  return mark === -1 ? [] : [...new URLSearchParams(target.slice(mark)).keys()]
}

export function cookieNames(cookie: string): string[] {
  return cookie.split(';').map((pair) => (pair.split('=', 1)[0] as string).trim())
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function remade(value: object, cookie: string): unknown {
  try {
    return new (value.constructor as new (cookie: string) => unknown)(cookie)
  } catch {
    return undefined
  }
}
