import type { CapabilityName, GuardedStore, Store, StoreCapabilities } from '@tiercel/cache-core/store'
import type { Clock } from '@tiercel/cache-core/store-kit'
import type { Crew } from './processes/crew.js'
import type { ProbeReport, ProbeScript } from './processes/probe-report.js'
import type { PromiseId } from './promises.js'

export interface StoreContext {
  /** The store puts this before its keys. Keys with different prefixes never collide. */
  readonly prefix: string
  /** Present when the suite moves time itself. Only stores that declare `clock: true` get one. */
  readonly clock?: Clock
}

/** Makes a store. Called many times: each store is independent, and stores with the same prefix share their data. */
export type StoreFactory = (context: StoreContext) => Store | Promise<Store>

/** What the caller can do to the server behind the store. Each promise resolves when it is done. */
export interface Faults {
  /** The server stops answering, but its connections stay open (SIGSTOP). */
  freeze(): Promise<void>
  /** Ends a freeze (SIGCONT). */
  thaw(): Promise<void>
  /** The server is gone, along with its connections (SIGKILL). */
  kill(): Promise<void>
  /** The server runs again at the same address, empty or with its data. Resolves when it answers. */
  restart(): Promise<void>
}

/** A capability that the store declares, or something that the caller gave to the suite. */
export type Need = CapabilityName | 'module' | 'faults' | 'unreachable'

/** One behaviour that users of a store can rely on. */
export interface ConformanceCase {
  /** Stable, `group/name`. */
  readonly id: string
  readonly promise: PromiseId
  /** A sentence. */
  readonly title: string
  /** The case applies only with all of these. Default: none. */
  readonly needs?: readonly Need[]
  /** A further reason why the case does not apply, based on what the store declares. */
  excuse?(capabilities: StoreCapabilities): string | undefined
  /** Whether it waits for real time to pass, beside all other cases that do. Default false. */
  readonly waits?: boolean
  /** Resolves if the store behaves so; otherwise rejects with what was expected and what was seen. */
  run(context: CaseContext): Promise<void>
}

/** A store as the cache holds it, and the same store without the guard. */
export interface OpenStore {
  readonly store: GuardedStore
  readonly raw: Store
}

export interface OpenOptions {
  /** Default: the suite's prefix, as for `store`. */
  readonly prefix?: string
  /** Deadline of the guard in milliseconds. Default: the suite's. */
  readonly timeoutMs?: number
}

/** Time as the store under test sees it. */
export interface TestTime {
  readonly store: GuardedStore
  /** Whether the suite moves the clock: then nothing is slow, and times are exact. */
  readonly exact: boolean
  /** Milliseconds. Only differences are meaningful. */
  now(): number
  pass(ms: number): Promise<void>
}

/** What a case works with. Its stores and keys are its own, and whatever it opens is closed after it. */
export interface CaseContext extends OpenStore {
  readonly capabilities: StoreCapabilities
  /** Longest time in milliseconds that an operation on a healthy server may take. */
  readonly timeoutMs: number
  /** Longest time in milliseconds until a server that is back is used again. */
  readonly recoveryMs: number
  /** Largest value in bytes that the suite writes, whatever the store declares. */
  readonly largestValueBytes: number
  readonly faults: Faults
  /** A key that no other case uses. */
  key(name?: string): string
  /** A prefix that no other case uses, ending with `name`. */
  prefix(name?: string): string
  /** Opens a further store. */
  open(options?: OpenOptions): Promise<OpenStore>
  /** Opens a store whose server is not there: a port where nobody listens. */
  openUnreachable(): Promise<OpenStore>
  time(): Promise<TestTime>
  /** Other processes with the same store and prefix. */
  crew(): Promise<Crew>
  /** Runs a script in a process of its own and reports what became of that process. */
  probe(script: ProbeScript): Promise<ProbeReport>
}
