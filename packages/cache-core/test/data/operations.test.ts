import { describe, expect, it, vi } from 'vitest'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, gate, setUp, slowly } from '../support/set-up.js'

describe('getEntry', () => {
  it('tells the times of a value, stale ones too', async () => {
    const { cache, clock } = setUp({ ttl: '10s', staleIfError: '1m' })
    const now = clock.now()
    await cache.set('k', { a: 1 })
    const entry = {
      value: { a: 1 },
      createdAt: now,
      freshUntil: now + 10_000,
      keptUntil: now + 70_000,
      isStale: false,
      tags: [],
    }
    expect(await cache.getEntry('k')).toEqual(entry)
    await clock.advance(20_000)
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getEntry('k')).toEqual({ ...entry, isStale: true })
    await clock.advance(50_000)
    expect(await cache.getEntry('k')).toBeUndefined()
  })
})

describe('pull', () => {
  it('takes the value away, for one of all that ask', async () => {
    const { cache, another } = setUp()
    await cache.set('k', 'once')
    const got = await Promise.all([cache.pull('k'), another().cache.pull('k'), another().cache.pull('k')])
    expect(got.filter((value) => value !== undefined)).toEqual(['once'])
    expect(await cache.pull('k')).toBeUndefined()
  })

  it('takes a stale value away as well, and answers nothing', async () => {
    const { cache, clock } = setUp({ ttl: '10s', staleWhileRevalidate: '1m' })
    await cache.set('k', 'once')
    await clock.advance(20_000)
    expect(await cache.pull('k')).toBeUndefined()
    expect(await cache.getOrSet('k', () => 'new')).toBe('new')
  })

  it('throws what the store throws', async () => {
    const { cache, faulty } = setUp()
    await cache.set('k', 1)
    faulty.faultOf = (operation) => (operation === 'compareAndDelete' ? new Error('away') : undefined)
    await expect(cache.pull('k')).rejects.toMatchObject({ code: 'ERR_AMBIGUOUS_WRITE' })
  })
})

describe('expire', () => {
  it('keeps the value as stale, and has it refreshed behind the next answer', async () => {
    const { cache, another } = setUp({ ttl: '1h', staleWhileRevalidate: '1m' })
    await cache.getOrSet('k', () => 'old')
    await turn()
    expect(await another().cache.expire('k')).toBe('delivered')
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getOrSet('k', () => 'new')).toBe('old')
    await turn()
    expect(await cache.get('k')).toBe('new')
  })

  it('deletes what has no stale windows', async () => {
    const { cache } = setUp()
    await cache.set('k', 'old')
    await cache.expire('k')
    expect(await cache.getOrSet('k', () => 'new')).toBe('new')
  })

  it('outruns a load under way', async () => {
    const { cache, another } = setUp({ staleWhileRevalidate: '1m' })
    const loading = gate<string>()
    const call = cache.getOrSet('k', () => loading.promise)
    await turn()
    await another().cache.expire('k')
    loading.open('read before')
    expect(await call).toBe('read before')
    await turn()
    expect(await another().cache.get('k')).toBeUndefined()
  })

  it('that the store does not hear of is journaled', async () => {
    const { cache, faulty } = setUp({ staleWhileRevalidate: '1m' })
    await cache.set('k', 'old')
    faulty.faultOf = () => new Error('away')
    expect(await cache.expire('k')).toBe('journaled')
    faulty.thaw()
    expect(await cache.get('k')).toBeUndefined()
  })
})

describe('touch', () => {
  it('gives a value a new life, under the marks that it has', async () => {
    const { cache, another, clock } = setUp({ ttl: '10s', tagHold: 0 })
    await cache.set('k', 'value')
    await clock.advance(9_000)
    expect(await cache.touch('k', { ttl: '1m' })).toBe(true)
    expect(await cache.ttl('k')).toBe(60_000)
    await clock.advance(50_000)
    expect(await another().cache.get('k')).toBe('value')
    await another().cache.clear()
    expect(await cache.touch('k')).toBe(false)
    expect(await cache.touch('none')).toBe(false)
    await expect(cache.touch('k', { ttl: 0 })).rejects.toMatchObject({ option: 'ttl' })
  })

  it('does not bring back what is deleted meanwhile', async () => {
    const { cache, another, faulty } = setUp()
    await cache.set('k', 'value')
    const sent = gate()
    faulty.faultOf = (operation, key) =>
      operation === 'compareAndSet' && key === '2:v::k' ? { executeAfter: sent.promise } : undefined
    const touching = cache.touch('k')
    await turn()
    await another().cache.delete('k')
    sent.open()
    expect(await touching).toBe(false)
    expect(await cache.get('k')).toBeUndefined()
  })
})

describe('increment', () => {
  it('counts among all processes, in a key space of its own', async () => {
    const { cache, another, clock } = setUp()
    await cache.set('k', 'value')
    expect(await cache.increment('k')).toBe(1)
    expect(await another().cache.increment('k', 5)).toBe(6)
    expect(await cache.increment('k', 0)).toBe(6)
    expect(await cache.increment('k', -2)).toBe(4)
    expect(await cache.get('k')).toBe('value')
    expect(await cache.namespace('other').increment('k')).toBe(1)
    expect(await cache.increment('limited', 1, { ttl: '1s' })).toBe(1)
    await clock.advance(500)
    expect(await cache.increment('limited', 1, { ttl: '1s' })).toBe(2)
    await clock.advance(500)
    expect(await cache.increment('limited', 1, { ttl: '1s' })).toBe(1)
    await expect(cache.increment('k', 0.5)).rejects.toMatchObject({ option: 'by' })
    await expect(cache.increment('k', 1, { ttl: 0 })).rejects.toMatchObject({ option: 'ttl' })
  })
})

describe('wrap', () => {
  it('caches by name and arguments, which keep their kinds apart', async () => {
    const { cache } = setUp()
    const sum = vi.fn(async (...numbers: readonly unknown[]) => JSON.stringify(numbers))
    const cached = cache.wrap(sum, { name: 'sum', ttl: '1m' })
    const different = [
      [1, 2],
      [12],
      ['1', 2],
      [1, '2'],
      [[1, 2]],
      [{ a: 1, b: 2 }],
      [null],
      [undefined],
      [],
      [true],
      ['true'],
      ['1,2'],
    ]
    for (const args of different) await cached(...args)
    for (const args of different) await cached(...args)
    expect(sum).toHaveBeenCalledTimes(different.length)
    await cached({ b: 2, a: 1 })
    expect(sum).toHaveBeenCalledTimes(different.length)
    expect(await cached.delete(1, 2)).toBe('delivered')
    await cached(1, 2)
    expect(sum).toHaveBeenCalledTimes(different.length + 1)
  })

  it.each([
    [new Date()],
    [new Map()],
    [Number.NaN],
    [10n],
    [Symbol('s')],
    [{ at: new Date() }],
    [[undefined]],
    [() => {}],
  ])('refuses an argument that makes no key: %o', async (argument) => {
    const cached = setUp().cache.wrap(async (given: unknown) => given, { name: 'f' })
    await expect(cached(argument)).rejects.toThrow(expect.objectContaining({ code: 'ERR_INVALID_KEY' }))
  })

  it('takes a key function, and a name where the function has none', async () => {
    const { cache } = setUp()
    const cached = cache.wrap(async (user: { id: number; at: Date }) => user.id, {
      name: 'user',
      key: ({ id }) => String(id),
    })
    expect(cached.keyOf({ id: 7, at: new Date() })).toEqual(['user', '7'])
    expect(await cached({ id: 7, at: new Date() })).toBe(7)
    expect(() => cache.wrap(async () => 1)).toThrow(expect.objectContaining({ option: 'name' }))
    expect(() => cache.wrap(7 as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_LOADER' }))
    expect(() => cache.wrap(async () => 1, { name: 'f', tll: 1 } as never)).toThrow(
      expect.objectContaining({ option: 'tll' }),
    )
  })
})

describe('warm', () => {
  it('loads what is missing, a few at a time, and tells what failed', async () => {
    const { cache, clock } = setUp()
    await cache.set('k3', 'there')
    let running = 0
    let most = 0
    const loader = async (key: string): Promise<string> => {
      most = Math.max(most, ++running)
      await slowly(clock, 10, '')()
      running--
      if (key === 'k5') throw new Error('no such key')
      return key
    }
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    const warming = cache.warm(keys, loader, { concurrency: 4, ttl: '1h' })
    await endsAfter(clock, warming)
    expect(await warming).toMatchObject({ warmed: 19, failed: [{ key: 'k5' }] })
    expect(most).toBe(4)
    expect(await cache.get('k3')).toBe('there')
    expect(await cache.get('k19')).toBe('k19')
  })
})

describe('configure', () => {
  it('is the same keys with other defaults', async () => {
    const { cache, clock } = setUp({ ttl: '1h' })
    const short = cache.configure({ ttl: '1s' })
    await short.set('k', 1)
    expect(await cache.get('k')).toBe(1)
    await clock.advance(1_000)
    expect(await cache.get('k')).toBeUndefined()
    expect(() => cache.configure({ tll: 1 } as never)).toThrow(expect.objectContaining({ option: 'tll' }))
  })
})

describe('close', () => {
  it('with drain delivers first what the store has not heard', async () => {
    const { cache, faulty, memory, clock } = setUp()
    await cache.set('k', 'old')
    faulty.faultOf = () => new Error('away')
    expect(await cache.delete('k')).toBe('journaled')
    const closing = cache.close({ drain: '5s' })
    await clock.advance(500)
    faulty.thaw()
    await endsAfter(clock, closing)
    expect(faulty.count('delete 2:v::k')).toBeGreaterThan(1)
    expect(memory).toBeDefined()
  })

  it('with drain waits no longer than that', async () => {
    const { cache, faulty, clock } = setUp()
    faulty.faultOf = () => new Error('away')
    await cache.delete('k')
    expect(await endsAfter(clock, cache.close({ drain: '1s' }))).toBeLessThan(1_200)
    await expect(cache.close({ drian: 1 } as never)).rejects.toMatchObject({ option: 'drian' })
  })
})
