import { combined, type HeaderLines, has, keep } from '../message/headers.js'
import { type ByteRange, contentRange } from '../message/range.js'
import { CONTENT_FIELDS, DIGESTS_OF_CONTENT, evaluateConditions, notModifiedHeaders } from './client-conditions.js'
import { asksForPart } from './narrowing.js'
import { evaluateRange } from './ranges.js'

/** What a client gets of a complete response, whether stored or on its way. */
export type ClientAnswer =
  | { readonly is: 'whole' }
  /** Whatever the handler says. */
  | { readonly is: 'handler' }
  /** Nothing of its body: 304, 412, 416. */
  | { readonly is: 'none'; readonly status: 304 | 412 | 416 }
  /** 206 */
  | { readonly is: 'part'; readonly range: ByteRange }
  /** 206, of several parts. */
  | { readonly is: 'parts'; readonly ranges: readonly ByteRange[] }

const WHOLE: ClientAnswer = { is: 'whole' }
const HANDLER: ClientAnswer = { is: 'handler' }

interface Complete {
  readonly status: number
  readonly headers: HeaderLines
  readonly receivedAt: number
}

/** Whether a request may be answered by less than the whole response. */
export function asksForLess(headers: HeaderLines): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    // `range`, `if-range`, …: what else a request usually has begins otherwise, and this runs on every hit.
    const initial = name.charCodeAt(0) | 0x20
    if ((initial === 0x69 || initial === 0x72) && asksForPart(name.toLowerCase())) return true
  }
  return false
}

/** Whether a request names one version of the resource, which only the handler may know. */
export function asksForVersion(headers: HeaderLines): boolean {
  return has(headers, 'if-match') || has(headers, 'if-unmodified-since')
}

/** Whether a request asks for a part and has no other condition than If-Range. */
export function asksForPartOnly(headers: HeaderLines): boolean {
  if (!has(headers, 'range')) return false
  return keep(headers, (name) => asksForPart(name) && name !== 'range' && name !== 'if-range').length === 0
}

/** Whether several parts are asked for, whether or not they touch. */
export function asksForSeveralParts(headers: HeaderLines): boolean {
  return combined(headers, 'range')?.includes(',') === true
}

/**
 * Preconditions first, then the range (RFC 9110 section 13.2.2).
 * @param length Of the body; `undefined` while it is not known.
 * @param maxRanges As for `evaluateRange`.
 */
export function clientAnswer(
  request: { readonly method: string; readonly headers: HeaderLines },
  response: Complete,
  length: number | undefined,
  now: number,
  maxRanges: number,
): ClientAnswer {
  const asked = request.headers
  if (!asksForLess(asked)) return WHOLE
  const conditions = evaluateConditions(asked, response, now)
  if (conditions === 'handler') return HANDLER
  if (conditions !== 'full') return { is: 'none', status: conditions === 'failed' ? 412 : 304 }
  // A range is for a GET of a 200 (section 14.2).
  if (request.method !== 'GET' || response.status !== 200 || length === undefined) return WHOLE
  const ranges = evaluateRange(asked, response.headers, length, now, maxRanges)
  if (ranges === 'whole') return WHOLE
  if (ranges === 'handler') return HANDLER
  return ranges === 'unsatisfiable' ? { is: 'none', status: 416 } : partsAnswer(ranges)
}

export function partsAnswer(ranges: readonly ByteRange[]): ClientAnswer & { readonly is: 'part' | 'parts' } {
  const [range, another] = ranges
  return range === undefined || another !== undefined ? { is: 'parts', ranges } : { is: 'part', range }
}

/** The fields of such an answer, made of those of the whole. */
export function answerHeaders(
  answer: Extract<ClientAnswer, { is: 'none' | 'part' }>,
  headers: HeaderLines,
  length: number | undefined,
): string[] {
  if (answer.is === 'none' && answer.status === 304) return notModifiedHeaders(headers)
  if (answer.is === 'none') {
    const lines = keep(headers, (name) => !CONTENT_FIELDS.has(name) && !isLifetime(name))
    lines.push('Content-Length', '0')
    if (answer.status === 416) lines.push('Content-Range', contentRange(undefined, length ?? 0))
    return lines
  }
  const { range } = answer
  const lines = keep(headers, (name) => !OF_THE_WHOLE.has(name))
  lines.push('Content-Range', contentRange(range, length), 'Content-Length', String(range.end - range.start))
  return lines
}

const OF_THE_WHOLE = new Set(['content-length', 'content-range', ...DIGESTS_OF_CONTENT])

/** Whether a field gives a lifetime: the error of one client must not be reused. */
function isLifetime(name: string): boolean {
  return name === 'expires' || name === 'surrogate-control' || name.endsWith('cache-control')
}
