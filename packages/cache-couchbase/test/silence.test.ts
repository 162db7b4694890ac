import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Silence } from '../src/silence.js'

describe('silence', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
  afterEach(() => vi.useRealTimers())

  it.each([
    ['two seconds where operations may take less', 500, 2_000],
    ['the time of an operation and half a second more, since a large value may take all of it', 5_000, 5_500],
  ])('is too long after %s', (_why, timeoutMs, tooLongMs) => {
    const silence = new Silence(timeoutMs, () => {})
    silence.asked()
    vi.advanceTimersByTime(tooLongMs)
    expect(silence.isTooLong()).toBe(false)
    vi.advanceTimersByTime(1)
    expect(silence.isTooLong()).toBe(true)
  })

  it('lasts twice as long the next time, unless something was answered', () => {
    const silence = new Silence(500, () => {})
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
