import { bufferOf } from '../../base/bytes.js'
import { isHopByHop } from '../message/headers.js'
import type { CompleteResponse } from './exchange.js'

/**
 * A response as it lies in the cache: a small fixed head, the field lines as text, the body as raw bytes.
 *
 *     generation 1 · flags 1 · status 2 · received 8 · age 8 · fresh for 8 · stale if error for 8 · bytes of text 4 ·
 *     bytes of body 4 · text · body
 *
 * Numbers are big-endian, times IEEE doubles in milliseconds. The text is Latin-1, as HTTP/1.1 is, one string a line:
 * the reason phrase, then name, value, name, value, then the names `added` and the names `removed`. Its middle, split, is
 * the list that `writeHead` takes.
 */
export interface StoredResponse extends CompleteResponse {
  /** When its header was there, milliseconds since the epoch. */
  readonly receivedAt: number
  /** How old it already was then. */
  readonly ageMs: number
  /** How long it was fresh from then on; may be `Infinity`. */
  readonly freshForMs: number
  /** How long after its freshness it may be served where the handler fails; may be `Infinity`. */
  readonly staleIfErrorMs: number
  /** Whether requests with credentials may have it. */
  readonly public: boolean
  readonly body: Buffer
}

const GENERATION = 3
const PUBLIC = 1
const HEAD_BYTES = 44

/** More than any server sends: node:http itself takes 16 KiB of field lines. */
const MAX_TEXT_BYTES = 262_144

/** Field lines of one response, and names in each of the two lists. Node itself reads no more in a message. */
const MAX_LINES = 2_000

/** Longest finite lifetime and age, in milliseconds. */
const CENTURY_MS = 3_155_760_000_000

/** The last moment that a `Date` can name, milliseconds since the epoch. */
const LAST_MS = 8_640_000_000_000_000

/** The lines that are no field: phrase, `added`, `removed`. */
const OTHER_LINES = 3

/** A reason phrase, names (tokens) and values as Node agrees to send them, two lists of names. One pass: it runs on every hit. */
const TEXT =
  /^[\t\x20-\x7e\x80-\xff]*(?:\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+\n[\t\x20-\x7e\x80-\xff]*)*(?:\n[!#$%&'*+\-.^_`|~0-9A-Za-z,]*){2}$/

/**
 * `body` are the pieces in which it was captured; they are copied once. A finite lifetime, and an age, is kept as a
 * century at most. `undefined`: some field cannot be sent again.
 */
export function encodeResponse(given: Omit<StoredResponse, 'body'>, body: readonly Uint8Array[]): Buffer | undefined {
  const response = {
    ...given,
    ageMs: Math.min(given.ageMs, CENTURY_MS),
    freshForMs: bounded(given.freshForMs),
    staleIfErrorMs: bounded(given.staleIfErrorMs),
  }
  const { statusText, added, removed, headers } = response
  const text = [statusText, ...headers, added.join(), removed.join()].join('\n')
  const lines = headers.length + OTHER_LINES
  if (text.length > MAX_TEXT_BYTES || !TEXT.test(text) || text.split('\n').length !== lines) return undefined
  const bodyBytes = body.reduce((sum, piece) => sum + piece.byteLength, 0)
  if (!isMade(response, bodyBytes)) return undefined
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + text.length + bodyBytes)
  bytes[0] = GENERATION
  bytes[1] = response.public ? PUBLIC : 0
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

/**
 * Whether it is one that this cache would make. Whoever may write into the store could else split responses on a
 * connection (a Content-Length that is not the body's), set cookies, or keep the process busy with a million lines.
 */
function isMade(response: Omit<StoredResponse, 'body'>, bodyBytes: number): boolean {
  const { headers, added, removed, receivedAt, ageMs, freshForMs, staleIfErrorMs } = response
  if (!(receivedAt >= 0 && receivedAt <= LAST_MS && ageMs >= 0 && ageMs <= CENTURY_MS && freshForMs > 0)) return false
  if (!(staleIfErrorMs >= 0 && bounded(staleIfErrorMs) === staleIfErrorMs && bounded(freshForMs) === freshForMs))
    return false
  if (headers.length > 2 * MAX_LINES || added.length > MAX_LINES || removed.length > MAX_LINES) return false
  let lengths = 0
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (name === 'set-cookie' || name === 'age' || isHopByHop(name)) return false
    if (name === 'content-length' && (++lengths > 1 || headers[i + 1] !== String(bodyBytes))) return false
  }
  return true
}

/** The body is a view of `bytes`, not a copy. Whatever is not a whole stored response is `undefined`, never an error. */
export function decodeResponse(bytes: Uint8Array): StoredResponse | undefined {
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
  if (flags > PUBLIC || status < 200 || status > 599) return undefined
  if (textBytes > MAX_TEXT_BYTES || bodyAt + buffer.readUInt32BE(40) !== buffer.length) return undefined
  const text = buffer.toString('latin1', HEAD_BYTES, bodyAt)
  if (!TEXT.test(text)) return undefined
  const headers = text.split('\n')
  const statusText = headers.shift() as string
  const removed = names(headers.pop() as string)
  const added = names(headers.pop() as string)
  const isPublic = flags === PUBLIC
  const times = { receivedAt, ageMs, freshForMs, staleIfErrorMs }
  const response = { status, statusText, headers, added, removed, ...times, public: isPublic }
  const body = buffer.subarray(bodyAt)
  return isMade(response, body.byteLength) ? { ...response, body } : undefined
}

const NO_NAMES: readonly string[] = []

function names(line: string): readonly string[] {
  return line === '' ? NO_NAMES : line.split(',')
}
