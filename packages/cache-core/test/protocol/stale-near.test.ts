import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/base/errors.js'
import { turn } from '../../src/testing/fake-clock.js'
import { load, setUpNear } from '../support/near.js'
import { endsAfter, gate } from '../support/set-up.js'

const away = (): Error => new StoreUnavailableError('away', { store: 'memory' })
const fails = (): never => {
  throw new Error('the source is away')
}

describe('while neither the store nor the source answers, within staleIfError', () => {
  it('what is near is served, though its time is over', async () => {
    const { cache, clock, faulty } = await setUpNear({ near: { ttl: '10s' }, ttl: '1s', staleIfError: '1h' })
    await load(cache, 'k', 'near')
    await clock.advance(1_100)
    faulty.faultOf = away
    expect(await cache.getOrSet('k', fails)).toBe('near')
    expect(cache.stats()).toMatchObject({ staleHits: 1, loadErrors: 1 })
    expect(cache.peek('k')).toBeUndefined()
  })

  it('so is what was loaded while the store was away, beyond its near ttl', async () => {
    const { cache, clock, faulty } = await setUpNear({ near: { ttl: '10s' }, ttl: '30s', staleIfError: '1m' })
    faulty.faultOf = away
    await clock.advance(10_000)
    await load(cache, 'k', 'loaded alone')
    await clock.advance(40_000)
    expect(await cache.getOrSet('k', fails)).toBe('loaded alone')
    await clock.advance(60_000)
    await expect(cache.getOrSet('k', fails)).rejects.toThrow('the source is away')
  })

  it('a source that is slow is waited for as long as softTimeout says', async () => {
    const options = { near: true, ttl: '1s', staleIfError: '1h', softTimeout: 200 } as const
    const { cache, clock, faulty } = await setUpNear(options)
    await load(cache, 'k', 'near')
    await clock.advance(1_100)
    faulty.faultOf = away
    const slow = gate<string>()
    const answered = cache.getOrSet('k', () => slow.promise)
    expect(await endsAfter(clock, answered)).toBe(200)
    expect(await answered).toBe('near')
    slow.open('new')
  })

  it('a source that answers is what counts; a call without the window gets the error', async () => {
    const { cache, clock, faulty } = await setUpNear({ near: true, ttl: '1s', staleIfError: '1h' })
    await load(cache, 'k', 'near')
    await clock.advance(1_100)
    faulty.faultOf = away
    await expect(cache.getOrSet('k', fails, { staleIfError: 0 })).rejects.toThrow('the source is away')
    await expect(cache.getOrSet('k', fails, { near: false })).rejects.toThrow('the source is away')
    await expect(cache.getOrSet('k', fails, { forceFresh: true })).rejects.toThrow('the source is away')
    expect(await cache.getOrSet('k', () => 'new')).toBe('new')
  })

  it('a source that has failed is left alone for a lease, as while the store answers', async () => {
    const { cache, clock, faulty } = await setUpNear({ near: true, ttl: '1s', staleIfError: '1h', lease: '5s' })
    await cache.getOrSetMany(['a', 'b'], (keys) => keys.map(() => 'near'))
    await turn()
    await clock.advance(1_100)
    faulty.faultOf = away
    const many = async (): Promise<never> => fails()
    for (let second = 0; second < 10; second++) {
      expect(await Promise.all([cache.getOrSet('a', fails), cache.getOrSet('a', fails)])).toEqual(['near', 'near'])
      expect(await cache.getOrSetMany(['a', 'b'], many)).toEqual(['near', 'near'])
      await clock.advance(1_000)
    }
    // Each key at 0 and at 5 seconds.
    expect(cache.stats()).toMatchObject({ loadErrors: 4, staleHits: 40 })
    expect(await cache.getOrSet('a', () => 'new')).toBe('new')
  })

  it('callers that cannot take the stale value still ask it, and what one of them loads is served', async () => {
    const { cache, clock, faulty } = await setUpNear({ near: true, ttl: '1s', staleIfError: '1h' })
    await load(cache, 'k', 'near')
    await clock.advance(1_100)
    faulty.faultOf = away
    expect(await cache.getOrSet('k', fails)).toBe('near')
    await expect(cache.getOrSet('k', fails, { staleIfError: 0 })).rejects.toThrow('the source is away')
    expect(await cache.getOrSet('k', () => 'new', { staleIfError: 0 })).toBe('new')
    expect(await cache.getOrSet('k', fails)).toBe('new')
  })

  it('a caller that gives up says nothing of the source', async () => {
    const { cache, clock, faulty } = await setUpNear({ near: true, ttl: '1s', staleIfError: '1h' })
    await load(cache, 'k', 'near')
    await clock.advance(1_100)
    faulty.faultOf = away
    const impatient = new AbortController()
    const gone = cache.getOrSet('k', () => gate().promise, { signal: impatient.signal })
    await turn()
    impatient.abort()
    await expect(gone).rejects.toThrow('aborted')
    await turn()
    expect(await cache.getOrSet('k', () => 'new')).toBe('new')
  })

  it.each([
    ['deleted here', 'delete' as const],
    ['cleared here', 'clear' as const],
  ])('not what was %s', async (_, how) => {
    const { cache, clock, faulty } = await setUpNear({ near: true, ttl: '1s', staleIfError: '1h' })
    await load(cache, 'k', 'near')
    await clock.advance(1_100)
    faulty.faultOf = away
    await (how === 'delete' ? cache.delete('k') : cache.clear())
    await expect(cache.getOrSet('k', fails)).rejects.toThrow('the source is away')
  })

  it('nor what the store was seen to have no more', async () => {
    const { cache, memory, clock, faulty } = await setUpNear({ near: true, ttl: '1s', staleIfError: '1h' })
    await load(cache, 'k', 'near')
    await clock.advance(1_100)
    await memory.delete('2:v::k')
    expect(await cache.get('k')).toBeUndefined()
    faulty.faultOf = away
    await expect(cache.getOrSet('k', fails)).rejects.toThrow('the source is away')
  })

  it('while the store answers, its own word counts', async () => {
    const { cache, clock } = await setUpNear({ near: true, ttl: '1s', staleIfError: '1h' })
    await load(cache, 'k', 'near')
    await clock.advance(1_100)
    expect(await cache.getOrSet('k', fails)).toBe('near')
    await turn()
    expect(cache.stats().staleHits).toBe(1)
  })
})
