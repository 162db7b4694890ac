import { expect, it } from 'vitest'
import { expiryOf, TTL_RESOLUTION_MS } from '../src/expiry.js'

const DAY_MS = 86_400_000
const nowS = (): number => Date.now() / 1_000

it('no lifetime is no end', () => {
  expect(expiryOf(undefined)).toBe(0)
})

it.each([1, 400, 999, 1_000, 1_001, 2_400, 3_600_000])('%i ms never end early, nor later than declared', (ttlMs) => {
  // An expiration of n seconds lasts from n - 2 to n, and a tick may be late.
  const seconds = expiryOf(ttlMs)
  expect((seconds - 2) * 1_000).toBeGreaterThanOrEqual(ttlMs)
  expect(seconds * 1_000).toBeLessThan(ttlMs + TTL_RESOLUTION_MS)
})

it.each([30, 31, 3_650])('%i days are a date, since memcached takes more than 30 days for one', (days) => {
  const left = expiryOf(days * DAY_MS) - nowS()
  expect(left * 1_000).toBeGreaterThanOrEqual(days * DAY_MS + 1_000)
  expect(left * 1_000).toBeLessThan(days * DAY_MS + TTL_RESOLUTION_MS + 1_000)
})

it('beyond the dates that memcached knows there is no end', () => {
  expect(expiryOf(100 * 365 * DAY_MS)).toBe(0)
})
