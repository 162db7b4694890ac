import type { CapabilityName, GuardedStore, Store, StoreCapabilities } from '@tiercel/cache-core/store'
import type { Clock } from '@tiercel/cache-core/store-kit'
import type { Crew } from './processes/crew.js'
import type { ProbeReport, ProbeScript } from './processes/probe-report.js'
import type { PromiseId } from './promises.js'

export interface StoreContext {
  /** What the store puts before its keys. Two prefixes never meet. */
  readonly prefix: string
  /** Present when the suite wants to move time itself. Only stores that declare `clock: true` get one. */
  readonly clock?: Clock
}

/** Makes a store. Called many times: each store is independent, and those with the same prefix share their data. */
export type StoreFactory = (context: StoreContext) => Store | Promise<Store>

/** What the caller can do to the server behind the store. Each resolves when it is done. */
export interface Faults {
  /** The server stops answering, and its connections stay open (SIGSTOP). */
  freeze(): Promise<void>
  /** Ends a freeze (SIGCONT). */
  thaw(): Promise<void>
  /** The server is gone, and its connections with it (SIGKILL). */
  kill(): Promise<void>
  /** The server runs again at the same address, empty or with its data. Resolves when it answers. */
  restart(): Promise<void>
}

/** A capability that the store declares, or something that the caller gave the suite. */
export type Need = CapabilityName | 'module' | 'faults' | 'unreachable'

/** One behaviour that a user of a store can rely on. */
export interface ConformanceCase {
  /** Stable, `group/name`. */
  readonly id: string
  readonly promise: PromiseId
  /** A sentence. */
  readonly title: string
  /** Without these the case does not apply. Default: none. */
  readonly needs?: readonly Need[]
  /** A further reason, from what the store declares, why the case does not apply. */
  excuse?(capabilities: StoreCapabilities): string | undefined
  /** It waits for real time to pass, and runs beside all other cases that do. Default false. */
  readonly waits?: boolean
  /** Resolves when the store behaves so, rejects with what was expected and seen. */
  run(context: CaseContext): Promise<void>
}

/** A store as the cache holds it, and the same without the guard. */
export interface OpenStore {
  readonly store: GuardedStore
  readonly raw: Store
}

export interface OpenOptions {
  /** Default: the prefix of the suite, as `store` has it. */
  readonly prefix?: string
  /** Deadline of the guard in milliseconds. Default: that of the suite. */
  readonly timeoutMs?: number
}

/** Time as the store under test sees it. */
export interface TestTime {
  readonly store: GuardedStore
  /** The suite moves the clock: nothing is slow, and instants are exact. */
  readonly exact: boolean
  /** Milliseconds; only differences mean something. */
  now(): number
  pass(ms: number): Promise<void>
}

/** What a case works with. Stores and keys are its own; what it opened is closed after it. */
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
  /** A prefix that no other case uses; `name` stands at its end. */
  prefix(name?: string): string
  /** A further store. */
  open(options?: OpenOptions): Promise<OpenStore>
  /** Whose server is not there: a port where nobody listens. */
  openUnreachable(): Promise<OpenStore>
  time(): Promise<TestTime>
  /** Other processes with the same store and prefix. */
  crew(): Promise<Crew>
  /** Runs a script in a process of its own and tells what became of that process. */
  probe(script: ProbeScript): Promise<ProbeReport>
}
