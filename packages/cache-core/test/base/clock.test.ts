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

  it('is content with timers that are numbers, as workers and jsdom have them', async () => {
    const real = globalThis.setTimeout
    const numbered = (callback: () => void, ms: number): number => real(callback, ms)[Symbol.toPrimitive]()
    vi.stubGlobal('setTimeout', numbered)
    try {
      const ran = new Promise<string>((resolve) => systemClock.after(1, () => resolve('ran')))
      let cancelled = true
      systemClock.after(1, () => (cancelled = false))()
      expect(await ran).toBe('ran')
      await new Promise((resolve) => real(resolve, 5))
      expect(cancelled).toBe(true)
    } finally {
      vi.unstubAllGlobals()
    }
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
