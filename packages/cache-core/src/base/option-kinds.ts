import { type Duration, type DurationLimits, parseDuration } from './duration.js'
import { InvalidOptionError } from './errors.js'
import { type Kind, Option, shown } from './option.js'
import { OptionTable, type Parsed, type Rows, type Written } from './option-table.js'
import { listOr, show } from './show.js'

// The kinds of values that options have. Each can be a row of a table as it is, or with a default: `flag().or(true)`.

function option<Takes, Value = Takes, Unit extends string = ''>(
  kind: Pick<Kind<Value>, 'expects' | 'is'> & Partial<Kind<Value>>,
): Option<Takes, Value, Unit> {
  return new Option({ read: same, unit: '', secret: false, particular: false, layered: false, ...kind })
}

/** `true` or `false`. */
export function flag(): Option<boolean, boolean> {
  return oneOf([true, false])
}

/** One of a few values. */
export function oneOf<const Choice extends string | number | boolean>(
  choices: readonly Choice[],
): Option<Choice, Choice> {
  return option({ expects: choices.map(show), is: (value) => choices.includes(value as Choice) })
}

/** Milliseconds or a text with a unit; read as milliseconds, under the option's name and `Ms`. */
export function duration(limits: DurationLimits = {}): Option<Duration, number, 'Ms'> {
  return option<Duration, number, 'Ms'>({
    expects: ['milliseconds', "a string like '500ms', '30s', '5m', '1h', '7d'"],
    is: (value) => typeof value === 'number' || typeof value === 'string',
    read: (value, name) => parseDuration(name, value, limits),
    unit: 'Ms',
  })
}

/** A whole number from `min` (1) to `max`. `Infinity` is taken where it is the `max`, and must be written out. */
export function count({ min = 1, max = Number.MAX_SAFE_INTEGER } = {}): Option<number, number> {
  const unlimited = max >= Number.MAX_SAFE_INTEGER
  const expects = [unlimited ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`]
  if (max === Number.POSITIVE_INFINITY) expects.push('Infinity')
  return option({
    expects,
    is: (value) =>
      (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) ||
      (value === Number.POSITIVE_INFINITY && max === value),
  })
}

/** Any number from `min` to `max`, such as a share of 1. */
export function amount({ min, max }: { readonly min: number; readonly max: number }): Option<number, number> {
  return option({
    expects: [`a number from ${min} to ${max}`],
    is: (value) => typeof value === 'number' && value >= min && value <= max,
  })
}

/** A function of the caller's. `expects` shows it: `a function such as (req) => req.headers.host`. */
export function callback<Callback extends (...args: never) => unknown>(expects: string): Option<Callback, Callback> {
  return option({ expects: [expects], is: (value) => typeof value === 'function' })
}

export interface TextLimits {
  /** Whether `''` is one. */
  readonly empty?: boolean
  /** What it looks like, for the error. */
  readonly like?: string
  /** Never shown in an error, whatever was given in its place. */
  readonly secret?: boolean
}

export function text({ empty = false, like, secret = false }: TextLimits = {}): Option<string, string> {
  const sort = empty ? 'a string' : 'a non-empty string'
  return option({
    expects: [like === undefined ? sort : `a string like '${like}'`],
    is: (value) => typeof value === 'string' && (empty || value !== ''),
    secret,
  })
}

/**
 * @param items What they are, in the plural: "parameter names".
 * @param example One that can be copied: `['page']`.
 */
export function list<Takes, Value>(
  item: Option<Takes, Value, string>,
  items: string,
  example: string,
): Option<readonly Takes[], readonly Value[]> {
  const { kind } = item
  const expects = [`a list of ${items}, for example ${example}`]
  const read = (values: readonly unknown[], name: string): Value[] =>
    values.map((value) => {
      if (!kind.is(value)) {
        throw new InvalidOptionError(name, `expected ${listOr(expects)}, got one that holds ${shown(value, kind)}`)
      }
      return kind.read(value as never, name, undefined)
    })
  return option({ expects, is: Array.isArray, read, secret: kind.secret })
}

/**
 * An object by what it can do, not by its class, which may come from another copy of a package.
 * @param looks The methods that it has, or whether something looks like one.
 */
export function shape<Shape extends object>(
  expects: string,
  looks: readonly (keyof Shape & string)[] | ((value: unknown) => boolean),
): Option<Shape, Shape> {
  const is = typeof looks === 'function' ? looks : (value: unknown) => hasMethods(value, looks)
  return option({ expects: [expects], is, particular: true })
}

export function instance<Instance extends object>(
  expects: string,
  type: abstract new (...args: never) => Instance,
): Option<Instance, Instance> {
  return option({ expects: [expects], is: (value) => value instanceof type, particular: true })
}

/** An object whose fields are somebody else's, such as settings of a driver. */
export function record<Settings extends object>(expects: string): Option<Settings, Settings> {
  return option({
    expects: [expects],
    is: isObject,
    read: (value: Settings, _name, parent) => (isObject(parent) ? { ...parent, ...value } : value),
    layered: true,
  })
}

/** An option with options of its own: `near: { maxBytes, ttl }`. Those that a layer leaves out come from the layer below. */
export function nested<const Table extends Rows>(rows: Table): Option<Written<Table>, Parsed<Table>> {
  const table = new OptionTable('', rows)
  return option<Written<Table>, Parsed<Table>>({
    expects: [`an object { ${Object.keys(rows).join(', ')} }`],
    is: isObject,
    read: (value, name, parent) => table.readField(value, name, parent),
    layered: true,
  })
}

/** What either of the two takes. Read under the option's name, without a unit. */
export function either<TakesOne, One, TakesOther, Other>(
  one: Option<TakesOne, One, string>,
  other: Option<TakesOther, Other, string>,
): Option<TakesOne | TakesOther, One | Other> {
  const [first, second] = [one.kind, other.kind]
  return option<TakesOne | TakesOther, One | Other>({
    expects: [...first.expects, ...second.expects],
    is: (value) => first.is(value) || second.is(value),
    read: (value, name, parent) => (first.is(value) ? first : second).read(value, name, parent),
    secret: first.secret || second.secret,
    particular: first.particular || second.particular,
    layered: first.layered || second.layered,
  })
}

function hasMethods(value: unknown, methods: readonly string[]): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return methods.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function same<Value>(value: Value): Value {
  return value
}
