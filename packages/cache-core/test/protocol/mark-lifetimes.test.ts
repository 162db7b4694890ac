import { describe, expect, it } from 'vitest'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import { getExchange } from '../http/support/exchange.js'
import { setUp } from '../support/set-up.js'

const DAY = 86_400_000

/** How many writes of the namespace's mark went to the store. */
function writes(calls: readonly string[]): number {
  return calls.filter((call) => /^(set|add|compareAndSet) 2:n::$/.test(call)).length
}

describe('a mark outlives every entry that carries it (G3)', () => {
  it.each([
    ['set', 29.9, '7d', 6.9],
    ['set', 0, '40d', 39],
    ['set', 0, Number.POSITIVE_INFINITY, 400],
    ['getOrSet', 29.9, '7d', 6.9],
    ['getOrSet', 0, '40d', 39],
    ['getOrSet', 0, Number.POSITIVE_INFINITY, 400],
    ['add', 29.9, '10d', 9.9],
    ['add', 0, Number.POSITIVE_INFINITY, 400],
  ] as const)('%s on day %s with a ttl of %s: still there %s days later', async (operation, day, ttl, later) => {
    const { cache, clock, another } = setUp()
    await cache.set('first', 1)
    await clock.advance(day * DAY)
    if (operation === 'set') await cache.set('k', 'value', { ttl })
    else if (operation === 'add') expect(await cache.add('k', 'value', { ttl })).toBe(true)
    else await cache.getOrSet('k', () => 'value', { ttl })
    await clock.advance(later * DAY)
    expect(await cache.get('k')).toBe('value')
    expect(await another().cache.get('k')).toBe('value')
    expect(await cache.add('k', 'other', { ttl: '1s' })).toBe(false)
  })

  it('without a write per store: entries of a week cost the mark one write in three weeks', async () => {
    const { cache, clock, faulty } = setUp()
    for (let day = 0; day < 60; day++) {
      for (let each = 0; each < 5; each++) await cache.set(`${day} ${each}`, 1, { ttl: '7d' })
      await clock.advance(DAY)
    }
    expect(writes(faulty.calls)).toBeLessThanOrEqual(4)
  })

  it('a mark that was prolonged is still the one that a clear voids', async () => {
    const { cache, clock, another } = setUp()
    await cache.set('k', 'old', { ttl: '90d' })
    await clock.advance(31 * DAY)
    await cache.clear()
    await clock.advance(1_000)
    expect(await another().cache.get('k')).toBeUndefined()
    expect(await cache.get('k')).toBeUndefined()
  })

  it('a clear between the read of a mark and its prolonging is not undone', async () => {
    const { cache, another } = setUp()
    const other = another().cache
    await cache.set('warm', 1)
    const clearsMeanwhile = async (): Promise<string> => {
      await other.clear()
      return 'read before'
    }
    const loading = cache.getOrSet('k', clearsMeanwhile, { ttl: '90d' })
    expect(await loading).toBe('read before')
    expect(await another().cache.get('k')).toBeUndefined()
  })

  it('the same holds for responses', async () => {
    const { cache, clock } = setUp()
    const engine = createHttpCache(cache, { ttl: '365d' })
    let runs = 0
    const request = (): Promise<void> => engine.handle(getExchange('/', () => runs++))
    await request()
    await clock.advance(200 * DAY)
    await request()
    expect(runs).toBe(1)
  })
})
