import type { Store } from '@tiercel/cache-core/store'
import type { Server } from '@tiercel/servers'
import type { FaultProxy } from '../wire/fault-proxy.js'

/** A server and the line to it. */
export interface Machine {
  readonly server: Server
  /** `undefined` where clients find the server by its own address. */
  readonly line: FaultProxy | undefined
}

/** The servers of a scenario, which nobody else uses, and the way to them. */
export interface Rig {
  readonly machines: readonly Machine[]
  /** Opens a store for one client. @param client Its number: not all clients need to use the line. */
  open(prefix: string, client?: number): Store
  /** The same without a line: for tests that change things behind the clients' backs. */
  openBehind(prefix: string): Store
  /** Whether stores have a bus, which near caches need. */
  readonly hasBus?: boolean
  /** Sends a command to one of the servers, as an operator would. Redis and Couchbase only. */
  command?(machine: Machine, ...words: readonly string[]): Promise<unknown>
  stop(): Promise<void>
}

/** Resolves with `undefined` if the engine cannot be started here. */
export type StartRig = () => Promise<Rig | undefined>
