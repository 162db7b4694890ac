import { describe, expect, it, vi } from 'vitest'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, gate, setUp, slowly } from '../support/set-up.js'

describe('many keys', () => {
  it('are read in their order, in one read of the store', async () => {
    const { cache, faulty } = setUp()
    expect(
      await cache.setMany(
        [
          ['a', 1],
          [['b', 2], 'two'],
        ],
        { ttl: '1m' },
      ),
    ).toBe(true)
    faulty.calls.length = 0
    expect(await cache.getMany(['a', 'none', ['b', 2], 'a'])).toEqual([1, undefined, 'two', 1])
    expect(faulty.calls).toEqual(['getMany 2:v::a,2:v::none,2:v::b:2'])
    expect(await cache.deleteMany(['a', ['b', 2]])).toBe('delivered')
    expect(await cache.getMany(['a', ['b', 2]])).toEqual([undefined, undefined])
  })

  it('are deleted as journaled where the store has not heard of one', async () => {
    const { cache, faulty } = setUp()
    faulty.faultOf = (operation, key) => (operation === 'delete' && key === '2:v::b' ? new Error('away') : undefined)
    expect(await cache.deleteMany(['a', 'b'])).toBe('journaled')
  })
})

describe('getOrSetMany', () => {
  it('loads what is missing in one call, and stores each', async () => {
    const { cache, another } = setUp()
    await cache.set('b', 'stored')
    const loader = vi.fn(async (keys: readonly string[]) => keys.map((key) => `loaded ${key}`))
    expect(await cache.getOrSetMany(['a', 'b', 'c', 'a'], loader)).toEqual([
      'loaded a',
      'stored',
      'loaded c',
      'loaded a',
    ])
    expect(loader.mock.calls.map(([keys]) => keys)).toEqual([['a', 'c']])
    await turn()
    expect(await another().cache.getMany(['a', 'b', 'c'])).toEqual(['loaded a', 'stored', 'loaded c'])
  })

  it('asks for nothing where all is there', async () => {
    const { cache } = setUp()
    await cache.setMany([
      ['a', 1],
      ['b', 2],
    ])
    expect(await cache.getOrSetMany(['a', 'b'], () => expect.unreachable('nothing is missing'))).toEqual([1, 2])
    expect(await cache.getOrSetMany([], () => expect.unreachable('no keys'))).toEqual([])
  })

  it('has one load per key among processes, and waits for what others load', async () => {
    const { cache, another, clock } = setUp()
    const loaded: string[] = []
    const loader = async (keys: readonly string[]): Promise<string[]> => {
      loaded.push(...keys)
      await slowly(clock, 100, '')()
      return keys.map((key) => `value of ${key}`)
    }
    const calls = [
      cache.getOrSetMany(['a', 'b', 'c'], loader),
      another().cache.getOrSetMany(['b', 'c', 'd'], loader),
      another().cache.getOrSetMany(['c', 'd', 'a'], loader),
      another().cache.getOrSet('d', () => slowly(clock, 100, 'value of d')()),
    ]
    await endsAfter(clock, Promise.all(calls))
    expect((await calls[1])?.[2]).toBe('value of d')
    expect(new Set(loaded).size).toBe(loaded.length)
  })

  it('two that want the same keys in another order do not wait for each other for ever', async () => {
    const { cache, another, clock, faulty } = setUp()
    const other = another()
    const [slowA, slowB] = [gate(), gate()]
    faulty.faultOf = (operation, key) =>
      operation === 'add' && key === '2:v::b' ? { executeAfter: slowB.promise } : undefined
    other.faulty.faultOf = (operation, key) =>
      operation === 'add' && key === '2:v::a' ? { executeAfter: slowA.promise } : undefined
    const loader = (keys: readonly string[]) => keys.map((key) => `value of ${key}`)
    const calls = [cache.getOrSetMany(['a', 'b'], loader), other.cache.getOrSetMany(['b', 'a'], loader)]
    await turn()
    slowA.open()
    slowB.open()
    expect(await endsAfter(clock, Promise.all(calls))).toBeLessThan(100)
    expect(await calls[0]).toEqual(['value of a', 'value of b'])
    expect(await calls[1]).toEqual(['value of b', 'value of a'])
  })

  it('what another process does not deliver goes into a second call', async () => {
    const { cache, another, clock } = setUp({ lease: '200ms' })
    const crashing = another()
    void crashing.cache.getOrSetMany(['b', 'c'], () => new Promise(() => {}))
    await turn()
    crashing.faulty.freeze()
    const loader = vi.fn((keys: readonly string[]) => keys.map((key) => `value of ${key}`))
    const call = cache.getOrSetMany(['a', 'b', 'c'], loader)
    await endsAfter(clock, call)
    expect(await call).toEqual(['value of a', 'value of b', 'value of c'])
    expect(loader.mock.calls.map(([keys]) => keys)).toEqual([['a'], ['b', 'c']])
  })

  it('an error reaches the caller, and leaves no lease behind', async () => {
    const { cache, memory } = setUp()
    await expect(cache.getOrSetMany(['a', 'b'], () => Promise.reject(new Error('source is down')))).rejects.toThrow(
      'source is down',
    )
    await turn()
    expect(await memory.getMany(['2:v::a', '2:v::b'])).toEqual([undefined, undefined])
  })

  it.each([
    ['too few', ['one']],
    ['no array', 'ab'],
    ['undefined', undefined],
  ])('a loader that returns %s is told so', async (_, wrong) => {
    const { cache } = setUp()
    await expect(cache.getOrSetMany(['a', 'b'], () => wrong as never)).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
    })
    await expect(cache.getOrSetMany(['a'], 'loader' as never)).rejects.toMatchObject({ code: 'ERR_INVALID_LOADER' })
  })

  it('loads once for all without the store, and stores nothing', async () => {
    const { cache, faulty } = setUp()
    faulty.faultOf = () => new Error('away')
    const loader = vi.fn((keys: readonly string[]) => keys.map((key) => key))
    expect(await cache.getOrSetMany(['a', 'b'], loader)).toEqual(['a', 'b'])
    expect(loader).toHaveBeenCalledTimes(1)
  })

  it('the signal of its loader is aborted when the caller has gone', async () => {
    const { cache } = setUp()
    const controller = new AbortController()
    let seen: AbortSignal | undefined
    const loader = (_: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
      seen = signal
      return new Promise(() => {})
    }
    const call = cache.getOrSetMany(['a', 'b'], loader, { signal: controller.signal })
    await turn()
    controller.abort(new Error('gone'))
    await expect(call).rejects.toThrow('gone')
    expect(seen?.aborted).toBe(true)
  })
})
