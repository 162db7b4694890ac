interface Replacement {
  readonly holder: object
  readonly name: PropertyKey
  /** How it stood on the object itself, if it did. */
  readonly own: PropertyDescriptor | undefined
  /** Whether an accessor of the prototype, or the object, took the value by assignment. */
  readonly inherited: boolean
  readonly before: unknown
  readonly after: unknown
  /** What it becomes again where somebody else has replaced it since. */
  readonly otherwise: (now: unknown) => unknown
}

/** Properties that have another value for a while. */
export class Replacements {
  readonly #replacements: Replacement[] = []

  /** @param otherwise What a value becomes that somebody else has put in the place of `after`; by default it stays. */
  put(holder: object, name: PropertyKey, after: unknown, otherwise: (now: unknown) => unknown = same): void {
    const before: unknown = Reflect.get(holder, name)
    if (before === after && otherwise === same) return
    const own = Object.getOwnPropertyDescriptor(holder, name)
    // Node has accessors on its prototype, Fastify getters, and a layer may have defined a property that is neither.
    const inherited = own === undefined && Reflect.set(holder, name, after)
    if (!inherited) {
      const enumerable = own?.enumerable === true
      Reflect.defineProperty(holder, name, { value: after, writable: true, configurable: true, enumerable })
    }
    this.#replacements.push({ holder, name, own, inherited, before, after, otherwise })
  }

  /** Runs this while all is as it was before. */
  suspended<T>(run: () => T): T {
    const replacements = [...this.#replacements]
    this.restore()
    try {
      return run()
    } finally {
      for (const { holder, name, after, otherwise } of replacements) this.put(holder, name, after, otherwise)
    }
  }

  restore(): void {
    for (const { holder, name, own, inherited, before, after, otherwise } of this.#replacements.splice(0).reverse()) {
      const now: unknown = Reflect.get(holder, name)
      if (now !== after) Reflect.set(holder, name, otherwise(now))
      else if (inherited) Reflect.set(holder, name, before)
      else if (own === undefined) Reflect.deleteProperty(holder, name)
      else Reflect.defineProperty(holder, name, own)
    }
  }
}

function same(value: unknown): unknown {
  return value
}
