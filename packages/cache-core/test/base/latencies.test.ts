import { describe, expect, it } from 'vitest'
import { Latencies } from '../../src/base/latencies.js'

function summaryOf(times: Iterable<number>): ReturnType<Latencies['summary']> {
  const latencies = new Latencies()
  for (const ms of times) latencies.record(ms)
  return latencies.summary()
}

/** A hundredth part, and what floating point adds. */
const PART = 0.0101

describe('latencies', () => {
  it('are not a number where nothing was timed', () => {
    expect(summaryOf([])).toEqual({ count: 0, p50: Number.NaN, p90: Number.NaN, p99: Number.NaN })
  })

  it.each([0.001, 0.017, 0.5, 1, 3.3, 47, 1_000, 59_999, 3_600_000])('tell one of %d ms to a hundredth part', (ms) => {
    const { count, p50, p90, p99 } = summaryOf([ms])
    expect(count).toBe(1)
    for (const told of [p50, p90, p99]) expect(Math.abs(told / ms - 1)).toBeLessThan(PART)
  })

  it('tell what half, nine of ten and 99 of a hundred took at most', () => {
    const { count, p50, p90, p99 } = summaryOf(Array.from({ length: 1_000 }, (_, i) => (i + 1) / 10))
    expect(count).toBe(1_000)
    for (const [told, ms] of [
      [p50, 50],
      [p90, 90],
      [p99, 99],
    ] as const)
      expect(Math.abs(told / ms - 1)).toBeLessThan(PART)
  })

  it('count what took no time as a microsecond, and what took longer than an hour as one', () => {
    expect(summaryOf([0, -1]).p99).toBe(0.001)
    expect(summaryOf([Number.POSITIVE_INFINITY, 7_200_000]).p50 / 3_600_000).toBeCloseTo(1, 2)
  })
})
