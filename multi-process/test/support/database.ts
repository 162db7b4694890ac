/**
 * The one database of all processes: what their loaders read, and how often. Every key begins with the value `'old'`.
 */
export class Database {
  readonly #values = new Map<string, string>()
  readonly #loads = new Map<string, number>()
  readonly #faults = new Map<string, 'refuses' | 'hangs'>()
  readonly #waiting = new Map<string, () => void>()

  /** Read by a loader: the value, or nothing if the loader has to wait for ever. @throws if it was told to refuse. */
  read(key: string): string | undefined {
    this.#loads.set(key, this.loads(key) + 1)
    this.#waiting.get(key)?.()
    const fault = this.#faults.get(key)
    this.#faults.delete(key)
    if (fault === 'refuses') throw new Error('the database refuses')
    return fault === 'hangs' ? undefined : (this.#values.get(key) ?? 'old')
  }

  /** What the next read of the key does. */
  fail(key: string, fault: 'refuses' | 'hangs'): void {
    this.#faults.set(key, fault)
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
