import { first, type HeaderLines } from '../message/headers.js'
import { parseHttpDate } from '../message/http-date.js'

/** When a response was asked for and when its header was there, in milliseconds since the epoch. */
export interface ResponseTimes {
  readonly requestedAt: number
  readonly receivedAt: number
}

/** The Age field in milliseconds: its first member, digits only; anything else is ignored (RFC 9111 section 5.1). */
function ageField(headers: HeaderLines): number | undefined {
  const member = first(headers, 'age')?.split(',', 1)[0]?.trim()
  return member !== undefined && /^\d+$/.test(member) ? Math.min(Number(member), 2 ** 31) * 1_000 : undefined
}

/**
 * How old a response already is when it is received (`corrected_initial_age`, RFC 9111 section 4.2.3).
 * The delay counts only on top of an Age: without one the handler is the origin, and what it answers is made then.
 */
export function initialAgeMs(headers: HeaderLines, times: ResponseTimes): number {
  const date = parseHttpDate(first(headers, 'date') ?? '', times.receivedAt)
  // The field has no fraction of a second, so a Date of this very second is not an age.
  const apparent = date === undefined ? 0 : Math.max(0, Math.floor((times.receivedAt - date) / 1_000) * 1_000)
  const age = ageField(headers)
  if (age === undefined) return apparent
  return Math.max(apparent, age + Math.max(0, times.receivedAt - times.requestedAt))
}

/** The value of the Age field to send with a stored response: whole seconds, never negative (a clock may step back). */
export function ageSeconds(stored: { readonly ageMs: number; readonly receivedAt: number }, now: number): number {
  return Math.floor((stored.ageMs + Math.max(0, now - stored.receivedAt)) / 1_000)
}
