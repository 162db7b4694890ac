import { hash } from 'node:crypto'
import { pickCookies } from '../message/cookies.js'
import { combined, type HeaderLines, members, TOKEN } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import type { UrlKey } from './key.js'
import { type NarrowingRules, visibleField } from './narrowing.js'

/**
 * Vary, RFC 9110 section 12.5.5, and the selection among variants, RFC 9111 section 4.1.
 * A list of field names in lower case, sorted, each once; or `*`: no other request is known to fit.
 */
export type VaryList = '*' | readonly string[]

/** More fields than any real response names: a handler that invents names must not make every request its own variant. */
const MAX_VARY_FIELDS = 32

/**
 * What a response varies on. A `*` on any line wins, and so does a member that is no field name: nobody knows what it
 * meant. An encoded body varies on Accept-Encoding even where the handler forgot to say so.
 */
export function varyOf(headers: HeaderLines): VaryList {
  const names = members(headers, 'vary').map((name) => name.toLowerCase())
  if (names.some((name) => name === '*' || !TOKEN.test(name))) return '*'
  return mergeVary(names, isEncoded(headers) ? ['accept-encoding'] : [])
}

function isEncoded(headers: HeaderLines): boolean {
  return members(headers, 'content-encoding').some((c) => c.toLowerCase() !== 'identity')
}

/** Variants of one URL may name different fields; all of them together tell any two of them apart. */
export function mergeVary(a: VaryList, b: VaryList): VaryList {
  if (a === '*' || b === '*') return '*'
  const merged = [...new Set([...a, ...b])].sort()
  return merged.length > MAX_VARY_FIELDS ? '*' : merged
}

/** Longer values are hashed, so that a key stays short whatever a client sends. Characters. */
const MAX_READABLE = 64

/**
 * The key parts that select a variant: one for each field of `vary` and each header that the route names, one for its
 * cookies. `name` alone when the field is absent (absent equals absent only), `name=value`, or `name:hash`; no name
 * holds these signs, so two requests that differ in one of the fields never meet. A value is what the handler sees.
 */
export function variantKey(
  vary: readonly string[],
  request: CacheRequest,
  key: UrlKey,
  rules: NarrowingRules,
): readonly string[] {
  const names = rules.headers === undefined ? vary : [...new Set([...vary, ...rules.headers])].sort()
  const parts = names.map((name) => fieldPart(name, visibleField(request, key, name, rules)))
  if (rules.cookies !== undefined && rules.cookies.size > 0) {
    const cookies = pickCookies(combined(request.headers, 'cookie'), rules.cookies)
    if (cookies !== undefined) parts.push(`;cookies:${digest(cookies)}`)
  }
  return parts
}

function fieldPart(name: string, value: string | undefined): string {
  if (value === undefined) return name
  // What stands in a store's keys is read by people and written to logs: no credentials there.
  if (name === 'authorization' || name === 'cookie') return `${name}:${digest(value)}`
  const normal = normalise(value)
  return normal.length > MAX_READABLE ? `${name}:${digest(normal)}` : `${name}=${normal}`
}

function digest(value: string): string {
  return hash('sha256', value, 'base64url')
}

/** White space around list members does not count (RFC 9111 section 4.1); inside a quoted string it does. */
function normalise(value: string): string {
  if (value.includes('"')) return value
  return value
    .split(',')
    .map((member) => member.trim())
    .join(',')
}
