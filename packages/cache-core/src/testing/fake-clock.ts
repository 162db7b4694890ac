import type { CancelTimer, Clock } from '../base/clock.js'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/**
 * A clock that stands still until a test moves it: `createCache({ clock, store: memoryStore({ clock }) })`. Wall clock
 * and monotonic time advance together, unless the wall clock is set.
 */
export class FakeClock implements Clock {
  #wall: number
  #monotonic = 0
  readonly #timers = new Set<Timer>()

  /** @param startsAt Wall clock in milliseconds since the epoch. Default: a fixed day in 2023. */
  constructor(startsAt = 1_700_000_000_000) {
    this.#wall = startsAt
  }

  now(): number {
    return this.#wall
  }

  monotonic(): number {
    return this.#monotonic
  }

  after(ms: number, callback: () => void): CancelTimer {
    const timer = { at: this.#monotonic + ms, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Number of timers that are set. */
  get pending(): number {
    return this.#timers.size
  }

  /**
   * Advances time and runs whatever falls due, in order; after each timer, promises and one `setImmediate` get their
   * turn. Real I/O still takes real time: with a server behind the store, await the call itself.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonic + ms
    for (let next = this.#due(until); next !== undefined; next = this.#due(until)) {
      this.#timers.delete(next)
      this.#move(Math.max(this.#monotonic, next.at))
      next.callback()
      await turn()
    }
    this.#move(until)
    await turn()
  }

  /** Sets the wall clock, as a person or NTP does. Monotonic time stays as it is. */
  setWall(now: number): void {
    this.#wall = now
  }

  #move(to: number): void {
    this.#wall += to - this.#monotonic
    this.#monotonic = to
  }

  #due(until: number): Timer | undefined {
    return [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
  }
}

/** Lets everything run that is ready: promises, then what `setImmediate` put off. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}
