import { combined, first, type HeaderLines } from '../message/headers.js'
import { type ByteRange, rangeIn, rangeSpecs } from '../message/range.js'
import { asksForPart } from './narrowing.js'
import { isSameVersion, joinRanges } from './ranges.js'

/** Which bytes of a representation a 206 holds. */
export interface PartBounds extends ByteRange {
  /** Of the whole; `undefined` where it is not known. */
  readonly length: number | undefined
}

/** Which bytes of a representation are stored, in their order; no two ranges touch. */
export interface HeldParts {
  readonly ranges: readonly ByteRange[]
  /** Of the whole; `undefined` where it is not known. */
  readonly length: number | undefined
}

/** Most ranges in one entry: no reader of a file leaves more gaps than that. */
const MAX_HELD = 16

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

/** Several joined parts, a form that only the store holds: a real Content-Range names one range. */
const HELD = /^bytes (\d{1,15}-\d{1,15}(?:,\d{1,15}-\d{1,15}){1,15})\/(\d{1,15})$/

/** The bytes that are stored of a 206; `undefined` where its fields contradict its body. */
export function heldParts(headers: HeaderLines, bodyBytes: number): HeldParts | undefined {
  const [, list, of] = HELD.exec(first(headers, 'content-range') ?? '') ?? []
  if (list === undefined) {
    const one = partBounds(headers, bodyBytes)
    return one && { ranges: [{ start: one.start, end: one.end }], length: one.length }
  }
  const length = Number(of)
  const ranges = list.split(',').map((range) => {
    const [from, to] = range.split('-').map(Number) as [number, number]
    return { start: from, end: to + 1 }
  })
  const apart = ranges.every(({ start, end }, i) => start < end && start > (ranges[i - 1]?.end ?? -1))
  return apart && (ranges.at(-1)?.end ?? 0) <= length && bytesOf(ranges) === bodyBytes ? { ranges, length } : undefined
}

/** The value of Content-Range that `heldParts` reads. */
export function heldText({ ranges, length }: HeldParts): string {
  const list = ranges.map(({ start, end }) => `${start}-${end - 1}`)
  return `bytes ${list.join()}/${length ?? '*'}`
}

function bytesOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0)
}

/** Where the bytes of a range begin among the stored ones. */
export function placeOf({ start }: ByteRange, { ranges }: HeldParts): number {
  let at = 0
  for (const held of ranges) {
    if (start < held.end) return at + start - held.start
    at += held.end - held.start
  }
  return at
}

/**
 * The ranges that a request asks for, as bytes of the whole; `undefined` where not all of them are stored.
 * @param maxRanges As for `evaluateRange`.
 */
export function partsAskedFor(
  asked: HeaderLines,
  headers: HeaderLines,
  held: HeldParts,
  now: number,
  maxRanges: number,
): readonly ByteRange[] | undefined {
  for (let i = 0; i < asked.length; i += 2) {
    const name = (asked[i] as string).toLowerCase()
    if (asksForPart(name) && name !== 'range' && name !== 'if-range') return undefined
  }
  const specs = rangeSpecs(combined(asked, 'range') ?? '')
  if (specs === undefined || !isSameVersion(asked, headers, now)) return undefined
  const { ranges, length } = held
  // Without the length of the whole nobody knows where it ends.
  if (length === undefined && specs.some((spec) => 'suffix' in spec || spec.last === undefined)) return undefined
  const wanted = joinRanges(specs.flatMap((spec) => rangeIn(spec, length ?? Number.MAX_SAFE_INTEGER) ?? []))
  const isHeld = ({ start, end }: ByteRange): boolean => ranges.some((part) => start >= part.start && end <= part.end)
  return wanted.length > 0 && wanted.length <= maxRanges && wanted.every(isHeld) ? wanted : undefined
}

/** Bytes of one representation, with the fields that say where they belong in it. */
interface Bytes {
  readonly headers: HeaderLines
  readonly body: Uint8Array
}

/** Several parts of one representation, joined. */
export interface JoinedParts {
  readonly held: HeldParts
  /** In the order of the ranges. */
  readonly pieces: readonly Uint8Array[]
}

/**
 * A part joined with those that are stored: only under one strong validator (RFC 9111 section 3.4, RFC 9110 section
 * 15.3.7.3). `undefined` where they are not surely of one representation, or would be too many ranges.
 */
export function joinParts(stored: Bytes, given: Bytes): JoinedParts | undefined {
  const tag = strongTag(stored.headers)
  if (tag === undefined || tag !== strongTag(given.headers)) return undefined
  const held = heldParts(stored.headers, stored.body.byteLength)
  const more = partBounds(given.headers, given.body.byteLength)
  if (held === undefined || more === undefined || more.length === undefined || held.length !== more.length)
    return undefined
  const segments = [{ start: more.start, bytes: given.body }]
  const add = (start: number, end: number): void => {
    const at = placeOf({ start, end }, held)
    if (start < end) segments.push({ start, bytes: stored.body.subarray(at, at + end - start) })
  }
  for (const { start, end } of held.ranges) {
    // Of bytes that came twice the newer ones count.
    add(start, Math.min(end, more.start))
    add(Math.max(start, more.end), end)
  }
  segments.sort((one, other) => one.start - other.start)
  const ranges = joinRanges(segments.map(({ start, bytes }) => ({ start, end: start + bytes.byteLength })))
  if (ranges.length > MAX_HELD) return undefined
  return { held: { ranges, length: held.length }, pieces: segments.map(({ bytes }) => bytes) }
}

/** Whether nothing is missing. */
export function isAll({ ranges, length }: HeldParts): boolean {
  const [first, another] = ranges
  return first?.start === 0 && first.end === length && another === undefined
}

/** The tag by which bytes may be added to others (RFC 9110 section 8.8.1). */
export function strongTag(headers: HeaderLines): string | undefined {
  const etag = first(headers, 'etag')
  return etag !== undefined && /^"[^"]*"$/.test(etag) ? etag : undefined
}
