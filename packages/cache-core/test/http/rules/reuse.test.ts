import { describe, expect, it } from 'vitest'
import { acceptsStale, isReusable, wishesOf } from '../../../src/http/rules/reuse.js'

const STORED = { receivedAt: 1_000_000, ageMs: 5_000, freshForMs: 10_000, mustRevalidate: false }
const at = (seconds: number) => STORED.receivedAt + seconds * 1_000
const wish = (cacheControl: string) => wishesOf(['Cache-Control', cacheControl], { clientDirectives: true })

describe('a stored response may be used', () => {
  it.each([
    ['x', 9, true],
    ['x', 10, false],
    ['max-age=7', 2, true],
    ['max-age=7', 3, false],
    ['max-age=0', 0, false],
    ['min-fresh=4', 6, true],
    ['min-fresh=4', 7, false],
    ['max-stale', 10_000, true],
    ['max-stale=5', 15, true],
    ['max-stale=5', 16, false],
    ['max-stale=5, max-age=10', 12, false],
    ['max-stale=5, min-fresh=1', 12, false],
    ['max-stale=oops', 11, false],
    ['no-cache', 0, false],
    ['no-store', 0, false],
  ])('for %s, %d s later: %s', (asked, seconds, usable) => {
    expect(isReusable(STORED, wish(asked), at(seconds))).toBe(usable)
  })

  it('stale only where its response does not forbid that', () => {
    expect(isReusable({ ...STORED, mustRevalidate: true }, wish('max-stale'), at(11))).toBe(false)
    expect(isReusable({ ...STORED, mustRevalidate: true }, wish('max-stale'), at(9))).toBe(true)
  })

  it('as if no time had passed, when the clock has stepped back', () => {
    expect(isReusable(STORED, wish('max-age=5'), at(-100))).toBe(true)
  })
})

describe('what a client asks', () => {
  it('counts where the route says so', () => {
    expect(wishesOf(['Cache-Control', 'no-store'], { clientDirectives: false }).noStore).toBe(false)
    expect(wish('no-store').noStore).toBe(true)
  })

  it.each([
    [['Pragma', 'no-cache'], true],
    [['pragma', 'x, NO-CACHE'], true],
    [['Pragma', 'no-cache', 'Cache-Control', 'max-age=1'], false],
    [['Pragma', 'no-cachet'], false],
  ])('%j is no-cache by Pragma: %s', (headers, noCache) => {
    expect(wishesOf(headers, { clientDirectives: true }).noCache).toBe(noCache)
  })

  it('bars what is served stale while it is refreshed, or because of a failure', () => {
    expect(acceptsStale(STORED, wish('x'), at(100))).toBe(true)
    for (const asked of ['no-cache', 'max-age=60', 'min-fresh=1'])
      expect(acceptsStale(STORED, wish(asked), at(100))).toBe(false)
  })
})
