import { randomBytes } from 'node:crypto'
import { guardStore, type Store, type StoreCapabilities } from '@tiercel/cache-core/store'
import { FakeClock } from '@tiercel/cache-core/testing'
import type {
  CaseContext,
  ConformanceCase,
  Faults,
  Need,
  OpenOptions,
  OpenStore,
  StoreFactory,
  TestTime,
} from './case.js'
import { Crew } from './processes/crew.js'
import { probe } from './processes/probe.js'
import type { ProbeReport, ProbeScript } from './processes/probe-report.js'
import type { ProcessOptions } from './processes/process-options.js'

export interface SuiteOptions {
  /** Makes the store under test. */
  readonly create: StoreFactory
  /**
   * A module whose default export is the same factory, for cases among processes. Default: those cases do not apply.
   */
  readonly module?: URL
  /** Arguments for Node in those processes, such as a TypeScript loader. Default: none. */
  readonly execArgv?: readonly string[]
  /** Whether the factory honours `context.clock`, so that no case waits for a lifetime. Default: false. */
  readonly clock?: boolean
  /** Control over the server. Default: those cases do not apply. */
  readonly faults?: Faults
  /** Makes the same store for a missing server (a port where nobody listens). Default: those cases do not apply. */
  readonly unreachable?: StoreFactory
  /** Longest time in milliseconds that an operation on a healthy server may take. Default 2 000. */
  readonly timeoutMs?: number
  /** Longest time in milliseconds until a server that is back is used again. Default 3 000. */
  readonly recoveryMs?: number
  /** Largest value in bytes that the suite writes, whatever the store declares. Default 24 MiB. */
  readonly largestValueBytes?: number
}

const REASONS: Readonly<Partial<Record<Need, string>>> = {
  module: 'no module was given',
  faults: 'no control over the server was given',
  unreachable: 'no factory for an unreachable server was given',
}

/** What all cases of a run share: one store, one prefix, one crew of processes. */
export class Suite {
  readonly #options: SuiteOptions
  readonly #prefix = `conformance-${randomBytes(6).toString('hex')}`
  readonly #timeoutMs: number
  #shared: Promise<OpenStore> | undefined
  #crew: Promise<Crew> | undefined
  /** Kept, since several cases look at the end of the same process. */
  readonly #probes = new Map<ProbeScript, Promise<ProbeReport>>()
  #names = 0

  constructor(options: SuiteOptions) {
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? 2_000
  }

  /** The name that the store gives itself. Rejects when no store can be made. */
  async storeName(): Promise<string> {
    return (await this.#sharedStore()).raw.name
  }

  /** Why the case does not apply to this store; `undefined` if it does. */
  async excuse({ needs = [], excuse }: ConformanceCase): Promise<string | undefined> {
    const { capabilities } = (await this.#sharedStore()).raw
    const given: Readonly<Record<string, unknown>> = { ...capabilities, ...this.#options }
    const missing = needs.find((need) => given[need] === undefined || given[need] === false)
    if (missing === undefined) return excuse?.(capabilities)
    return REASONS[missing] ?? `the store declares ${missing}: false`
  }

  /** Runs one case on stores and keys of its own. Rejects with what was expected and seen. */
  async run(conformanceCase: ConformanceCase): Promise<void> {
    const { store, raw } = await this.#sharedStore()
    const opened: OpenStore[] = []
    try {
      await conformanceCase.run(this.#context(conformanceCase, { store, raw }, opened))
    } finally {
      await Promise.all(opened.map((open) => open.store.close()))
    }
  }

  /** Ends what the suite began. */
  async close(): Promise<void> {
    const [shared, crew] = await Promise.allSettled([this.#shared, this.#crew])
    if (crew.status === 'fulfilled') await crew.value?.dismiss()
    if (shared.status === 'fulfilled') await shared.value?.store.close()
  }

  #context({ id }: ConformanceCase, { store, raw }: OpenStore, opened: OpenStore[]): CaseContext {
    const options = this.#options
    const name = (text: string): string => `${id}-${++this.#names}${text}`
    const keep = (open: OpenStore): OpenStore => {
      opened.push(open)
      return open
    }
    return {
      store,
      raw,
      capabilities: raw.capabilities,
      timeoutMs: this.#timeoutMs,
      recoveryMs: options.recoveryMs ?? 3_000,
      largestValueBytes: options.largestValueBytes ?? 25_165_824,
      get faults(): Faults {
        return given('faults', options.faults)
      },
      key: (text = '') => name(text),
      prefix: (text = '') => `${this.#prefix}-${++this.#names}${text}`,
      open: async (how = {}) => keep(await this.#open(options.create, how)),
      openUnreachable: async () => keep(await this.#open(given('unreachable', options.unreachable), {})),
      time: async () => {
        if (!options.clock) return realTime({ store, raw })
        const clock = new FakeClock(Date.now())
        return fakeTime(keep(await this.#open(options.create, {}, clock)), clock)
      },
      crew: () => {
        this.#crew ??= Crew.start(this.#processes())
        return this.#crew
      },
      probe: (script) => {
        const report = this.#probes.get(script) ?? probe(script, this.#processes())
        this.#probes.set(script, report)
        return report
      },
    }
  }

  #processes(): ProcessOptions {
    const { module, execArgv = [] } = this.#options
    return { module: given('module', module), execArgv, prefix: this.#prefix, timeoutMs: this.#timeoutMs }
  }

  #sharedStore(): Promise<OpenStore> {
    this.#shared ??= this.#open(this.#options.create, {})
    return this.#shared
  }

  async #open(factory: StoreFactory, { prefix, timeoutMs }: OpenOptions, clock?: FakeClock): Promise<OpenStore> {
    const raw = await factory({ prefix: prefix ?? this.#prefix, ...(clock === undefined ? {} : { clock }) })
    checkIsStore(raw)
    return { raw, store: guardStore(raw, { timeout: timeoutMs ?? this.#timeoutMs }) }
  }
}

function given<T>(option: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`the suite was given no ${option}`)
  return value
}

function checkIsStore(value: unknown): asserts value is Store {
  const capabilities = (value as Partial<Store> | null | undefined)?.capabilities as StoreCapabilities | undefined
  if (typeof capabilities !== 'object' || capabilities === null) {
    throw new Error('the factory did not make a store: what it returned has no `capabilities`')
  }
}

function realTime({ store }: OpenStore): TestTime {
  return {
    store,
    exact: false,
    now: () => performance.now(),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }
}

function fakeTime({ store }: OpenStore, clock: FakeClock): TestTime {
  return {
    store,
    exact: true,
    now: () => clock.now(),
    pass: (ms) => clock.advance(ms),
  }
}
