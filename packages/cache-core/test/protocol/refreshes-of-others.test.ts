import { describe, expect, it } from 'vitest'
import { turn } from '../../src/testing/fake-clock.js'
import { gate, type SetUp, setUp } from '../support/set-up.js'

const STALE = { ttl: '1s', staleWhileRevalidate: '1h' } as const

/** Holds the claims of refreshes of one process back until the gate opens. */
function claimsLate(faulty: SetUp['faulty']): ReturnType<typeof gate<void>> {
  const late = gate()
  faulty.faultOf = (operation, key) =>
    operation === 'add' && key.startsWith('2:m:') ? { executeAfter: late.promise } : undefined
  return late
}

describe('what another process has refreshed meanwhile', () => {
  it('is not loaded again by one that claims late, nor its value replaced', async () => {
    const { cache, another, clock } = setUp(STALE)
    const { cache: other, faulty } = another()
    await cache.set('k', 'stale')
    await clock.advance(2_000)
    const late = claimsLate(faulty)
    let loads = 0
    const load = (): string => `load ${++loads}`
    expect(await other.getOrSet('k', load)).toBe('stale')
    expect(await cache.getOrSet('k', load)).toBe('stale')
    await turn()
    expect(await cache.get('k')).toBe('load 1')
    late.open()
    await turn()
    expect(loads).toBe(1)
    // Nor does its mark stay.
    await clock.advance(2_000)
    expect(await cache.getOrSet('k', load)).toBe('load 1')
    await turn()
    expect(await cache.get('k')).toBe('load 2')
  })

  it('is not loaded again by one in which it waited for its turn', async () => {
    const { cache, another, clock } = setUp({ ...STALE, maxRefreshes: 1 })
    const { cache: other } = another()
    await cache.setMany([
      ['first', 'stale'],
      ['second', 'stale'],
    ])
    await clock.advance(2_000)
    const slow = gate<string>()
    const loads: string[] = []
    const ask = (each: typeof cache, key: string): Promise<string> =>
      each.getOrSet(key, () => {
        loads.push(key)
        return key === 'first' ? slow.promise : 'new'
      })
    await ask(other, 'first')
    await turn()
    await ask(other, 'second')
    await ask(cache, 'second')
    await turn()
    expect(await cache.get('second')).toBe('new')
    slow.open('new')
    await turn()
    expect(loads).toEqual(['first', 'second'])
    expect(await cache.get('first')).toBe('new')
  })

  it('is what a caller gets that loads in front, and claims late', async () => {
    const { cache, another, clock } = setUp({ ttl: '1s', staleIfError: '1h' })
    const { cache: other, faulty } = another()
    await cache.set('k', 'stale')
    await clock.advance(2_000)
    const late = claimsLate(faulty)
    let loads = 0
    const load = (): string => `load ${++loads}`
    const waiting = other.getOrSet('k', load)
    await turn()
    expect(await cache.getOrSet('k', load)).toBe('load 1')
    await turn()
    late.open()
    expect(await waiting).toBe('load 1')
    expect(loads).toBe(1)
  })
})
