import { combined } from '../../http/message/headers.js'
import type { Sight } from '../../http/message/message.js'

/** What a framework and its plugins have parsed of a request before the cache saw it. */
export interface ParsedRequest {
  readonly query?: unknown
  readonly cookies?: unknown
}

/** Leaves in it only what the narrowed request would give. @param target The target before the narrowing. */
export function narrowParsed(parsed: ParsedRequest, target: string, sees: Sight): void {
  const shown = parameterNames(sees.target)
  const hidden = parameterNames(target).filter((name) => !shown.includes(name))
  // Parsers with nesting make one `a` of `a[b]` and `a[c]`: it stays when nothing of it is hidden.
  const holds = (names: readonly string[], root: string): boolean => names.some((name) => name.startsWith(`${root}[`))
  keepOnly(parsed.query, (name) => shown.includes(name) || (holds(shown, name) && !holds(hidden, name)))
  const cookies = cookieNames(combined(sees.headers, 'cookie'))
  keepOnly(parsed.cookies, (name) => cookies.includes(name))
}

function parameterNames(target: string): string[] {
  const mark = target.indexOf('?')
  return mark === -1 ? [] : [...new URLSearchParams(target.slice(mark)).keys()]
}

function cookieNames(cookie: string | undefined): string[] {
  return cookie === undefined ? [] : cookie.split(';').map((pair) => (pair.split('=', 1)[0] as string).trim())
}

function keepOnly(parsed: unknown, keeps: (name: string) => boolean): void {
  if (typeof parsed !== 'object' || parsed === null) return
  for (const name of Object.keys(parsed)) if (!keeps(name)) delete (parsed as Record<string, unknown>)[name]
}
