import { describe, expect, it } from 'vitest'
import { InvalidKeyError, InvalidOptionError } from '../../src/base/errors.js'
import { setUp } from '../support/set-up.js'

describe('operations on many, given something else than a list', () => {
  it.each([undefined, null, 'key', new Set(['key']), { key: 1 }])('say what they need: %s', async (keys) => {
    const { cache } = setUp()
    const wrong = keys as never
    const calls = {
      getMany: () => cache.getMany(wrong),
      deleteMany: () => cache.deleteMany(wrong),
      getOrSetMany: () => cache.getOrSetMany(wrong, () => []),
    }
    for (const [name, call] of Object.entries(calls)) {
      await expect(call()).rejects.toThrow(InvalidKeyError)
      await expect(call()).rejects.toThrow(`${name} needs an array of keys`)
    }
  })

  it.each([{ key: 1 }, 'ab', null, ['ab'], [['key']], [['key', 1, 2]]])(
    'setMany stores nothing, and does not say that it has: %j',
    async (entries) => {
      const { cache, faulty } = setUp()
      await expect(cache.setMany(entries as never)).rejects.toThrow(InvalidOptionError)
      expect(faulty.calls).toEqual([])
    },
  )

  it('setMany takes a Map, and whatever else gives pairs', async () => {
    const { cache } = setUp()
    expect(await cache.setMany(new Map([['a', 1]]))).toBe(true)
    expect(await cache.setMany(Object.entries({ b: 2 }))).toBe(true)
    expect(await cache.getMany(['a', 'b'])).toEqual([1, 2])
  })
})

describe('wrap', () => {
  it.each([undefined, 7, Promise.resolve('key'), { id: 7 }])('names a key function that returns %s', async (key) => {
    const { cache } = setUp()
    const wrapped = cache.wrap(async (id: number) => id, { name: 'load', key: () => key as never })
    await expect(wrapped(7)).rejects.toThrow(InvalidKeyError)
    await expect(wrapped.delete(7)).rejects.toThrow('the key function of load')
    expect(() => wrapped.keyOf(7)).toThrow(InvalidKeyError)
  })

  it('refuses an argument that refers to itself', async () => {
    const { cache } = setUp()
    const itself: Record<string, unknown> = {}
    itself.self = itself
    await expect(cache.wrap(async (given: object) => Object.keys(given), { name: 'load' })(itself)).rejects.toThrow(
      InvalidKeyError,
    )
  })

  it.each([
    [{ name: 5 }, 'name'],
    [{ name: 'load', key: 'id' }, 'key'],
  ])('refuses %j', (options, named) => {
    const { cache } = setUp()
    const wrap = (): unknown => cache.wrap(async () => 1, options as never)
    expect(wrap).toThrow(InvalidOptionError)
    expect(wrap).toThrow(named)
  })
})
