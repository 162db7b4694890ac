/** Signals between a handler and the client of one exchange, so that both act at a known point and nobody sleeps. */
export class Signals {
  readonly #said = new Set<string>()
  readonly #waiting = new Map<string, (() => void)[]>()

  say(exchange: string, word: string): void {
    const key = `${exchange} ${word}`
    this.#said.add(key)
    for (const wake of this.#waiting.get(key) ?? []) wake()
    this.#waiting.delete(key)
  }

  said(exchange: string, word: string): Promise<void> {
    const key = `${exchange} ${word}`
    if (this.#said.has(key)) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve])
    })
  }
}
