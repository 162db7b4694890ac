import type { Message } from './message.js'
import { HEADER_BYTES, RESPONSE_MAGIC } from './protocol.js'

/**
 * Cuts what one socket delivers into whole answers.
 *
 * memjs copies all it holds for every chunk that arrives, which is quadratic in the size of a value, and keeps the
 * rest of a lost connection in front of the next one's first answer: a value comes back corrupted. Here a chunk is
 * kept as it is until an answer is complete, each byte is copied once at most for a large value, and a reader lives
 * and ends with its socket.
 */
export class ReplyReader {
  #chunks: Buffer[] = []
  #length = 0
  /** Bytes until the next step: a header, or the whole answer once its header is known. */
  #needed = HEADER_BYTES
  /** Of an answer that is dropped, still to come. */
  #due = 0
  readonly #maxBytes: number

  /** @param maxBytes Of a longer answer only its header is kept, as if nothing had followed. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * @param onMessage Called with each answer that is complete now.
   * @throws Error when this cannot be memcached's binary protocol.
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
