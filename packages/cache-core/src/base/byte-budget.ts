/** How many bytes may be held at once for one purpose, however many hold them. */
export class ByteBudget {
  readonly maxBytes: number
  #held = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get held(): number {
    return this.#held
  }

  /** Whether there is room; then it is taken until `give`. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.maxBytes) return false
    this.#held += bytes
    return true
  }

  give(bytes: number): void {
    this.#held -= bytes
  }
}
