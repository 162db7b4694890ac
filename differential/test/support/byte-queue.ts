/** The other side closed before everything that was asked for had arrived. */
export class EndOfStream extends Error {}

/** Bytes as they arrive, for a reader that takes them in units. */
export class ByteQueue {
  #bytes = Buffer.alloc(0)
  #ended = false
  #wake: (() => void) | undefined

  push(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The next line, without its line end. @throws EndOfStream */
  async line(): Promise<string> {
    let at = this.#bytes.indexOf('\r\n')
    while (at === -1) {
      await this.#more()
      at = this.#bytes.indexOf('\r\n')
    }
    const line = this.#bytes.toString('latin1', 0, at)
    this.#bytes = this.#bytes.subarray(at + 2)
    return line
  }

  /** The bytes that are there, at least one and at most `limit`. @throws EndOfStream */
  async some(limit: number): Promise<Buffer> {
    while (this.#bytes.length === 0) await this.#more()
    const bytes = this.#bytes.subarray(0, limit)
    this.#bytes = this.#bytes.subarray(bytes.length)
    return bytes
  }

  /** Bytes that nobody has asked for. */
  rest(): Buffer {
    const bytes = this.#bytes
    this.#bytes = Buffer.alloc(0)
    return bytes
  }

  #more(): Promise<void> {
    if (this.#ended) throw new EndOfStream()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
