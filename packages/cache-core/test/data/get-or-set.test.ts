import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it, vi } from 'vitest'
import { InvalidOptionError, InvalidValueError } from '../../src/base/errors.js'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, gate, setUp, slowly } from '../support/set-up.js'

describe('getOrSet', () => {
  it('loads once, then answers from the store', async () => {
    const { cache } = setUp()
    const loader = vi.fn(() => 'loaded')
    expect(await cache.getOrSet('k', loader)).toBe('loaded')
    await turn()
    expect(await cache.getOrSet('k', loader)).toBe('loaded')
    expect(loader).toHaveBeenCalledTimes(1)
  })

  it('answers a thousand callers with one load, each with a value of its own', async () => {
    const { cache } = setUp()
    const loader = vi.fn(async () => ({ list: [1] }))
    const values = await Promise.all(Array.from({ length: 1_000 }, () => cache.getOrSet('k', loader)))
    expect(loader).toHaveBeenCalledTimes(1)
    values[0]?.list.push(2)
    expect(values[1]).toEqual({ list: [1] })
    expect(new Set(values).size).toBe(1_000)
    expect(cache.stats()).toMatchObject({ loads: 1, joins: 999 })
  })

  it.each([0, '', false, null])('stores %j', async (value) => {
    const { cache } = setUp()
    const loader = vi.fn(() => value)
    await cache.getOrSet('k', loader)
    await turn()
    expect(await cache.getOrSet('k', loader)).toBe(value)
    expect(loader).toHaveBeenCalledTimes(1)
  })

  it('answers undefined and does not store it', async () => {
    const { cache } = setUp()
    const loader = vi.fn(() => undefined)
    expect(await cache.getOrSet('k', loader)).toBeUndefined()
    await turn()
    expect(await cache.getOrSet('k', loader)).toBeUndefined()
    expect(loader).toHaveBeenCalledTimes(2)
  })

  it('gives the caller that loads what a hit would give', async () => {
    const { cache } = setUp()
    class Point {
      constructor(readonly x: number) {}
    }
    const load = () => ({ at: new Date(0), point: new Point(1), bytes: undefined })
    const missed = await cache.getOrSet('k', load)
    await turn()
    const hit = await cache.getOrSet('k', load)
    expect(missed).toEqual({ at: '1970-01-01T00:00:00.000Z', point: { x: 1 } })
    expect(hit).toStrictEqual(missed)
    expect(missed.point).not.toBeInstanceOf(Point)
  })

  it('stores what the loader returned, whatever becomes of its buffer afterwards', async () => {
    const { cache } = setUp()
    const buffer = Buffer.from('before')
    await cache.getOrSet('k', () => buffer)
    buffer.fill(0)
    await turn()
    expect(await cache.get('k')).toEqual(Buffer.from('before'))
  })

  it('rejects a value that the codec refuses, for all who waited', async () => {
    const { cache } = setUp()
    const calls = [cache.getOrSet('k', () => 1n), cache.getOrSet('k', () => 1n)]
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ reason: expect.any(InvalidValueError) })
    }
  })

  it("passes a loader's error to all callers that joined, and does not store it", async () => {
    const { cache } = setUp()
    const loading = gate<string>()
    const early = [cache.getOrSet('k', () => loading.promise), cache.getOrSet('k', () => loading.promise)]
    await turn()
    const late = cache.getOrSet('k', () => loading.promise)
    await turn()
    const error = new Error('the database is away')
    loading.fail(error)
    for (const outcome of await Promise.allSettled([...early, late])) expect(outcome).toMatchObject({ reason: error })
    expect(await cache.getOrSet('k', () => 'recovered')).toBe('recovered')
  })

  it('rejects what a loader throws at once', async () => {
    const { cache } = setUp()
    await expect(
      cache.getOrSet('k', () => {
        throw new RangeError('at once')
      }),
    ).rejects.toThrow('at once')
  })

  it("runs the loader in the context of no request: neither its first caller's, nor that in which the cache was made", async () => {
    const request = new AsyncLocalStorage<string>()
    const { cache } = request.run('at start', () => setUp())
    const seen = await request.run('first caller', () => cache.getOrSet('k', () => request.getStore() ?? 'none'))
    expect(seen).toBe('none')
  })

  it('does not store a value that is too large for the store, and answers it to all', async () => {
    const { cache, faulty } = setUp()
    Object.defineProperty(faulty, 'capabilities', {
      value: { ...faulty.capabilities, maxValueBytes: 1_000 },
    })
    const loading = gate<string>()
    const first = cache.getOrSet('k', () => loading.promise)
    await turn()
    const late = cache.getOrSet('k', () => 'its own')
    await turn()
    loading.open('x'.repeat(1_000))
    expect(await first).toHaveLength(1_000)
    expect(await late).toHaveLength(1_000)
    expect(await cache.has('k')).toBe(false)
    expect(cache.stats().unstored).toBe(1)
  })
})

describe('the lifetime of a loaded value', () => {
  it('is that of the call, then of the namespace, then of the cache', async () => {
    const { cache } = setUp({ ttl: '1m' })
    await cache.getOrSet('call', () => 1, { ttl: '1s' })
    await cache.getOrSet('cache', () => 1)
    await turn()
    expect(await cache.ttl('call')).toBe(1_000)
    expect(await cache.ttl('cache')).toBe(60_000)
  })

  it('counts from the end of the load', async () => {
    const { cache, clock } = setUp()
    const call = cache.getOrSet('k', slowly(clock, 700, 1), { ttl: '1s' })
    await endsAfter(clock, call)
    expect(await cache.ttl('k')).toBe(1_000)
  })

  it('may be none: ttl 0 answers and does not store', async () => {
    const { cache } = setUp()
    expect(await cache.getOrSet('k', () => 1, { ttl: 0 })).toBe(1)
    await turn()
    expect(await cache.has('k')).toBe(false)
  })

  it('may be without end', async () => {
    const { cache } = setUp()
    await cache.getOrSet('k', () => 1, { ttl: Number.POSITIVE_INFINITY })
    await turn()
    expect(await cache.ttl('k')).toBe(Number.POSITIVE_INFINITY)
  })

  it('may be said by the loader', async () => {
    const { cache } = setUp()
    await cache.getOrSet('k', ({ setTtl }) => {
      setTtl('3s')
      return 1
    })
    await turn()
    expect(await cache.ttl('k')).toBe(3_000)
    const wrong = cache.getOrSet('other', ({ setTtl }) => setTtl('soon' as never))
    await expect(wrong).rejects.toBeInstanceOf(InvalidOptionError)
  })

  it('skip answers everybody and stores nothing', async () => {
    const { cache } = setUp()
    const loading = gate()
    const loader = vi.fn(async ({ skip }: { skip(): void }) => {
      await loading.promise
      skip()
      return 'answered'
    })
    const calls = [cache.getOrSet('k', loader), cache.getOrSet('k', loader)]
    await turn()
    calls.push(cache.getOrSet('k', loader))
    await turn()
    loading.open()
    expect(await Promise.all(calls)).toEqual(['answered', 'answered', 'answered'])
    expect(loader).toHaveBeenCalledTimes(1)
    expect(await cache.has('k')).toBe(false)
  })
})
