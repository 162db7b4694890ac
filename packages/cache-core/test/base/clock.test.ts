import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/base/clock.js'

describe('systemClock', () => {
  it('runs a timer once, after its time', async () => {
    const begun = performance.now()
    await new Promise<void>((resolve) => systemClock.after(20, resolve))
    expect(performance.now() - begun).toBeGreaterThanOrEqual(19)
  })

  it('does not run a timer that was cancelled', async () => {
    let ran = false
    systemClock.after(5, () => (ran = true))()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(ran).toBe(false)
  })

  it('takes a time that Node would run at once for being too long', async () => {
    let ran = false
    const cancel = systemClock.after(2 ** 40, () => (ran = true))
    await new Promise((resolve) => setTimeout(resolve, 20))
    cancel()
    expect(ran).toBe(false)
  })

  it('follows a date that a test has put in place', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000 })
    try {
      expect(systemClock.now()).toBe(1_000)
    } finally {
      vi.useRealTimers()
    }
  })
})
