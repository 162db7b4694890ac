import type { CancelTimer, Clock } from '@tiercel/cache-core/store-kit'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** A clock that stands still until it is moved: ten years pass in no time. */
export class FakeClock implements Clock {
  #now = Date.now()
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): CancelTimer {
    const timer = { at: this.#now + ms, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Runs what falls due on the way, in order. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (let next = this.#due(until); next !== undefined; next = this.#due(until)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = until
  }

  #due(until: number): Timer | undefined {
    return [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
  }
}
