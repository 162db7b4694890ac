/**
 * Reads texts out of bytes, and remembers the last one: most frames name the same codec, and carry the same version of a
 * namespace. Comparing a few bytes costs a tenth of making a string of them.
 */
export class LastText {
  readonly #encoding: 'utf8' | 'latin1'
  #bytes = new Uint8Array()
  #text = ''

  constructor(encoding: 'utf8' | 'latin1') {
    this.#encoding = encoding
  }

  read(bytes: Buffer, from: number, to: number): string {
    if (this.#isLast(bytes, from, to)) return this.#text
    this.#bytes = Uint8Array.prototype.slice.call(bytes, from, to)
    this.#text = bytes.toString(this.#encoding, from, to)
    return this.#text
  }

  #isLast(bytes: Buffer, from: number, to: number): boolean {
    const last = this.#bytes
    if (to - from !== last.length) return false
    for (let index = 0; index < last.length; index++) if (bytes[from + index] !== last[index]) return false
    return true
  }
}
