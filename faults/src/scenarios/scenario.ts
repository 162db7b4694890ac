import type { CacheOptions } from '@tiercel/cache-core'
import type { Machine, Rig, StartRig } from '../rigs/rig.js'

/** What a fault acts on. */
export interface Stage {
  readonly rig: Rig
  /** The only server, or the one of several that fails. */
  readonly machine: Machine
  /** What the clients' caches have in common. */
  readonly prefix: string
  readonly keys: readonly string[]
}

/** A fault, from its beginning to its end. */
export interface Fault {
  readonly name: string
  /** Nothing is answered in time until it ends: from the third second on no caller may wait for the store. */
  readonly answersNothing?: boolean
  /** All is answered, if only with an error, or on a new connection: the same, but where the machine is slow. */
  readonly answersSoon?: boolean
  /** In between it answers promptly: that it is over shows after a while only. */
  readonly comesAndGoes?: boolean
  /** Resolves when it has begun. */
  begin(stage: Stage): Promise<void> | void
  /** Resolves when all is well again. Absent: it is not, as long as the scenario is played. */
  end?(stage: Stage): Promise<void> | void
}

/** A row of the table. */
export interface Scenario {
  readonly engine: string
  readonly fault: Fault
  readonly start: StartRig
  /** Which server fails. Default: the first. */
  readonly failing?: number
  /** Of a fault that concerns one of several: the others answer for their keys all the time. */
  readonly oneOfMany?: boolean
  /**
   * How much later than a delivered delete the other clients may see what was there before, in milliseconds. Default 0;
   * near caches have to hear of it.
   */
  readonly lateMs?: number
  /** Near caches that outlast the fault: what nobody changes loads at no time. */
  readonly keepsHot?: boolean
  /** Played in long tests only: it takes many seconds. */
  readonly long?: boolean
  /** How long it takes at the least until the fault shows, in milliseconds. */
  readonly leastMs?: number
  /** How long it is watched after the fault at the least, in milliseconds. */
  readonly settleMs?: number
  /** Of every client; the index says which. */
  readonly cache?: (client: number) => Partial<CacheOptions>
}
