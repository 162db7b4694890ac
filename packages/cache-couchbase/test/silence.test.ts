import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Silence } from '../src/silence.js'

describe('silence', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
  afterEach(() => vi.useRealTimers())

  it.each([
    ['two seconds', undefined, 2_000],
    ['as long as an operation may take that is still under way', 5_500, 5_500],
  ])('is too long after %s', (_why, leastMs, tooLongMs) => {
    const silence = new Silence(() => {})
    silence.asked()
    vi.advanceTimersByTime(tooLongMs)
    expect(silence.isTooLong(leastMs)).toBe(false)
    vi.advanceTimersByTime(1)
    expect(silence.isTooLong(leastMs)).toBe(true)
  })

  it('lasts twice as long the next time, unless something was answered', () => {
    const silence = new Silence(() => {})
    silence.asked()
    vi.advanceTimersByTime(2_001)
    expect(silence.isTooLong()).toBe(true)
    silence.asked()
    vi.advanceTimersByTime(4_000)
    expect(silence.isTooLong()).toBe(false)
    vi.advanceTimersByTime(1)
    expect(silence.isTooLong()).toBe(true)
    silence.answered()
    silence.asked()
    vi.advanceTimersByTime(2_001)
    expect(silence.isTooLong()).toBe(true)
  })
})
