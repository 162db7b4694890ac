interface Replacement {
  readonly holder: object
  readonly name: PropertyKey
  /** How it stood on the object itself, if it did. */
  readonly own: PropertyDescriptor | undefined
  /** Whether an accessor of the prototype, or the object, took the value by assignment. */
  readonly inherited: boolean
  readonly before: unknown
  readonly after: unknown
}

/** Properties that have another value for a while. */
export class Replacements {
  readonly #replacements: Replacement[] = []

  put(holder: object, name: PropertyKey, after: unknown): void {
    const before: unknown = Reflect.get(holder, name)
    if (before === after) return
    const own = Object.getOwnPropertyDescriptor(holder, name)
    // Node has accessors on its prototype, Fastify getters, and a layer may have defined a property that is neither.
    const inherited = own === undefined && Reflect.set(holder, name, after)
    if (!inherited) {
      const enumerable = own?.enumerable === true
      Reflect.defineProperty(holder, name, { value: after, writable: true, configurable: true, enumerable })
    }
    this.#replacements.push({ holder, name, own, inherited, before, after })
  }

  /** What somebody else has replaced since stays as it is. */
  restore(): void {
    for (const { holder, name, own, inherited, before, after } of this.#replacements.splice(0).reverse()) {
      if (Reflect.get(holder, name) !== after) continue
      if (inherited) Reflect.set(holder, name, before)
      else if (own === undefined) Reflect.deleteProperty(holder, name)
      else Reflect.defineProperty(holder, name, own)
    }
  }
}
