import type { CompleteResponse } from '../../http/engine/exchange.js'
import { type HeaderLines, keep, members } from '../../http/message/headers.js'

/** The field lines of a stored response over those that layers outside have set for this client. */
export function appliedHead(outside: HeaderLines, { headers, added, removed }: CompleteResponse): HeaderLines {
  if (outside.length === 0) return headers
  const behind = new Set(['vary', 'cache-status', ...added])
  const replaced = new Set(removed)
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (!behind.has(name)) replaced.add(name)
  }
  const known = new Set(members(outside, 'vary').map((name) => name.toLowerCase()))
  const missing = members(headers, 'vary').filter((name) => !known.has(name.toLowerCase()))
  const lines = [...keep(outside, (name) => !replaced.has(name)), ...keep(headers, (name) => name !== 'vary')]
  return missing.length === 0 ? lines : [...lines, 'Vary', missing.join(', ')]
}
