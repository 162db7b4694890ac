import type { ByteBudget } from '../../base/byte-budget.js'

/** Most bytes of a body that are read for others after its client has gone. Beyond it waiting requests run the handler again. */
const MAX_UNHEARD_BYTES = 1_048_576

/** Small pieces share blocks, which grow with the body: a megabyte written byte by byte takes about a megabyte. */
const FIRST_BLOCK_BYTES = 1_024
const LARGEST_BLOCK_BYTES = 65_536

/** Why a body is not kept after all: it is too large, too many are captured at once, or its client has gone. */
export type CaptureEnd = 'too-large' | 'no-room' | 'unheard' | 'released'

/**
 * Keeps the body of one response while it goes out, as copies: a handler may reuse its buffer, and a small piece may be a view
 * of a large buffer.
 */
export class BodyCapture {
  readonly #budget: ByteBudget
  #maxBytes: number
  #unheard = false
  #blocks: Buffer[] = []
  /** What is filled of the last block. */
  #filled = 0
  #bytes = 0
  #taken = 0
  #ended: CaptureEnd | undefined

  constructor(budget: ByteBudget, maxBytes: number) {
    this.#budget = budget
    this.#maxBytes = maxBytes
  }

  /** Why nothing is kept any more. */
  get ended(): CaptureEnd | undefined {
    return this.#ended
  }

  /** What was kept; valid until `release`. */
  get pieces(): readonly Buffer[] {
    const last = this.#blocks.at(-1)
    return last === undefined ? [] : [...this.#blocks.slice(0, -1), last.subarray(0, this.#filled)]
  }

  /** The client has gone before the response began. */
  unheard(): void {
    this.#unheard = true
    this.#maxBytes = Math.min(this.#maxBytes, MAX_UNHEARD_BYTES)
  }

  /** Whether it was kept; else nothing is, and `ended` says why. */
  keep(piece: Uint8Array): boolean {
    if (this.#ended !== undefined) return false
    this.#bytes += piece.byteLength
    if (this.#bytes > this.#maxBytes) return this.#end(this.#unheard ? 'unheard' : 'too-large')
    const space = (this.#blocks.at(-1)?.byteLength ?? 0) - this.#filled
    const rest = piece.subarray(space)
    this.#copy(piece.subarray(0, space))
    if (rest.byteLength === 0) return true
    const grown = Math.min(LARGEST_BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, this.#taken))
    // Where there is no room to grow there may be some for this piece, which can be the last.
    const sizes = [grown, FIRST_BLOCK_BYTES].map((bytes) => Math.max(rest.byteLength, bytes))
    const size = sizes.find((bytes) => this.#budget.take(bytes))
    if (size === undefined) return this.#end('no-room')
    this.#taken += size
    this.#blocks.push(Buffer.allocUnsafeSlow(size))
    this.#filled = 0
    this.#copy(rest)
    return true
  }

  /** Lets go of everything. Idempotent. */
  release(): void {
    this.#end('released')
  }

  #copy(piece: Uint8Array): void {
    if (piece.byteLength === 0) return
    this.#blocks.at(-1)?.set(piece, this.#filled)
    this.#filled += piece.byteLength
  }

  #end(why: CaptureEnd): false {
    this.#ended ??= why
    this.#budget.give(this.#taken)
    this.#taken = 0
    this.#blocks = []
    return false
  }
}
