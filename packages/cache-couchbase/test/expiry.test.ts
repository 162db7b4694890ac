import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { expiryOf } from '../src/expiry.js'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 0, 1)

describe('the expiry of a document', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is whole seconds, rounded up, and one more', () => {
    expect(expiryOf(0.4)).toBe(2)
    expect(expiryOf(1)).toBe(2)
    expect(expiryOf(1_000)).toBe(2)
    expect(expiryOf(1_001)).toBe(3)
  })

  it('is none where there is no TTL', () => {
    expect(expiryOf(undefined)).toBeUndefined()
  })

  it('is a number of seconds below 30 days, which the server counts from its own clock', () => {
    expect(expiryOf(30 * DAY_MS - 2_000)).toBe(30 * 86_400 - 1)
  })

  it('is a point in time from 30 days on: a number would be taken as one in 1970', () => {
    expect(expiryOf(30 * DAY_MS - 1_000)).toEqual(new Date(NOW + 30 * DAY_MS))
    expect(expiryOf(31 * DAY_MS)).toEqual(new Date(NOW + 31 * DAY_MS + 1_000))
    expect(expiryOf(3_650 * DAY_MS)).toEqual(new Date(NOW + 3_650 * DAY_MS + 1_000))
  })

  it('is none past 2106, which the server cannot say: more time, never less', () => {
    expect(expiryOf(4_294_967_295_000 - NOW - 1_000)).toEqual(new Date(4_294_967_295_000))
    expect(expiryOf(4_294_967_295_000 - NOW)).toBeUndefined()
    expect(expiryOf(100 * 365 * DAY_MS)).toBeUndefined()
  })
})
