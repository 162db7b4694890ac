import { combined, first, type HeaderLines } from '../message/headers.js'
import { type ByteRange, rangeIn, rangeSpecs } from '../message/range.js'
import { asksForPart } from './narrowing.js'
import { isSameVersion } from './ranges.js'

/** Which bytes of a representation a 206 holds. */
export interface PartBounds extends ByteRange {
  /** Of the whole; `undefined` where it is not known. */
  readonly length: number | undefined
}

const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/

/**
 * The bytes that a part of one range holds (RFC 9110 section 14.4), as many as have arrived: what names more may be
 * stored as incomplete (RFC 9111 section 3.3). `undefined` for several ranges, and for what contradicts itself.
 */
export function partBounds(headers: HeaderLines, bodyBytes: number): PartBounds | undefined {
  const [, from, to, of] = CONTENT_RANGE.exec(first(headers, 'content-range') ?? '') ?? []
  if (from === undefined || to === undefined || of === undefined || bodyBytes === 0) return undefined
  const [start, last] = [Number(from), Number(to)]
  const length = of === '*' ? undefined : Number(of)
  if (last < start || bodyBytes > last - start + 1 || (length !== undefined && last >= length)) return undefined
  return { start, end: start + bodyBytes, length }
}

/** What of a stored part a request asks for, as bytes of the whole; `undefined` where that is not all there. */
export function partAskedFor(
  asked: HeaderLines,
  headers: HeaderLines,
  held: PartBounds,
  now: number,
): ByteRange | undefined {
  for (let i = 0; i < asked.length; i += 2) {
    const name = (asked[i] as string).toLowerCase()
    if (asksForPart(name) && name !== 'range' && name !== 'if-range') return undefined
  }
  const specs = rangeSpecs(combined(asked, 'range') ?? '')
  const spec = specs?.length === 1 ? specs[0] : undefined
  if (spec === undefined || !isSameVersion(asked, headers, now)) return undefined
  // Without the length of the whole nobody knows where it ends.
  if (held.length === undefined && ('suffix' in spec || spec.last === undefined)) return undefined
  const wanted = rangeIn(spec, held.length ?? Number.MAX_SAFE_INTEGER)
  return wanted !== undefined && wanted.start >= held.start && wanted.end <= held.end ? wanted : undefined
}
