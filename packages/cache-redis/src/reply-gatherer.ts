import type { ReplyLengths } from './reply-lengths.js'

/** As much as Node reads at once by itself. */
const READ_BYTES = 65_536

const NOTHING = Buffer.alloc(0)

/**
 * Cuts what a connection reads into pieces that contain each value whole. Node would read into new memory of 64 KiB
 * each time, and ioredis would put the value together in new memory again. Here all reads share one buffer, and a value
 * that does not end in it is read into memory of its own, right where it stays.
 *
 * Measured with 16 readers of 200 KiB: 80 µs a value, and 150 before. With half the memory, V8 also collects all of its
 * heap half as often: it does so by the bytes of buffers, not by their number.
 */
export class ReplyGatherer {
  readonly #lengths: ReplyLengths
  readonly #onPiece: (piece: Buffer) => void
  readonly #onTooLarge: (bytes: number) => void
  readonly #shared = Buffer.allocUnsafeSlow(READ_BYTES)
  /** A value that has not arrived as a whole, from its length on. */
  #value: Buffer | undefined

  constructor(lengths: ReplyLengths, onPiece: (piece: Buffer) => void, onTooLarge: (bytes: number) => void) {
    this.#lengths = lengths
    this.#onPiece = onPiece
    this.#onTooLarge = onTooLarge
  }

  /** Where the next bytes go. */
  room(): Buffer {
    return this.#value?.subarray(-this.#lengths.missing) ?? this.#shared
  }

  /** Takes the bytes that have been read into that room. */
  took(bytes: number): void {
    if (this.#value === undefined) this.#begin(this.#shared.subarray(0, bytes))
    else this.#goOn(this.#value, bytes)
  }

  #begin(read: Buffer): void {
    const tooLarge = this.#lengths.tooLarge(read)
    if (tooLarge !== undefined) {
      this.#onTooLarge(tooLarge)
      return
    }
    const { missing, unfinishedFrom } = this.#lengths
    const whole = missing > 0 ? unfinishedFrom : read.byteLength
    if (whole > 0) this.#onPiece(copyOf(read.subarray(0, whole), whole))
    if (missing > 0) this.#value = copyOf(read.subarray(whole), read.byteLength - whole + missing)
  }

  #goOn(value: Buffer, bytes: number): void {
    this.#lengths.skip(bytes)
    const isWhole = this.#lengths.missing === 0
    if (isWhole) this.#value = undefined
    // Until then an empty piece shows ioredis that the server is there (`socketTimeout`).
    this.#onPiece(isWhole ? value : NOTHING)
  }
}

/** A copy in memory of its own, which may be longer. */
function copyOf(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(length)
  copy.set(bytes)
  return copy
}
