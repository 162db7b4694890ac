import { InvalidOptionError } from './errors.js'
import { nearest } from './nearest.js'
import type { Option } from './option.js'
import { kindOf } from './show.js'

/**
 * A row for each option of an interface. One too few or too many does not compile, nor one that takes less than the
 * interface says, nor an interface whose optional property does not take `undefined` (`exactOptionalPropertyTypes`).
 */
export type RowsOf<Options> = {
  readonly [Name in keyof Options]-?: TakesUndefined<Options, Name> extends true
    ? AnyOption<Exclude<Options[Name], undefined>>
    : `${Name & string} must take undefined`
}

type TakesUndefined<Options, Name extends keyof Options> =
  Partial<Pick<Options, Name>> extends Pick<Options, Name>
    ? { [Only in Name]: undefined } extends Pick<Options, Name>
      ? true
      : false
    : true

type AnyOption<Takes = never> = Option<Takes, unknown, string, unknown>
export type Rows = Readonly<Record<string, AnyOption>>

/** What a caller may write for a table. */
export type Written<Table extends Rows> = {
  readonly [Name in keyof Table]?: Taken<Table[Name]> | undefined
}

type Taken<Row> = Row extends { takes: (value: infer Takes) => void } ? Takes : never

/** What a table's rows are read as. */
export type Parsed<Table extends Rows> = {
  readonly [Name in keyof Table & string as `${Name}${Table[Name]['types']['unit']}`]: Table[Name]['types']['value']
}

/** A lower layer: options that always have a value must be there, the others may be. */
type Below<Terms> = { readonly [Name in keyof Terms as undefined extends Terms[Name] ? never : Name]: Terms[Name] } & {
  readonly [Name in keyof Terms as undefined extends Terms[Name] ? Name : never]?: Terms[Name]
}

/** Options as they were parsed. */
type Layer = Readonly<Record<string, unknown>>

interface Row {
  readonly option: AnyOption
  /** The name with its unit. */
  readonly target: string
}

/**
 * The options that one function takes, each with its name, parser, default and unit in one row. Options are read in one
 * pass over the names that the caller wrote, whatever the number of rows; `undefined` is as good as absent.
 *
 * ```ts
 * const OPTIONS = { ttl: duration({ infinite: true }).or('5m'), etag: flag() } satisfies RowsOf<MyOptions>
 * const table = new OptionTable('myFunction', OPTIONS)
 * table.read({ ttl: '1m' })                       // { ttlMs: 60_000, etag: undefined }
 * table.inherit({ etag: true }, { ttlMs: 5 })     // { ttlMs: 5, etag: true }
 * ```
 */
export class OptionTable<const Table extends Rows> {
  readonly #where: string
  readonly #rows = new Map<string, Row>()
  readonly #defaults: Layer
  /** Lower layers as this table sees them, each made once: caches and namespaces are few, their calls are many. */
  readonly #layers = new WeakMap<object, Layer>()

  /** @param where Whose options they are, as errors name it. */
  constructor(where: string, rows: Table) {
    this.#where = where
    for (const [name, option] of Object.entries(rows)) {
      this.#rows.set(name, { option, target: `${name}${option.kind.unit}` })
    }
    this.#defaults = this.#layerOf((name, { option }) => {
      const { default: value } = option.whenAbsent
      return value === undefined ? undefined : option.parse(value, name)
    })
  }

  /** The options over the defaults. @throws InvalidOptionError naming the option. */
  read(options: unknown): Parsed<Table> {
    const parsed = this.#over(options, this.#defaults, '')
    for (const [name, { option, target }] of this.#rows) {
      const { missing } = option.whenAbsent
      if (missing !== undefined && parsed[target] === undefined) {
        throw new InvalidOptionError(name, `missing; ${missing}`)
      }
    }
    return parsed as Parsed<Table>
  }

  /** What the options name, over what a layer below was read as. @throws InvalidOptionError naming the option. */
  inherit(options: unknown, below: Below<Parsed<Table>>): Parsed<Table> {
    return (options === undefined ? below : this.#over(options, this.#seen(below), '')) as Parsed<Table>
  }

  /**
   * Two layers of options as they were written, where what follows from them is only known of both: names are checked,
   * values are left to `read`.
   * @throws InvalidOptionError naming the option.
   */
  over<Options extends object>(options: Options, below: Options): Options {
    if (!isObject(options)) throw this.#notOptions(options, '')
    const merged: Record<string, unknown> = { ...(below as Readonly<Record<string, unknown>>) }
    for (const [name, value] of Object.entries(options)) {
      const row = this.#rows.get(name)
      if (row === undefined) throw this.#unknown(options, name, '')
      if (value === undefined) continue
      const under = merged[name]
      const together = row.option.kind.layered && isObject(value) && isObject(under)
      merged[name] = together ? { ...under, ...value } : value
    }
    return merged as Options
  }

  /** As one of several fields: names are prefixed with that of the field. @throws InvalidOptionError naming the option. */
  readField(options: unknown, field: string, below: unknown): Parsed<Table> {
    const layer = typeof below === 'object' && below !== null ? below : this.#defaults
    return this.#over(options, layer as Layer, `${field}.`) as Parsed<Table>
  }

  #seen(below: Layer): Layer {
    let layer = this.#layers.get(below)
    if (layer === undefined) {
      layer = this.#layerOf((_, { target }) => (target in below ? below[target] : this.#defaults[target]))
      this.#layers.set(below, layer)
    }
    return layer
  }

  /**
   * With every name, and no other: a field that is added to a copy costs two microseconds. In one step: V8 copies an
   * object whose fields were added by computed names, more than twelve, a hundred times more slowly (both measured).
   */
  #layerOf(value: (name: string, row: Row) => unknown): Layer {
    return Object.fromEntries(Array.from(this.#rows, ([name, row]) => [row.target, value(name, row)]))
  }

  #over(options: unknown, below: Layer, prefix: string): Layer {
    if (!isObject(options)) throw this.#notOptions(options, prefix)
    let parsed: Record<string, unknown> | undefined
    // Own names only: a polluted Object.prototype is not what the caller wrote.
    const names = Object.keys(options)
    if (names.length === 0 && !isPlain(options)) throw this.#notOptions(options, prefix)
    for (const name of names) {
      const row = this.#rows.get(name)
      if (row === undefined) throw this.#unknown(options, name, prefix)
      const value = options[name]
      if (value === undefined) continue
      const { option, target } = row
      const parent = option.kind.layered ? below[target] : undefined
      parsed ??= { ...below }
      parsed[target] = option.parse(value, prefix === '' ? name : prefix + name, parent)
    }
    return parsed ?? below
  }

  /** The error for something that is no object of options. Where it is the value of one of them, it says so. */
  #notOptions(given: unknown, prefix: string): InvalidOptionError {
    const where = prefix === '' ? this.#where : prefix.slice(0, -1)
    const meant = this.#meantAs(given)
    const advice = meant === undefined ? '' : `; give it as { ${meant}: … }`
    return new InvalidOptionError(where, `expected an object of options, got ${kindOf(given)}${advice}`)
  }

  #meantAs(given: unknown): string | undefined {
    for (const [name, { option }] of this.#rows) {
      if ((option.kind.particular || !isObject(given)) && option.kind.is(given)) return name
    }
    return undefined
  }

  #unknown(options: object, name: string, prefix: string): InvalidOptionError {
    if (this.#meantAs(options) !== undefined) return this.#notOptions(options, prefix)
    const known = [...this.#rows.keys()]
    const meant = nearest(name, known)
    const where = prefix === '' ? this.#where : prefix.slice(0, -1)
    const advice = meant === undefined ? 'it' : `did you mean '${meant}'? It`
    return new InvalidOptionError(prefix + name, `${where} has no such option; ${advice} has ${known.join(', ')}`)
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Of another realm too, such as Jest's. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
