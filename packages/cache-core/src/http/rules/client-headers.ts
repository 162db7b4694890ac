import { type HeaderLines, keep, members } from '../message/headers.js'
import type { CacheResponse } from '../message/message.js'
import { type CompressionRules, isCompressible } from './compression.js'
import type { NarrowingRules } from './narrowing.js'
import { varyOf } from './vary.js'

export interface ClientRules extends Pick<NarrowingRules, 'headers' | 'cookies'>, CompressionRules {
  /** What clients, and caches on the way, see in place of the handler's Cache-Control. */
  readonly clientCacheControl: string | undefined
}

/**
 * The fields of a stored response as every client gets them, on the miss as on hits. Not for other responses: a private one
 * must keep its own Cache-Control.
 */
export function clientHeaders({ status, headers }: CacheResponse, rules: ClientRules): string[] {
  const lines =
    rules.clientCacheControl === undefined ? [...headers] : withCacheControl(headers, rules.clientCacheControl)
  const missing = missingFromVary({ status, headers }, rules)
  if (missing.length > 0) lines.push('Vary', missing.join(', '))
  return lines
}

/** Expires and Pragma are older forms of the same (RFC 9111 sections 5.3, 5.4), so they are removed with it. */
function withCacheControl(headers: HeaderLines, value: string): string[] {
  const lines = keep(headers, (name) => name !== 'cache-control' && name !== 'expires' && name !== 'pragma')
  lines.push('Cache-Control', value)
  return lines
}

/** Fields in the route's key must be in Vary, or a cache further out would mix up what this one keeps apart. */
function missingFromVary({ status, headers }: CacheResponse, rules: ClientRules): readonly string[] {
  const vary = varyOf(headers)
  if (vary === '*') return []
  const written = new Set(members(headers, 'vary').map((name) => name.toLowerCase()))
  const depends = new Set([...vary, ...(rules.headers ?? [])])
  if (isCompressible({ status, headers }, rules)) depends.add('accept-encoding')
  if (rules.cookies !== undefined && rules.cookies.size > 0) depends.add('cookie')
  return [...depends].filter((name) => !written.has(name))
}
