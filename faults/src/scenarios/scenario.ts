import type { CacheOptions } from '@tiercel/cache-core'
import type { Machine, Rig, StartRig } from '../rigs/rig.js'

/** What a fault acts on. */
export interface Stage {
  readonly rig: Rig
  /** The only server, or the one of several that fails. */
  readonly machine: Machine
  /** The common prefix of the clients' caches. */
  readonly prefix: string
  readonly keys: readonly string[]
}

/** A fault, from its beginning to its end. */
export interface Fault {
  readonly name: string
  /** Nothing is answered in time until it ends: from the third second on no caller may wait for the store. */
  readonly answersNothing?: boolean
  /**
   * Everything is answered, if only with an error or on a new connection: the same holds, unless the machine is slow.
   */
  readonly answersSoon?: boolean
  /** In between it answers promptly, so only after a while does it show that the fault is over. */
  readonly comesAndGoes?: boolean
  /** Resolves when it has begun. */
  begin(stage: Stage): Promise<void> | void
  /** Resolves when all is well again. Absent: the fault lasts as long as the scenario is played. */
  end?(stage: Stage): Promise<void> | void
}

/** A row of the table. */
export interface Scenario {
  readonly engine: string
  readonly fault: Fault
  readonly start: StartRig
  /** Which server fails. Default: the first. */
  readonly failing?: number
  /** The fault concerns one server of several: the others answer for their keys all the time. */
  readonly oneOfMany?: boolean
  /**
   * How much later than a delivered delete other clients may see the old value, in milliseconds. Default 0. Near caches
   * have to hear of the delete.
   */
  readonly lateMs?: number
  /** Near caches that outlast the fault: keys that nobody changes are never loaded. */
  readonly keepsHot?: boolean
  /** Played in long tests only, because it takes many seconds. */
  readonly long?: boolean
  /** The minimum time until the fault shows, in milliseconds. */
  readonly leastMs?: number
  /** The minimum time of observation after the fault, in milliseconds. */
  readonly settleMs?: number
  /** Options of each client's cache, by the client's index. */
  readonly cache?: (client: number) => Partial<CacheOptions>
}
