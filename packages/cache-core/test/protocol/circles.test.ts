import { describe, expect, it, vi } from 'vitest'
import { gate, setUp } from '../support/set-up.js'

describe('a loader that asks for what it loads', () => {
  it('is told so at once, when it asks for its own key', async () => {
    const { cache } = setUp()
    const call = cache.getOrSet('a', () => cache.getOrSet('a', () => 1))
    await expect(call).rejects.toMatchObject({ code: 'ERR_CIRCULAR_LOAD', circle: ['a', 'a'] })
  })

  it('is told so at once, when others ask for it on the way, by names that a person knows', async () => {
    const { cache } = setUp()
    const users = cache.namespace('users')
    const ask = (): Promise<unknown> =>
      cache.getOrSet(['a', 1], () => users.getOrSet('b', () => cache.getOrSet('c', () => Promise.resolve().then(ask))))
    await expect(ask()).rejects.toThrow('a:1 → b → c → a:1')
  })

  it('is told so where many keys are loaded together', async () => {
    const { cache } = setUp()
    const call = cache.getOrSetMany(['a', 'b'], async (keys) => {
      await cache.getOrSet('b', () => 1)
      return keys.map(() => 1)
    })
    await expect(call).rejects.toMatchObject({ circle: ['b', 'b'] })
  })

  it('leaves no lease behind, and the key can be loaded afterwards', async () => {
    const { cache } = setUp()
    await expect(cache.getOrSet('a', () => cache.getOrSet('a', () => 1))).rejects.toThrow()
    expect(await cache.getOrSet('a', () => 2)).toBe(2)
  })

  it('may ask for it where it is there, and for keys of the same name elsewhere', async () => {
    const { cache, another } = setUp()
    await cache.set('a', 'stored')
    expect(await cache.getOrSet('a', () => cache.getOrSet('a', () => 1), { forceFresh: true })).toBe('stored')
    const other = setUp().cache
    expect(await cache.getOrSet('b', () => other.getOrSet('b', () => 'other store'))).toBe('other store')
    expect(await cache.getOrSet('c', () => cache.namespace('n').getOrSet('c', () => 'other namespace'))).toBe(
      'other namespace',
    )
    expect(another).toBeDefined()
  })
})

describe('what a loader leaves behind', () => {
  it('may ask for its key once the loader has ended, whatever else is being loaded', async () => {
    const { cache } = setUp()
    const end = gate()
    const other = gate()
    let left: Promise<unknown> | undefined
    const elsewhere = cache.getOrSet('elsewhere', () => other.promise)
    await cache.getOrSet(
      'a',
      () => {
        left = end.promise.then(() => cache.getOrSet('a', () => 2))
        return 1
      },
      { ttl: 0 },
    )
    end.open()
    expect(await left).toBe(2)
    other.open()
    await elsewhere
  })
})

describe('loaders that ask for each other’s keys', () => {
  it('end at once: no call waits for a load that waits for it', async () => {
    const { cache } = setUp()
    const both = gate()
    const a = cache.getOrSet('a', async () => {
      await both.promise
      return `a of ${await cache.getOrSet('b', () => 'b for itself')}`
    })
    const b = cache.getOrSet('b', async () => {
      await both.promise
      return `b of ${await cache.getOrSet('a', () => 'a for itself')}`
    })
    both.open()
    const values = await Promise.all([a, b])
    expect(values.some((value) => value.endsWith('for itself'))).toBe(true)
  })

  it('end at once in a ring of three', async () => {
    const { cache } = setUp()
    const all = gate()
    const ask = (own: string, next: string): Promise<string> =>
      cache.getOrSet(own, async () => {
        await all.promise
        return `${own}${await cache.getOrSet(next, () => '!')}`
      })
    const calls = [ask('a', 'b'), ask('b', 'c'), ask('c', 'a')]
    all.open()
    for (const value of await Promise.all(calls)) expect(value).toContain('!')
  })

  it('still share a load that waits for none of them', async () => {
    const { cache } = setUp()
    const loader = vi.fn(async () => 'shared')
    const calls = ['a', 'b', 'c'].map((key) => cache.getOrSet(key, () => cache.getOrSet('common', loader)))
    expect(await Promise.all(calls)).toEqual(['shared', 'shared', 'shared'])
    expect(loader).toHaveBeenCalledTimes(1)
  })
})
