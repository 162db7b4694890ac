import { InvalidOptionError } from './errors.js'
import { kindOf, listOr, show } from './show.js'

/** What sort of values an option takes. */
export interface Kind<Value> {
  /** What is taken, as an error lists it: `['true', 'false']` reads "expected true or false". */
  readonly expects: readonly string[]
  readonly is: (value: unknown) => boolean
  /**
   * Called only with values that `is` accepts. `parent` is the value of the layer below, where the option is `layered`.
   * @throws InvalidOptionError with `name` for a value of the right kind that is invalid all the same.
   */
  readonly read: (value: never, name: string, parent: unknown) => Value
  /** Appended to the name of the option: `ttl` is parsed into `ttlMs`. */
  readonly unit: string
  /** Whether an error must not show the value. */
  readonly secret: boolean
  /** Whether an object of this sort given as the options themselves is a mistake: `createCache(memoryStore())`. */
  readonly particular: boolean
  /** Whether it is an object that layers merge: a field that the upper one leaves out comes from the one below. */
  readonly layered: boolean
}

/** What an absent option means: nothing, a default as a caller would write it, or an error. */
export type WhenAbsent = { readonly default?: unknown; readonly missing?: string }

/**
 * A row of an `OptionTable`: how an option that is written as `Takes` is read as `Value`, under its name and `Unit`.
 * `Absent` is `undefined` where the option has no default.
 */
export class Option<Takes, Value, Unit extends string = '', Absent = undefined> {
  /** For the compiler: an interface must not promise more than its row takes. */
  declare readonly takes: (value: Takes) => void
  /** For the compiler. */
  declare readonly types: { readonly value: Value | Absent; readonly unit: Unit }
  readonly kind: Kind<Value>
  readonly whenAbsent: WhenAbsent

  constructor(kind: Kind<Value>, whenAbsent: WhenAbsent = {}) {
    this.kind = kind
    this.whenAbsent = whenAbsent
  }

  /** With a default, as a caller would write it. */
  or(value: Takes): Option<Takes, Value, Unit, never> {
    return new Option(this.kind, { default: value })
  }

  /** Its absence is an error, whose message ends with `instead`. */
  required(instead: string): Option<Takes, Value, Unit, never> {
    return new Option(this.kind, { missing: instead })
  }

  /** Transforms what was read. `turn` throws an InvalidOptionError with `name` for what is invalid. */
  to<Out>(turn: (value: Value, name: string) => Out): Option<Takes, Out, Unit, Absent> {
    const { read } = this.kind
    const kind: Kind<Out> = { ...this.kind, read: (value, name, parent) => turn(read(value, name, parent), name) }
    return new Option(kind, this.whenAbsent)
  }

  /** @throws InvalidOptionError naming the option, what it takes and, unless it is secret, what it got. */
  parse(value: unknown, name: string, parent?: unknown): Value {
    const { kind } = this
    if (!kind.is(value))
      throw new InvalidOptionError(name, `expected ${listOr(kind.expects)}, got ${shown(value, kind)}`)
    return kind.read(value as never, name, parent)
  }
}

/** A value as an error may show it. */
export function shown(value: unknown, { secret }: Pick<Kind<unknown>, 'secret'>): string {
  return secret ? kindOf(value) : show(value)
}
