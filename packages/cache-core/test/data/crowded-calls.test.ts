import { expect, it } from 'vitest'
import { type Cache, createCache, memoryStore, type Store } from '../../src/index.js'

const KEYS = Array.from({ length: 1_000 }, (_, index) => `k${index}`)
/** What a call may have under way at once, and the marks of its namespace. */
const AT_ONCE = 256 + 8

/** A cache, and how many operations its store had under way at most. Each takes a turn of the event loop. */
function crowded(): { readonly cache: Cache; most(): number } {
  let underWay = 0
  let most = 0
  const store = new Proxy<Store>(memoryStore(), {
    get(memory, name) {
      const member: unknown = Reflect.get(memory, name)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        most = Math.max(most, ++underWay)
        await new Promise(setImmediate)
        underWay--
        return member.apply(memory, args)
      }
    },
  })
  return { cache: createCache({ store, storeTimeout: '1m', lease: '1m' }), most: () => most }
}

it('setMany, getMany and deleteMany of a thousand keys ask the store for some at a time', async () => {
  const { cache, most } = crowded()
  expect(await cache.setMany(KEYS.map((key) => [key, key]))).toBe(true)
  expect(await cache.getMany(KEYS)).toEqual(KEYS)
  expect(await cache.deleteMany(KEYS)).toBe('delivered')
  expect(await cache.getMany(KEYS)).toEqual(KEYS.map(() => undefined))
  expect(most()).toBeLessThan(AT_ONCE)
  await cache.close()
})

it('getOrSetMany of a thousand cold keys claims some at a time, and calls its loader once, with all of them', async () => {
  const { cache, most } = crowded()
  const calls: number[] = []
  const load = (keys: readonly string[]): readonly string[] => {
    calls.push(keys.length)
    return keys
  }
  expect(await cache.getOrSetMany(KEYS, load)).toEqual(KEYS)
  expect(await cache.getOrSetMany(KEYS, load)).toEqual(KEYS)
  expect(calls).toEqual([KEYS.length])
  // What was loaded is stored in portions, which may overlap.
  expect(most()).toBeLessThan(3 * AT_ONCE)
  await cache.close()
})

it('one of many that fails keeps none of the others from being stored', async () => {
  const { cache } = crowded()
  const entries = KEYS.map((key, index): [string, unknown] => [key, index === 5 ? () => {} : key])
  await expect(cache.setMany(entries)).rejects.toThrow('the value cannot be stored')
  await expect.poll(() => cache.get(KEYS.at(-1) as string)).toBe(KEYS.at(-1))
  await cache.close()
})
