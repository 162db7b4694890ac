import type { Message } from './message.js'
import { HEADER_BYTES, RESPONSE_MAGIC } from './protocol.js'

/**
 * Splits the bytes of one socket into answers.
 *
 * memjs copies everything it has buffered for each chunk, which is quadratic in the size of a value. It also keeps a
 * lost connection's remainder in front of the next one's first answer, which corrupts values. Here chunks are kept
 * until an answer is complete, so each byte is copied at most once, and a reader lives only as long as its socket.
 */
export class ReplyReader {
  #chunks: Buffer[] = []
  #length = 0
  /** How many bytes the next step needs: a header, or the whole answer once its header is known. */
  #needed = HEADER_BYTES
  /** How many bytes of a discarded answer are still to come. */
  #due = 0
  readonly #maxBytes: number

  /** @param maxBytes A longer answer is reduced to its header. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * @param onMessage Called for each answer that is now complete.
   * @throws Error if this is not memcached's binary protocol.
   */
  push(arrived: Buffer, onMessage: (message: Message) => void): void {
    const dropped = Math.min(this.#due, arrived.length)
    this.#due -= dropped
    const chunk = dropped === 0 ? arrived : arrived.subarray(dropped)
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length < this.#needed) return
    const data = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length)
    let at = 0
    this.#needed = HEADER_BYTES
    while (data.length - at >= HEADER_BYTES) {
      if (data[at] !== RESPONSE_MAGIC) throw new Error('the answer is not of the binary protocol of memcached')
      const total = HEADER_BYTES + data.readUInt32BE(at + 8)
      if (total > this.#maxBytes) {
        onMessage({ data, start: at, end: at + HEADER_BYTES })
        this.#due = Math.max(0, at + total - data.length)
        at = Math.min(at + total, data.length)
        continue
      }
      if (data.length - at < total) {
        this.#needed = total
        break
      }
      onMessage({ data, start: at, end: at + total })
      at += total
    }
    this.#chunks = at === data.length ? [] : [data.subarray(at)]
    this.#length = data.length - at
  }
}
