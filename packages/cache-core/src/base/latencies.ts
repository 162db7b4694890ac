import { createHistogram } from 'node:perf_hooks'

/** Milliseconds, to a hundredth part; `NaN` where nothing was timed. */
export interface LatencySummary {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
}

/** Whatever took longer counts as this: an hour, in microseconds. */
const LONGEST_US = 3_600_000_000

/** How long something took, since the process began: a histogram of fixed size, 27 KB. */
export class Latencies {
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 2 })

  /** @param ms Fractions count. */
  record(ms: number): void {
    this.#histogram.record(Math.min(LONGEST_US, Math.max(1, Math.round(ms * 1_000))))
  }

  summary(): LatencySummary {
    const { count } = this.#histogram
    const at = (percent: number): number => (count === 0 ? Number.NaN : this.#histogram.percentile(percent) / 1_000)
    return { count, p50: at(50), p90: at(90), p99: at(99) }
  }
}
