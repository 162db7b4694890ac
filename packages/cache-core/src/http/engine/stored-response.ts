import { bufferOf } from '../../base/bytes.js'
import type { CompleteResponse } from './exchange.js'
import { joinText, MAX_TEXT_BYTES, type ReadText, readText } from './stored-text.js'

/**
 * A response as it lies in the cache: a small fixed head, the field lines as text, the body as raw bytes.
 *
 *     generation 1 · flags 1 · status 2 · received 8 · age 8 · fresh for 8 · stale if error for 8 · bytes of text 4 ·
 *     bytes of body 4 · text · body
 *
 * Numbers are big-endian, times IEEE doubles in milliseconds. The text is Latin-1, as HTTP/1.1 is: see `StoredText`.
 */
export interface StoredResponse extends CompleteResponse {
  /** When its header was there, milliseconds since the epoch. */
  readonly receivedAt: number
  /** How old it already was then. */
  readonly ageMs: number
  /** How long it was fresh from then on; may be `Infinity`, and less than 0 where it was stored to be validated. */
  readonly freshForMs: number
  /** How long after its freshness it may be served where the handler fails; may be `Infinity`. */
  readonly staleIfErrorMs: number
  /** Whether requests with credentials may have it. */
  readonly public: boolean
  /** Whether it is never to be used stale without asking its handler. */
  readonly mustRevalidate: boolean
  readonly body: Buffer
}

type Times = Pick<StoredResponse, 'receivedAt' | 'ageMs' | 'freshForMs' | 'staleIfErrorMs'>

const GENERATION = 3
const PUBLIC = 1
const MUST_REVALIDATE = 2
const ALL_FLAGS = PUBLIC | MUST_REVALIDATE
const HEAD_BYTES = 44

/** Longest finite lifetime and age, in milliseconds. */
const CENTURY_MS = 3_155_760_000_000

/** The last moment that a `Date` can name, milliseconds since the epoch. */
const LAST_MS = 8_640_000_000_000_000

/**
 * `body` are the pieces in which it was captured; they are copied once. A finite lifetime, and an age, is kept as a
 * century at most. `undefined`: some field cannot be sent again.
 */
export function encodeResponse(given: Omit<StoredResponse, 'body'>, body: readonly Uint8Array[]): Buffer | undefined {
  const response = {
    ...given,
    ageMs: Math.min(given.ageMs, CENTURY_MS),
    freshForMs: Math.max(bounded(given.freshForMs), -CENTURY_MS),
    staleIfErrorMs: bounded(given.staleIfErrorMs),
  }
  const text = joinText(response)
  const bodyBytes = body.reduce((sum, piece) => sum + piece.byteLength, 0)
  if (text === undefined || !isMade(response, readText(text), bodyBytes, true)) return undefined
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + text.length + bodyBytes)
  bytes[0] = GENERATION
  bytes[1] = (response.public ? PUBLIC : 0) | (response.mustRevalidate ? MUST_REVALIDATE : 0)
  bytes.writeUInt16BE(response.status, 2)
  bytes.writeDoubleBE(response.receivedAt, 4)
  bytes.writeDoubleBE(response.ageMs, 12)
  bytes.writeDoubleBE(response.freshForMs, 20)
  bytes.writeDoubleBE(response.staleIfErrorMs, 28)
  bytes.writeUInt32BE(text.length, 36)
  bytes.writeUInt32BE(bodyBytes, 40)
  bytes.write(text, HEAD_BYTES, 'latin1')
  let at = HEAD_BYTES + text.length
  for (const piece of body) {
    bytes.set(piece, at)
    at += piece.byteLength
  }
  return bytes
}

function bounded(ms: number): number {
  return ms === Number.POSITIVE_INFINITY ? ms : Math.min(ms, CENTURY_MS)
}

/** Whether it is one that this cache would make: nobody else who may write into the store has a say in what is sent. */
function isMade(
  times: Times,
  text: ReadText | undefined,
  bodyBytes: number,
  mayMakeCookies: boolean,
): text is ReadText {
  const { receivedAt, ageMs, freshForMs, staleIfErrorMs } = times
  if (!(receivedAt >= 0 && receivedAt <= LAST_MS && ageMs >= 0 && ageMs <= CENTURY_MS)) return false
  if (!(freshForMs >= -CENTURY_MS && bounded(freshForMs) === freshForMs)) return false
  if (!(staleIfErrorMs >= 0 && bounded(staleIfErrorMs) === staleIfErrorMs)) return false
  if (text === undefined || (text.makesCookies && !mayMakeCookies)) return false
  return text.length === undefined || text.length === String(bodyBytes)
}

/**
 * The body is a view of `bytes`, not a copy. Whatever is not a whole stored response is `undefined`, never an error.
 * @param mayMakeCookies Whether one may set cookies.
 */
export function decodeResponse(bytes: Uint8Array, mayMakeCookies = false): StoredResponse | undefined {
  const buffer = bufferOf(bytes)
  if (buffer.length < HEAD_BYTES || buffer[0] !== GENERATION) return undefined
  const flags = buffer[1] as number
  const status = buffer.readUInt16BE(2)
  const receivedAt = buffer.readDoubleBE(4)
  const ageMs = buffer.readDoubleBE(12)
  const freshForMs = buffer.readDoubleBE(20)
  const staleIfErrorMs = buffer.readDoubleBE(28)
  const textBytes = buffer.readUInt32BE(36)
  const bodyAt = HEAD_BYTES + textBytes
  if (flags > ALL_FLAGS || status < 200 || status > 599) return undefined
  if (textBytes > MAX_TEXT_BYTES || bodyAt + buffer.readUInt32BE(40) !== buffer.length) return undefined
  const text = readText(buffer.toString('latin1', HEAD_BYTES, bodyAt))
  const times = { receivedAt, ageMs, freshForMs, staleIfErrorMs }
  if (!isMade(times, text, buffer.length - bodyAt, mayMakeCookies)) return undefined
  const { statusText, headers, added, removed } = text
  const body = buffer.subarray(bodyAt)
  // Written out: a spread costs more than all else here.
  return {
    status,
    statusText,
    headers,
    added,
    removed,
    receivedAt,
    ageMs,
    freshForMs,
    staleIfErrorMs,
    public: (flags & PUBLIC) !== 0,
    mustRevalidate: (flags & MUST_REVALIDATE) !== 0,
    body,
  }
}
