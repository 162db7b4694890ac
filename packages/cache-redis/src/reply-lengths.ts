/**
 * First bytes of replies that state their length: `$` for strings, `=` for texts with a format, `!` for errors (RESP 2
 * and 3).
 */
const WITH_LENGTH = new Set([0x24, 0x3d, 0x21])
const LINE_FEED = 0x0a
const MINUS = 0x2d
const ZERO = 0x30
/** Limit for a line that never ends: no length has so many digits. */
const LONGEST_LINE_BYTES = 65_536

/** Follows the lengths in a stream of replies. Costs 80 ns per value (measured on MGET of three values of 2 KB). */
export class ReplyLengths {
  readonly #maxBytes: number
  /** Bytes of a value that have yet to arrive, and of the line end after it. */
  #missing = 0
  #unfinishedFrom = 0
  /** The beginning of a line whose end has yet to arrive. */
  #begun = Buffer.alloc(0)

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** How many bytes of the last piece's last value have yet to arrive, with its line end. */
  get missing(): number {
    return this.#missing
  }

  /** Where in the last piece the value begins of which bytes are missing. */
  get unfinishedFrom(): number {
    return this.#unfinishedFrom
  }

  /** Counts bytes of the unfinished value as arrived, without a look at them. */
  skip(bytes: number): void {
    this.#missing -= bytes
  }

  /** The length of a reply in this piece that is too large; `undefined` if there is none. */
  tooLarge(piece: Buffer): number | undefined {
    let bytes = piece
    if (this.#begun.byteLength > 0) {
      bytes = Buffer.concat([this.#begun, piece])
      this.#begun = Buffer.alloc(0)
    }
    let at = this.#missing
    let from = 0
    while (at < bytes.byteLength) {
      const end = bytes.indexOf(LINE_FEED, at)
      if (end < 0) {
        if (bytes.byteLength - at > LONGEST_LINE_BYTES) return bytes.byteLength - at
        this.#begun = Buffer.from(bytes.subarray(at))
        this.#missing = 0
        return undefined
      }
      const length = WITH_LENGTH.has(bytes[at] as number) ? lengthIn(bytes, at + 1, end - 1) : undefined
      if (length !== undefined && length > this.#maxBytes) return length
      from = at
      // A line end of its own follows the value.
      at = end + 1 + (length === undefined ? 0 : length + 2)
    }
    this.#missing = at - bytes.byteLength
    this.#unfinishedFrom = Math.max(0, from - (bytes.byteLength - piece.byteLength))
    return undefined
  }
}

/** The number between two positions; `undefined` for `-1`, the length of no value. */
function lengthIn(bytes: Buffer, from: number, to: number): number | undefined {
  if (bytes[from] === MINUS) return undefined
  let length = 0
  for (let at = from; at < to; at++) length = length * 10 + (bytes[at] as number) - ZERO
  return length
}
