import { first, type HeaderLines, keep, members } from '../message/headers.js'
import type { HeadChanges } from './head-changes.js'

/** The fields of a stored response, and how they combine with those of layers outside. */
export interface Applied {
  readonly headers: HeaderLines
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** The field lines of a stored response over those that layers outside have set for this client. */
export function appliedHead(outside: HeaderLines, { headers, added, removed }: Applied): HeaderLines {
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

/** The lines of a head that layers outside have set, without those that the handler has replaced. */
export function linesOutside(headers: HeaderLines, { lines, added }: HeadChanges): HeaderLines {
  const outside: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i] as string, headers[i + 1] as string]
    const key = name.toLowerCase()
    if (first(lines, key) === undefined) outside.push(name, value)
    else if (added.includes(key) && !hasLine(lines, key, value)) outside.push(name, value)
  }
  return outside
}

function hasLine(lines: HeaderLines, name: string, value: string): boolean {
  return lines.some((line, i) => i % 2 === 0 && line.toLowerCase() === name && lines[i + 1] === value)
}
