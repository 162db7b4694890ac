import { describe, expect, it, vi } from 'vitest'
import { CoarseClock } from '../../src/base/coarse-clock.js'
import { FakeClock } from '../../src/testing/fake-clock.js'

describe('a coarse clock', () => {
  it('tells whole milliseconds, and is late by one at most while time passes', async () => {
    const clock = new FakeClock()
    const coarse = new CoarseClock(clock)
    for (const ms of [0, 1, 2.5, 1_000, 0.4]) {
      await clock.advance(ms)
      expect(clock.monotonic() - coarse.now()).toBeLessThan(1.5)
      expect(Number.isInteger(coarse.now())).toBe(true)
    }
  })

  it('reads the clock again where the event loop does not turn', () => {
    let now = 0
    const coarse = new CoarseClock({ now: () => 0, monotonic: () => now, after: () => () => {} })
    coarse.now()
    now = 5_000
    for (let asked = 0; asked < 300; asked++) coarse.now()
    expect(coarse.now()).toBe(5_000)
    expect(coarse.last).toBe(5_000)
  })

  it('reads anew, without a timer, for who asks once', () => {
    let now = 0
    const after = vi.fn(() => () => {})
    const coarse = new CoarseClock({ now: () => 0, monotonic: () => now, after })
    now = 7.5
    expect(coarse.once()).toBe(7)
    now = 9
    expect(coarse.once()).toBe(9)
    expect(after).not.toHaveBeenCalled()
  })
})
