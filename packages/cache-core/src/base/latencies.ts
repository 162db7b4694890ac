/** Milliseconds, to a hundredth part; `NaN` where nothing was timed. */
export interface LatencySummary {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
}

/** Whatever took longer counts as this: an hour, in microseconds. */
const LONGEST_US = 3_600_000_000

/** From one bound to the next: what lies between counts as their middle, a hundredth from either. */
const GROWTH = 1.02
const STEPS = 1 / Math.log(GROWTH)
const STEP_COUNT = 1 + Math.round(STEPS * Math.log(LONGEST_US))

/**
 * How long something took, since the process began: a histogram of logarithmic steps, of fixed size, 9 KB (as DDSketch,
 * Masson et al., VLDB 2019). Not Node's own, which workers lack and which takes 27 KB.
 */
export class Latencies {
  readonly #counts = new Float64Array(STEP_COUNT)
  #count = 0

  /** @param ms Fractions count. */
  record(ms: number): void {
    const us = Math.min(LONGEST_US, Math.max(1, ms * 1_000))
    const step = Math.round(STEPS * Math.log(us))
    this.#counts[step] = (this.#counts[step] as number) + 1
    this.#count++
  }

  summary(): LatencySummary {
    return { count: this.#count, p50: this.#at(50), p90: this.#at(90), p99: this.#at(99) }
  }

  #at(percent: number): number {
    const rank = Math.ceil((this.#count * percent) / 100)
    let passed = 0
    for (let step = 0; passed < rank; step++) {
      passed += this.#counts[step] as number
      if (passed >= rank) return GROWTH ** step / 1_000
    }
    return Number.NaN
  }
}
