/** The one database of all processes: what their loaders read, and how often. Every key begins with `'old'`. */
export class Database {
  readonly #values = new Map<string, string>()
  readonly #loads = new Map<string, number>()
  readonly #waiting = new Map<string, () => void>()

  /** A loader reads. */
  read(key: string): string {
    this.#loads.set(key, this.loads(key) + 1)
    this.#waiting.get(key)?.()
    return this.#values.get(key) ?? 'old'
  }

  write(key: string, value: string): void {
    this.#values.set(key, value)
  }

  loads(key: string): number {
    return this.#loads.get(key) ?? 0
  }

  /** Resolves when a load of the key has read. */
  async loading(key: string): Promise<void> {
    if (this.loads(key) === 0) await new Promise<void>((resolve) => this.#waiting.set(key, resolve))
  }
}
