interface Replacement {
  readonly holder: object
  readonly name: PropertyKey
  /** The object's own property before, if it had one. */
  readonly own: PropertyDescriptor | undefined
  /** Whether the value was assigned, through an accessor or to the object. */
  readonly inherited: boolean
  readonly before: unknown
  readonly after: unknown
  /** What a value becomes on restore that somebody else has put there meanwhile. */
  readonly otherwise: Change
  /** What a value becomes that somebody else assigns meanwhile. */
  readonly assigned: Change | undefined
}

type Change = (value: unknown) => unknown

/** Replaces properties of objects for a while. */
export class Replacements {
  readonly #replacements: Replacement[] = []

  /**
   * @param otherwise What a value becomes that somebody else has put in the place of `after`; by default it stays.
   * @param assigned What a value becomes that somebody else assigns while this one stands there; by default it stays.
   */
  put(holder: object, name: PropertyKey, after: unknown, otherwise: Change = same, assigned?: Change): void {
    const before: unknown = Reflect.get(holder, name)
    if (before === after && otherwise === same) return
    const own = Object.getOwnPropertyDescriptor(holder, name)
    // Node has accessors on its prototype, Fastify getters, and a layer may have defined a property that is neither.
    const inherited = own === undefined && assigned === undefined && Reflect.set(holder, name, after)
    if (!inherited) {
      const enumerable = own?.enumerable === true
      const property = assigned === undefined ? { value: after, writable: true } : accessor(after, assigned)
      Reflect.defineProperty(holder, name, { configurable: true, enumerable, ...property })
    }
    this.#replacements.push({ holder, name, own, inherited, before, after, otherwise, assigned })
  }

  /** Makes a property `undefined` and not enumerable. */
  hide(holder: object, name: string): void {
    this.put(holder, name, undefined)
    Reflect.defineProperty(holder, name, { enumerable: false })
  }

  /** Runs a function with all properties restored for the time being. */
  suspended<T>(run: () => T): T {
    const present = this.#replacements.map((one) => {
      const { enumerable = true } = Object.getOwnPropertyDescriptor(one.holder, one.name) ?? {}
      return { ...one, now: Reflect.get(one.holder, one.name) as unknown, enumerable }
    })
    this.restore()
    try {
      return run()
    } finally {
      for (const { holder, name, now, otherwise, assigned, enumerable } of present) {
        this.put(holder, name, now, otherwise, assigned)
        if (!enumerable && Object.hasOwn(holder, name)) Reflect.defineProperty(holder, name, { enumerable })
      }
    }
  }

  restore(): void {
    for (const one of this.#replacements.splice(0).reverse()) {
      const { holder, name, own, inherited, before, after, otherwise, assigned } = one
      const now: unknown = Reflect.get(holder, name)
      const isReplaced = now !== after
      if (inherited) Reflect.set(holder, name, isReplaced ? otherwise(now) : before)
      else {
        if (!isReplaced || assigned !== undefined) putBack(holder, name, own)
        if (isReplaced) Reflect.set(holder, name, otherwise(now))
      }
    }
  }
}

function accessor(first: unknown, assigned: Change): PropertyDescriptor {
  let value = first
  return {
    get: () => value,
    set: (next) => {
      value = assigned(next)
    },
  }
}

function putBack(holder: object, name: PropertyKey, own: PropertyDescriptor | undefined): void {
  if (own === undefined) Reflect.deleteProperty(holder, name)
  else Reflect.defineProperty(holder, name, own)
}

function same(value: unknown): unknown {
  return value
}
