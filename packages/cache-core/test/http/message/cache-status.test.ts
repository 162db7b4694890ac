import { describe, expect, it } from 'vitest'
import { cacheStatusLine, formatCacheStatus } from '../../../src/http/message/cache-status.js'

describe('Cache-Status', () => {
  it('tells a hit and how long it stays fresh', () => {
    expect(formatCacheStatus({ hit: true, ttlMs: 53_999 })).toBe('tiercel; hit; ttl=53')
    expect(formatCacheStatus({ hit: true, ttlMs: -1 })).toBe('tiercel; hit; ttl=-1')
    expect(formatCacheStatus({ hit: true, ttlMs: Number.POSITIVE_INFINITY })).toBe('tiercel; hit')
  })

  it('tells why the handler ran and what became of its response', () => {
    expect(formatCacheStatus({ hit: false, forward: 'uri-miss', stored: true })).toBe('tiercel; fwd=uri-miss; stored')
    expect(formatCacheStatus({ hit: false, forward: 'uri-miss', collapsed: true })).toBe(
      'tiercel; fwd=uri-miss; collapsed',
    )
    expect(formatCacheStatus({ hit: false, forward: 'miss', stored: false })).toBe('tiercel; fwd=miss')
    expect(formatCacheStatus({ hit: false, forward: 'stale', forwardStatus: 503 })).toBe(
      'tiercel; fwd=stale; fwd-status=503',
    )
  })

  it('tells nothing of what others did where the route says so, or nothing at all', () => {
    const cases = [
      [{ hit: true, ttlMs: 5_000 }, 'tiercel; hit'],
      [{ hit: false, forward: 'uri-miss', stored: true }, 'tiercel; fwd=miss'],
      [{ hit: false, forward: 'miss', collapsed: true }, 'tiercel; fwd=miss'],
      [{ hit: false, forward: 'miss', detail: 'the store does not answer' }, 'tiercel; fwd=miss'],
      [{ hit: false, forward: 'bypass', detail: 'request has cookies' }, 'tiercel; fwd=bypass'],
    ] as const
    for (const [status, told] of cases) {
      expect(cacheStatusLine(status, 'minimal')).toEqual(['Cache-Status', told])
      expect(cacheStatusLine(status, false)).toEqual([])
      expect(cacheStatusLine(status, 'full')).toEqual(['Cache-Status', formatCacheStatus(status)])
    }
  })

  it('gives the reason as a string that needs no trust', () => {
    const detail = 'a "quoted" back\\slash, ü\r\nX-Evil: 1'
    expect(formatCacheStatus({ hit: false, forward: 'bypass', detail })).toBe(
      'tiercel; fwd=bypass; detail="a \\"quoted\\" back\\\\slash, ???X-Evil: 1"',
    )
    expect(formatCacheStatus({ hit: false, forward: 'bypass', detail: 'x'.repeat(10_000) }).length).toBeLessThan(300)
  })
})
