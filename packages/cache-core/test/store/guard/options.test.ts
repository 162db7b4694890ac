import { expect, it } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { type GuardOptions, parseGuardOptions } from '../../../src/store/guard/options.js'

it('timeouts are one for all operations, or one for reads and one for writes', () => {
  const timeoutOf = (timeout: GuardOptions['timeout']): unknown => parseGuardOptions({ timeout }).timeout
  expect(timeoutOf(undefined)).toEqual({ readMs: 50, writeMs: 200 })
  expect(timeoutOf('2s')).toEqual({ readMs: 2_000, writeMs: 2_000 })
  expect(timeoutOf({ read: '1s', write: undefined })).toEqual({ readMs: 1_000, writeMs: 200 })
})

it("keys may have 64 KiB, and time is the system's", () => {
  expect(parseGuardOptions({})).toMatchObject({ maxKeyBytes: 65_536, clock: systemClock })
})

it.each<[unknown, string]>([
  [
    { timeout: true },
    "timeout: expected milliseconds, a string like '500ms', '30s', '5m', '1h', '7d' or an object { read, write }, got true",
  ],
  [{ timeout: { read: null } }, 'timeout.read: expected milliseconds or'],
  [{ timeout: Number.POSITIVE_INFINITY }, 'timeout: must be finite'],
  [{ maxKeyBytes: Number.NaN }, 'maxKeyBytes: expected a whole number of at least 1, got NaN'],
  [{ clock: Date }, 'clock: expected a clock, an object with now, monotonic and after, got a function'],
  ['50ms', 'guardStore: expected an object of options, got a string; give it as { timeout: … }'],
])('%j is refused: %s', (options, message) => {
  expect(() => parseGuardOptions(options as GuardOptions)).toThrow(message)
})
