import type { Clock } from '../base/clock.js'
import type { ValueFrame } from '../entry/frame.js'
import type { Version } from '../store/store.js'
import type { LoadOptions } from './call.js'
import { type ClaimTerms, claimUnderMarks } from './claim.js'
import { Flight } from './flight.js'
import type { Flights } from './flights.js'
import { Load } from './load.js'
import { LoadLink } from './load-chain.js'
import type { PresentMarks } from './present-marks.js'
import { RefreshLease, sameValue } from './refresh-lease.js'
import type { Slots } from './slots.js'
import type { Stats } from './stats.js'

/** Most refreshes that wait for their turn. Others are left to the next caller that meets the stale value. */
const MAX_WAITING = 10_000
/** Most slots remembered whose last refresh failed, or is another process's. The oldest is forgotten first. */
const MAX_OBSTACLES = 10_000

/** How long this process believes that another one still refreshes, in milliseconds. */
const ANOTHERS_MS = 250

interface Parts {
  readonly slots: Slots
  readonly clock: Clock
  readonly stats: Stats
  readonly flights: Flights
  /** Most refreshes at once. */
  readonly maxRefreshes: number
}

/** Another process refreshes; or a refresh has failed, and is not tried again for the length of a lease. */
export type Obstacle = 'running' | 'backing-off'

/** What is refreshed: the slot of a load, and the value in it. */
export interface Refreshable {
  readonly options: LoadOptions & ClaimTerms
  readonly frame: ValueFrame
  readonly version: Version
  /** The marks that were read from the store for this caller. */
  readonly present: PresentMarks | undefined
}

/**
 * Loads that nobody waits for: a stale value is served, and replaced behind the answer (T6), by one of all processes. At
 * most `maxRefreshes` run at once in this process, the others wait in the order in which they came.
 */
export class Refreshes {
  readonly #parts: Parts
  readonly #waiting = new Map<string, () => void>()
  readonly #obstacles = new Map<string, { readonly obstacle: Obstacle; readonly until: number }>()
  #running = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Refreshes, now or soon, unless a refresh is under way or has failed a moment ago.
   * @returns settled when all is done; `undefined` where this call has not begun it.
   */
  start(refreshable: Refreshable): Promise<void> | undefined {
    const { slot } = refreshable.options
    if (this.#waiting.has(slot) || this.obstacle(slot) !== undefined) return undefined
    if (this.#parts.flights.refreshing(refreshable.options) !== undefined) return undefined
    if (this.#running < this.#parts.maxRefreshes) return this.#run(refreshable)
    if (this.#waiting.size >= MAX_WAITING) return undefined
    return new Promise((resolve) => {
      this.#waiting.set(slot, () => resolve(this.#run(refreshable)))
    })
  }

  /** Why this process must not refresh the slot, as far as it knows. */
  obstacle(slot: string): Obstacle | undefined {
    const known = this.#obstacles.get(slot)
    if (known === undefined) return undefined
    if (this.#parts.clock.monotonic() < known.until) return known.obstacle
    this.#obstacles.delete(slot)
    return undefined
  }

  /** Remembers what a claim or a load has shown, for as long as it counts. */
  remember({ slot, leaseMs }: Pick<LoadOptions, 'slot' | 'leaseMs'>, obstacle: Obstacle): void {
    const forMs = obstacle === 'running' ? ANOTHERS_MS : leaseMs
    this.#obstacles.delete(slot)
    this.#obstacles.set(slot, { obstacle, until: this.#parts.clock.monotonic() + forMs })
    if (this.#obstacles.size <= MAX_OBSTACLES) return
    const [oldest] = this.#obstacles.keys()
    if (oldest !== undefined) this.#obstacles.delete(oldest)
  }

  async #run({ options, frame, version, present }: Refreshable): Promise<void> {
    const { slots, stats, flights } = this.#parts
    this.#running++
    const { key, slot } = options
    const link = new LoadLink(key, slot, slots, [])
    const flight = new Flight(stats, options, undefined, link)
    flights.add(flight, 'refreshing')
    const right = await claimUnderMarks(options, present, () =>
      new RefreshLease({
        slots,
        slot,
        over: version,
        stands: sameValue(frame.createdAt),
        leaseMs: options.leaseMs,
      }).claim(),
    )
    if (typeof right === 'object') {
      stats.refreshing()
      const result = await flight.run(new Load(this.#parts, options, link, right, frame))
      if (result !== undefined && 'error' in result) this.remember(options, 'backing-off')
    } else {
      flight.dissolve(right === 'no-store' || right === 'failed' ? 'no-store' : 'unproven')
      if (right === 'running' || right === 'backing-off') this.remember(options, right)
    }
    this.#running--
    this.#startNext()
  }

  #startNext(): void {
    for (const [slot, run] of this.#waiting) {
      this.#waiting.delete(slot)
      run()
      return
    }
  }
}
