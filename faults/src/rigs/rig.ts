import type { Store } from '@tiercel/cache-core/store'
import type { Server } from '@tiercel/servers'
import type { FaultProxy } from '../wire/fault-proxy.js'

/** One server, and the line to it. */
export interface Machine {
  readonly server: Server
  /** `undefined` where its clients find it by an address of its own. */
  readonly line: FaultProxy | undefined
}

/** The servers of a scenario, private to it, and the way to them. */
export interface Rig {
  readonly machines: readonly Machine[]
  /** A store of a client's own. @param client Which one: they need not all come over the line. */
  open(prefix: string, client?: number): Store
  /** The same without a line between: for tests that work behind the clients' backs. */
  openBehind(prefix: string): Store
  /** Whether stores have a bus, so that near caches can be used. */
  readonly hasBus?: boolean
  /** A command to one of the servers, as an operator gives it. Redis and Couchbase only. */
  command?(machine: Machine, ...words: readonly string[]): Promise<unknown>
  stop(): Promise<void>
}

/** `undefined` where the engine cannot be started here. */
export type StartRig = () => Promise<Rig | undefined>
