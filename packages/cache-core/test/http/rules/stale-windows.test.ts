import { describe, expect, it } from 'vitest'
import { responseDirectives } from '../../../src/http/message/cache-control.js'
import { staleWindows } from '../../../src/http/rules/stale-windows.js'
import { rulesOf } from '../support/requests.js'

/** The two windows in seconds. */
function windows(cacheControl: string, options: Parameters<typeof rulesOf>[0] = {}): [number, number] {
  const { staleWhileRevalidateMs, staleIfErrorMs } = staleWindows(responseDirectives([cacheControl]), rulesOf(options))
  return [staleWhileRevalidateMs / 1_000, staleIfErrorMs / 1_000]
}

const ROUTE = { ttl: '1m', staleWhileRevalidate: '1m', staleIfError: '1h' } as const

describe('stale windows', () => {
  it('are the response’s own, then the route’s, else none', () => {
    expect(windows('max-age=1')).toEqual([0, 0])
    expect(windows('max-age=1', ROUTE)).toEqual([60, 3_600])
    expect(windows('max-age=1, stale-while-revalidate=5', ROUTE)).toEqual([5, 3_600])
    expect(windows('max-age=1, stale-while-revalidate=0, stale-if-error=7', ROUTE)).toEqual([0, 7])
    expect(windows('max-age=1, stale-if-error=soon', ROUTE)).toEqual([60, 0])
  })

  it('are the route’s where that overrides, as far as it says so', () => {
    expect(windows('stale-while-revalidate=5, stale-if-error=7', { ...ROUTE, override: true })).toEqual([60, 3_600])
    const some = { ttl: '1m', staleIfError: '1h', override: true } as const
    expect(windows('stale-while-revalidate=5, stale-if-error=7', some)).toEqual([5, 3_600])
  })

  it.each(['must-revalidate', 'proxy-revalidate', 's-maxage=1'])('are none where the response says %s', (barrier) => {
    expect(windows(`max-age=1, stale-while-revalidate=5, stale-if-error=7, ${barrier}`, ROUTE)).toEqual([0, 0])
  })

  it('are the route’s over s-maxage where its ttl is in the place of that; over must-revalidate never', () => {
    expect(windows('s-maxage=1', { ...ROUTE, override: true })).toEqual([60, 3_600])
    expect(windows('max-age=1, must-revalidate', { ...ROUTE, override: true })).toEqual([0, 0])
  })
})
