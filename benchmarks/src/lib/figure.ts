import type { Sample } from './sample.js'
import { type Spread, spreadOf } from './statistics.js'

/** How a ratio is read: `speed` 0.9 is nine operations where the base has ten; `cost` 2 is twice the base's time for one. */
export type Reading = 'speed' | 'cost'

/** Time on the clock, or time on the processor. */
export type Measure = 'wall' | 'CPU'

/** What must hold. At least it for a speed, at most it for a cost. */
export type Bar = number | undefined

/** One line of the table. */
export interface Figure {
  /** What is measured. */
  readonly subject: string
  /** What it is compared with. */
  readonly over: string
  readonly reading: Reading
  readonly measure: Measure | 'calls' | 'bytes'
  readonly ratio: Spread
  /** The same ratio by the other measure. */
  readonly beside: string
  readonly bar: Bar
  /** Absolute, of this machine at this moment. */
  readonly aside: string
}

export interface Comparison {
  readonly subject: string
  readonly over: string
  readonly reading: Reading
  readonly measure: Measure
  readonly bar?: Bar
}

/** The ratio of two contenders, round by round: samples of one round are neighbours in time. */
export function compare(
  { subject, over, reading, measure, bar }: Comparison,
  samples: readonly Sample[] | undefined = [],
  base: readonly Sample[] | undefined = [],
): Figure {
  const ratio = (by: Measure): Spread =>
    spreadOf(
      samples.map((sample, round) => {
        const cost = perOperation(sample, by) / perOperation(base[round], by)
        return reading === 'cost' ? cost : 1 / cost
      }),
    )
  const other: Measure = measure === 'wall' ? 'CPU' : 'wall'
  return {
    subject,
    over,
    reading,
    measure,
    ratio: ratio(measure),
    beside: `${other} ${ratio(other).median.toFixed(2)}`,
    bar,
    aside: `${microseconds(samples, measure)} over ${microseconds(base, measure)} µs`,
  }
}

export function missesBar({ reading, ratio, bar }: Figure): boolean {
  if (bar === undefined) return false
  return !(reading === 'speed' ? ratio.median >= bar : ratio.median <= bar)
}

function perOperation(sample: Sample | undefined, measure: Measure): number {
  if (sample === undefined) return Number.NaN
  return (measure === 'wall' ? sample.wallMs : sample.cpuMs) / sample.operations
}

function microseconds(samples: readonly Sample[], measure: Measure): string {
  const { median } = spreadOf(samples.map((sample) => 1_000 * perOperation(sample, measure)))
  return median.toPrecision(3)
}
