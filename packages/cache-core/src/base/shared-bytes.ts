import { ByteBudget } from './byte-budget.js'

/** Limits the memory that is held at once, where several may hold the same block: each block counts once. */
export class SharedBytes {
  readonly #budget: ByteBudget
  readonly #holders = new Map<ArrayBufferLike, number>()

  constructor(maxBytes: number) {
    this.#budget = new ByteBudget(maxBytes)
  }

  get held(): number {
    return this.#budget.held
  }

  /** Returns a function that lets go of them, safe to call twice; `undefined` where there is no room. */
  hold({ buffer }: Uint8Array): (() => void) | undefined {
    const holders = this.#holders.get(buffer) ?? 0
    if (holders === 0 && !this.#budget.take(buffer.byteLength)) return undefined
    this.#holders.set(buffer, holders + 1)
    let holds = true
    return () => {
      if (holds) this.#letGo(buffer)
      holds = false
    }
  }

  #letGo(buffer: ArrayBufferLike): void {
    const others = (this.#holders.get(buffer) as number) - 1
    if (others > 0) {
      this.#holders.set(buffer, others)
      return
    }
    this.#holders.delete(buffer)
    this.#budget.give(buffer.byteLength)
  }
}
