import { describe, expect, it } from 'vitest'
import { InvalidKeyError, InvalidLoaderError, InvalidOptionError } from '../../src/base/errors.js'
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

describe('what needs a loader', () => {
  it.each([
    [undefined, 'undefined'],
    [42, '42'],
    [{ ttl: '1m' }, 'an object'],
    [Promise.resolve(1), 'a Promise'],
  ])('says so, and what it was given: %s', async (loader, shown) => {
    const { cache } = setUp()
    const wrong = loader as never
    const calls = {
      getOrSet: () => cache.getOrSet('key', wrong),
      // Loader and options in the wrong order.
      'getOrSet ': () => cache.getOrSet('key', wrong, (() => 1) as never),
      getOrSetMany: () => cache.getOrSetMany(['key'], wrong),
      warm: () => cache.warm(['key'], wrong),
      wrap: async () => cache.wrap(wrong),
    }
    for (const [name, call] of Object.entries(calls)) {
      const error = await call().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(InvalidLoaderError)
      expect(error).toHaveProperty('message', `${name.trim()}: expected a function that loads the value, got ${shown}`)
    }
  })
})

describe('a key', () => {
  it.each([
    [[], 'a key must have at least one part'],
    ['', 'a key must have at least one character'],
    [42, 'a key must be a string or an array of strings and numbers, got 42'],
    [['user', undefined], 'a part of a key must be a string or a finite number, got undefined'],
  ])('that is none is said to be none: %j', async (key, message) => {
    const { cache } = setUp()
    await expect(cache.get(key as never)).rejects.toThrow(message)
  })
})

describe('warm', () => {
  it('takes whatever goes through keys', async () => {
    const { cache } = setUp()
    expect(await cache.warm(new Set(['a', 'b']), (key) => key)).toEqual({ warmed: 2, failed: [] })
  })

  it.each(['ab', 5, null, { key: 1 }])('does not take a key for keys: %j', async (keys) => {
    const { cache } = setUp()
    await expect(cache.warm(keys as never, () => 1)).rejects.toThrow('warm needs keys to go through')
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
