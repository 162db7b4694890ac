import { opaqueTag } from '../message/etag.js'
import { combined, first, type HeaderLines, has } from '../message/headers.js'
import { parseHttpDate } from '../message/http-date.js'
import { type ByteRange, rangeIn, rangeSpecs } from '../message/range.js'

/**
 * The part of a complete response that a GET gets, by its Range and If-Range (RFC 9110 sections 13.1.5, 14.2).
 * - a list: parts that do not touch, in the order in which they are asked for.
 * - `whole`: the client asks for no part, or for too many, or has another version.
 * - `handler`: the client has this version by a validator that is too weak for adding bytes. A handler may accept it all the
 *   same, as `send` accepts the weak tags that it makes for files; answering 200 would break off such a download.
 */
export type RangeAnswer = readonly ByteRange[] | 'whole' | 'unsatisfiable' | 'handler'

/** @param maxRanges Most parts that do not touch; a request for more gets the whole. */
export function evaluateRange(
  asked: HeaderLines,
  headers: HeaderLines,
  length: number,
  now: number,
  maxRanges: number,
): RangeAnswer {
  const range = combined(asked, 'range')
  const specs = range === undefined ? undefined : rangeSpecs(range)
  if (specs === undefined || first(headers, 'accept-ranges')?.trim().toLowerCase() === 'none') return 'whole'
  const condition = combined(asked, 'if-range')
  const same = condition === undefined ? 'same' : compare(condition.trim(), headers, now)
  // The handler may never have seen the bytes of an encoded body, if this cache has encoded it.
  if (same === 'other' || (same === 'perhaps' && has(headers, 'content-encoding'))) return 'whole'
  if (same === 'perhaps') return 'handler'
  const found = specs.flatMap((spec) => rangeIn(spec, length) ?? [])
  if (found.length === 0) return 'unsatisfiable'
  const parts = joinRanges(found)
  // An empty body has no parts.
  return parts.length > maxRanges || parts[0]?.end === 0 ? 'whole' : parts
}

/** Ranges that touch or overlap are one (section 15.3.7.2), which stands where the first of them stood. */
export function joinRanges(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const sorted = ranges.map((range, place) => ({ ...range, place })).sort((one, other) => one.start - other.start)
  const joined: { start: number; end: number; place: number }[] = []
  for (const { start, end, place } of sorted) {
    const last = joined.at(-1)
    if (last === undefined || start > last.end) joined.push({ start, end, place })
    else
      joined[joined.length - 1] = {
        start: last.start,
        end: Math.max(last.end, end),
        place: Math.min(last.place, place),
      }
  }
  return joined.sort((one, other) => one.place - other.place).map(({ start, end }) => ({ start, end }))
}

/** Whether the stored response is certainly the version that If-Range names, if it names one. */
export function isSameVersion(asked: HeaderLines, headers: HeaderLines, now: number): boolean {
  const condition = combined(asked, 'if-range')
  return condition === undefined || compare(condition.trim(), headers, now) === 'same'
}

/** Compares If-Range with the validators of the stored response: strongly, and dates exactly (section 13.1.5). */
function compare(condition: string, headers: HeaderLines, now: number): 'same' | 'other' | 'perhaps' {
  if (condition.includes('"')) {
    const etag = first(headers, 'etag')
    if (etag === undefined || opaqueTag(etag) !== opaqueTag(condition)) return 'other'
    return etag === condition && !etag.startsWith('W/') ? 'same' : 'perhaps'
  }
  const date = parseHttpDate(condition, now)
  const modified = parseHttpDate(first(headers, 'last-modified') ?? '', now)
  if (date === undefined || modified === undefined || modified > date) return 'other'
  const sent = parseHttpDate(first(headers, 'date') ?? '', now)
  // A second later than it was made, it may not have been made twice within one (section 8.8.2.2).
  return modified === date && sent !== undefined && sent - modified >= 1_000 ? 'same' : 'perhaps'
}
