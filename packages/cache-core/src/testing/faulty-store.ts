import type { Clock } from '../base/clock.js'
import { clockOption } from '../base/clock-option.js'
import type { Duration } from '../base/duration.js'
import { AmbiguousWriteError, StoreUnavailableError } from '../base/errors.js'
import { amount, callback, count, duration } from '../base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../base/option-table.js'
import type { Store } from '../store/store.js'
import { Seeded } from './seeded.js'

/**
 * What happens to an operation. With `undefined` nothing does: it is executed and answered.
 * - an `Error`: fails with that error and is not executed
 * - `'frozen'`: is never executed or answered; only the cache's `storeTimeout` ends it
 * - `'ambiguous'`: is executed, but its answer is lost: `AmbiguousWriteError`
 * - `'lost'`: is not executed, and the caller gets the same error, since it could not know
 * - `{ answer }`: is answered with this, and not executed
 * - `{ executeAfter }`, `{ answerAfter }`: is executed, or answered, only after the promise has settled
 */
export type Fault =
  | Error
  | 'frozen'
  | 'ambiguous'
  | 'lost'
  | { readonly answer: unknown }
  | { readonly executeAfter: Promise<unknown> }
  | { readonly answerAfter: Promise<unknown> }
  | undefined

/**
 * Decides what happens to each operation.
 * @param operation A method of the store, such as `'compareAndSet'`.
 * @param key The slot as the cache names it: look for the end of the name. Several are joined by commas.
 */
export type FaultScript = (operation: string, key: string) => Fault

export interface FaultyStoreOptions {
  /** Share of operations that fail with `StoreUnavailableError` and are not executed, 0 to 1. Default 0. */
  readonly errors?: number | undefined
  /** Share of writes whose answer is lost, whether executed or not, 0 to 1. Default 0. */
  readonly ambiguous?: number | undefined
  /** Longest time that an operation waits before it is executed; the actual time is random. Default 0. */
  readonly latency?: Duration | undefined
  /** Makes random decisions repeatable, as long as the operations come in the same order. A whole number. Default 1. */
  readonly seed?: number | undefined
  /** Decides before chance does. If it returns `undefined`, chance decides. */
  readonly script?: FaultScript | undefined
  /** The clock for `latency`. Default: the system's. */
  readonly clock?: Clock | undefined
}

/** How a test controls and inspects a faulty store. */
export interface FaultControls {
  /** Every operation so far, as `operation key`. A test may empty it. */
  readonly calls: string[]
  /** The script, which can be replaced at any time. */
  faultOf: FaultScript
  /** From now on nothing answers, until `thaw`. */
  freeze(): void
  /** Removes the script, and with it a freeze. */
  thaw(): void
  /** How often this call was made, for example `'get 2:v::key'`. */
  count(call: string): number
}

const OPTIONS = {
  errors: amount({ min: 0, max: 1 }).or(0),
  ambiguous: amount({ min: 0, max: 1 }).or(0),
  latency: duration().or(0),
  seed: count({ min: 0 }).or(1),
  script: callback<FaultScript>("a function such as (operation) => operation === 'add' ? 'frozen' : undefined").or(
    () => undefined,
  ),
  clock: clockOption,
} satisfies RowsOf<FaultyStoreOptions>

const TABLE = new OptionTable('faultyStore', OPTIONS)

const WRITES: ReadonlySet<string> = new Set([
  'set',
  'add',
  'compareAndSet',
  'delete',
  'compareAndDelete',
  'touch',
  'setMany',
  'deleteMany',
  'increment',
] satisfies (keyof Store)[])

/** Methods that ask nothing of a server, or must work whatever the test has broken. */
const SPARED: ReadonlySet<string | symbol> = new Set<keyof Store>([
  'close',
  'serverOf',
  'partOf',
  'onReachable',
  'goAround',
])

/**
 * A store between a cache and the real one, whose operations fail, hang or are slow: by chance, by a script, or as the
 * test says meanwhile. @throws InvalidOptionError naming the option.
 */
export function faultyStore(store: Store, options: FaultyStoreOptions = {}): Store & FaultControls {
  const faults = new Faults(store.name, TABLE.read(options))
  return new Proxy(store, {
    get(target, name) {
      if (Object.hasOwn(faults, name)) return Reflect.get(faults, name, faults)
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      const call = (args: unknown[]): unknown => member.apply(target, args)
      if (SPARED.has(name)) return (...args: unknown[]) => call(args)
      return (...args: unknown[]) => faults.operate(String(name), args, call as (args: unknown[]) => Promise<unknown>)
    },
    set: (_target, name, value) => Reflect.set(faults, name, value, faults),
  }) as Store & FaultControls
}

class Faults implements FaultControls {
  readonly calls: string[] = []
  faultOf: FaultScript
  readonly #store: string
  readonly #terms: Parsed<typeof OPTIONS>
  readonly #chance: Seeded

  constructor(store: string, terms: Parsed<typeof OPTIONS>) {
    this.#store = store
    this.#terms = terms
    this.#chance = new Seeded(terms.seed)
    this.faultOf = terms.script
  }

  readonly freeze = (): void => {
    this.faultOf = () => 'frozen'
  }

  readonly thaw = (): void => {
    this.faultOf = () => undefined
  }

  readonly count = (call: string): number => this.calls.filter((each) => each === call).length

  async operate(operation: string, args: unknown[], call: (args: unknown[]) => Promise<unknown>): Promise<unknown> {
    const key = keyIn(args[0])
    this.calls.push(`${operation} ${key}`)
    const fault = this.faultOf(operation, key) ?? this.#byChance(operation)
    if (this.#terms.latencyMs > 0) await this.#latency()
    if (fault === undefined) return call(args)
    if (fault === 'frozen') return new Promise(() => {})
    if (fault instanceof Error) throw fault
    if (fault === 'ambiguous' || fault === 'lost') {
      if (fault === 'ambiguous') await call(args)
      throw new AmbiguousWriteError('the answer was lost', { store: this.#store, operation })
    }
    if ('answer' in fault) return fault.answer
    if ('executeAfter' in fault) {
      await fault.executeAfter
      return call(args)
    }
    const result = await call(args)
    await fault.answerAfter
    return result
  }

  #byChance(operation: string): Fault {
    const { errors, ambiguous } = this.#terms
    if (errors > 0 && this.#chance.next() < errors) {
      return new StoreUnavailableError('broken by chance', { store: this.#store, operation })
    }
    if (ambiguous === 0 || !WRITES.has(operation) || this.#chance.next() >= ambiguous) return undefined
    return this.#chance.next() < 0.5 ? 'ambiguous' : 'lost'
  }

  async #latency(): Promise<void> {
    const { latencyMs, clock } = this.#terms
    await new Promise<void>((resolve) => clock.after(this.#chance.next() * latencyMs, resolve, true))
  }
}

/** The key of an operation, several joined by commas; for a message, its channel. */
function keyIn(argument: unknown): string {
  if (Array.isArray(argument)) return argument.map(keyIn).join()
  if (typeof argument === 'string') return argument
  return typeof argument === 'object' && argument !== null && 'key' in argument ? String(argument.key) : ''
}
