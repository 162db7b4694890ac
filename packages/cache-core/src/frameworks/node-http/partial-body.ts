import type { ByteRange } from '../../http/message/range.js'

/** Cuts a range out of a body that comes in pieces. */
export class PartialBody {
  readonly #range: ByteRange
  #at = 0

  /** @param range `undefined`: nothing of the body. */
  constructor(range: ByteRange | undefined) {
    this.#range = range ?? { start: 0, end: 0 }
  }

  /** What of the next piece is in the range; `undefined` for nothing. */
  cut(piece: Buffer): Buffer | undefined {
    const { start, end } = this.#range
    const from = Math.max(start - this.#at, 0)
    const to = Math.min(end - this.#at, piece.length)
    this.#at += piece.length
    return from < to ? piece.subarray(from, to) : undefined
  }
}
