import { bufferOf } from '../../base/bytes.js'
import type { CompleteResponse } from './exchange.js'

/**
 * A response as it lies in the cache: a small fixed head, the field lines as text, the body as raw bytes.
 *
 *     generation 1 · flags 1 · status 2 · received 8 · age 8 · fresh for 8 · bytes of text 4 · bytes of body 4 · text · body
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
  /** Whether requests with credentials may have it. */
  readonly public: boolean
  readonly body: Buffer
}

const GENERATION = 2
const PUBLIC = 1
const HEAD_BYTES = 36

/** More than any server sends: node:http itself takes 16 KiB of field lines. */
const MAX_TEXT_BYTES = 262_144

/** The lines that are no field: phrase, `added`, `removed`. */
const OTHER_LINES = 3

/** A reason phrase, names (tokens) and values as Node agrees to send them, two lists of names. One pass: it runs on every hit. */
const TEXT =
  /^[\t\x20-\x7e\x80-\xff]*(?:\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+\n[\t\x20-\x7e\x80-\xff]*)*(?:\n[!#$%&'*+\-.^_`|~0-9A-Za-z,]*){2}$/

/** `body` are the pieces in which it was captured; they are copied once. `undefined`: some field cannot be sent again. */
export function encodeResponse(
  response: Omit<StoredResponse, 'body'>,
  body: readonly Uint8Array[],
): Buffer | undefined {
  const { statusText, added, removed, headers } = response
  const text = [statusText, ...headers, added.join(), removed.join()].join('\n')
  const lines = headers.length + OTHER_LINES
  if (text.length > MAX_TEXT_BYTES || !TEXT.test(text) || text.split('\n').length !== lines) return undefined
  const bodyBytes = body.reduce((sum, piece) => sum + piece.byteLength, 0)
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + text.length + bodyBytes)
  bytes[0] = GENERATION
  bytes[1] = response.public ? PUBLIC : 0
  bytes.writeUInt16BE(response.status, 2)
  bytes.writeDoubleBE(response.receivedAt, 4)
  bytes.writeDoubleBE(response.ageMs, 12)
  bytes.writeDoubleBE(response.freshForMs, 20)
  bytes.writeUInt32BE(text.length, 28)
  bytes.writeUInt32BE(bodyBytes, 32)
  bytes.write(text, HEAD_BYTES, 'latin1')
  let at = HEAD_BYTES + text.length
  for (const piece of body) {
    bytes.set(piece, at)
    at += piece.byteLength
  }
  return bytes
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
  const textBytes = buffer.readUInt32BE(28)
  const bodyAt = HEAD_BYTES + textBytes
  if (flags > PUBLIC || status < 200 || status > 599) return undefined
  if (!(Number.isFinite(receivedAt) && ageMs >= 0 && ageMs < Number.POSITIVE_INFINITY && freshForMs > 0))
    return undefined
  if (textBytes > MAX_TEXT_BYTES || bodyAt + buffer.readUInt32BE(32) !== buffer.length) return undefined
  const text = buffer.toString('latin1', HEAD_BYTES, bodyAt)
  if (!TEXT.test(text)) return undefined
  const headers = text.split('\n')
  const statusText = headers.shift() as string
  const removed = headers.pop() as string
  const added = headers.pop() as string
  return {
    status,
    statusText,
    headers,
    added: names(added),
    removed: names(removed),
    receivedAt,
    ageMs,
    freshForMs,
    public: flags === PUBLIC,
    body: buffer.subarray(bodyAt),
  }
}

const NO_NAMES: readonly string[] = []

function names(line: string): readonly string[] {
  return line === '' ? NO_NAMES : line.split(',')
}
