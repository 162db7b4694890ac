import { deserialize, serialize } from 'node:v8'
import { describe, expect, it, vi } from 'vitest'
import { InvalidKeyError, StoreClosedError, StoreUnavailableError } from '../../src/base/errors.js'
import type { Cache } from '../../src/data/cache.js'
import type { CacheOptions, GetOrSetOptions } from '../../src/data/options.js'
import type { Codec } from '../../src/entry/codec.js'
import type { Key } from '../../src/protocol/key.js'
import { turn } from '../../src/testing/fake-clock.js'
import { errorOf } from '../support/rejections.js'
import { gate, type Process, type SetUp, setUp as setUpAny, slowly } from '../support/set-up.js'

const unused = (): never => {
  throw new Error('nothing should be loaded')
}

/** Waits until the bus stands, which the first read opens. */
async function linked<P extends Process>(process: P): Promise<P> {
  await process.cache.get('anything')
  await turn()
  return process
}

const setUp = (options: Partial<CacheOptions>): Promise<SetUp> => linked(setUpAny(options))

/** Loads, and waits until what was loaded is stored and near: its caller is answered before. */
async function load<T>(cache: Cache, key: Key, value: T, options?: GetOrSetOptions): Promise<T> {
  const loaded = await cache.getOrSet(key, () => value, options)
  await turn()
  return loaded
}

/** Reads until the near cache holds the key: what was loaded enters at once, what was set with the first read. */
async function warmed<T>(cache: Cache, key: string, value: T): Promise<void> {
  await cache.set(key, value)
  await cache.get(key)
}

describe('a hit near', () => {
  it('asks the store for nothing', async () => {
    const { cache, faulty } = await setUp({ near: {} })
    expect(await load(cache, 'user:1', { id: 1 })).toEqual({ id: 1 })
    const asked = faulty.calls.length
    expect(await cache.getOrSet('user:1', unused)).toEqual({ id: 1 })
    expect(await cache.get('user:1')).toEqual({ id: 1 })
    expect(await cache.getMany(['user:1'])).toEqual([{ id: 1 }])
    expect(await cache.getOrSetMany(['user:1'], unused)).toEqual([{ id: 1 }])
    expect(await cache.getOrSet('user:1', unused, { ttl: '1m' })).toEqual({ id: 1 })
    expect(faulty.calls.length).toBe(asked)
    expect(cache.stats()).toMatchObject({ nearHits: 5, nearEntries: 1 })
  })

  it('is there without a promise by peek, and only when it is near', async () => {
    const { cache, another } = await setUp({ near: {} })
    expect(cache.peek('k')).toBeUndefined()
    await load(cache, 'k', 'v')
    expect(cache.peek('k')).toBe('v')
    expect(another({ near: false }).cache.peek('k')).toBeUndefined()
    expect(() => cache.peek('')).toThrow(InvalidKeyError)
    expect(() => cache.peek([] as never)).toThrow(InvalidKeyError)
    await cache.close()
    expect(() => cache.peek('k')).toThrow(StoreClosedError)
  })

  it('is that of its key, whatever that is made of', async () => {
    const { cache } = await setUp({ near: {} })
    const keys = ['a:b', ['a', 'b'], 'a', ['a:b', 'c'], ['a', 'b:c'], 'a%3Ab', '%', '%25', ['x', 1], 'x:1'] as const
    for (const [index, key] of keys.entries()) await load(cache, key, index)
    for (const [index, key] of keys.entries()) expect(cache.peek(key)).toBe(index)
    expect(cache.peek(['a'])).toBe(2)
    expect(cache.peek(['x', '1'])).toBe(8)
    for (const key of keys) {
      await cache.delete(key)
      expect(cache.peek(key)).toBeUndefined()
    }
    expect(cache.stats().nearEntries).toBe(0)
  })

  it('is that of its namespace', async () => {
    const { cache } = await setUp({ near: {} })
    const [a, b] = [cache.namespace('a'), cache.namespace('b')]
    await load(a, 'k', 'in a')
    await load(b, 'k', 'in b')
    expect([a.peek('k'), b.peek('k'), cache.peek('k')]).toEqual(['in a', 'in b', undefined])
    await a.clear()
    expect([a.peek('k'), b.peek('k')]).toEqual([undefined, 'in b'])
  })

  it('may be nothing, where that is remembered', async () => {
    const { cache } = await setUp({ near: {}, negativeTtl: '10s' })
    expect(await load(cache, 'k', undefined)).toBeUndefined()
    expect(await cache.getOrSet('k', unused)).toBeUndefined()
  })

  it('is not for a call, a view or a namespace that says so', async () => {
    const { cache, faulty } = await setUp({ near: {} })
    await load(cache, 'k', 1)
    const reads = (): number => faulty.calls.filter((call) => /^get(Many)? /.test(call)).length
    const before = reads()
    await cache.getOrSet('k', unused, { near: false })
    await cache.configure({ near: false }).get('k')
    expect(reads()).toBe(before + 2)
    const far = cache.namespace('far', { near: false })
    await load(far, 'k', 2)
    await far.get('k')
    expect(far.peek('k')).toBeUndefined()
    expect(cache.stats().nearEntries).toBe(1)
    expect(await load(cache, 'k', 3, { forceFresh: true })).toBe(3)
  })
})

describe('how long an entry is near', () => {
  it('is its near TTL, however fresh the entry is in the store', async () => {
    const { cache, clock } = await setUp({ near: { ttl: '10s' }, ttl: '1h' })
    await load(cache, 'k', 1)
    await clock.advance(9_990)
    expect(cache.peek('k')).toBe(1)
    await clock.advance(20)
    expect(cache.peek('k')).toBeUndefined()
    expect(await cache.getOrSet('k', unused)).toBe(1)
    expect(cache.peek('k')).toBe(1)
  })

  it('is what is left of its freshness, whatever the wall clock is set to', async () => {
    const { cache, clock } = await setUp({ near: { ttl: '1h' }, ttl: '5s' })
    await load(cache, 'k', 1)
    await clock.advance(4_990)
    clock.setWall(clock.now() - 3_600_000)
    expect(cache.peek('k')).toBe(1)
    await clock.advance(20)
    expect(cache.peek('k')).toBeUndefined()
  })

  it('is bounded in entries, and what was asked for again stays', async () => {
    const { cache } = await setUp({ near: { maxEntries: 10 } })
    await load(cache, 'hot', 1)
    for (let index = 0; index < 100; index++) {
      cache.peek('hot')
      await load(cache, `cold ${index}`, 1)
    }
    expect(cache.peek('hot')).toBe(1)
    expect(cache.stats().nearEntries).toBe(10)
  })

  it('is bounded in bytes, and what alone is larger does not enter', async () => {
    const { cache } = await setUp({ near: { maxBytes: 100_000 } })
    for (let index = 0; index < 100; index++) await load(cache, `k${index}`, 'x'.repeat(5_000))
    expect(cache.stats().nearBytes).toBeLessThanOrEqual(100_000)
    expect(cache.stats().nearEntries).toBeGreaterThan(15)
    await load(cache, 'huge', Buffer.alloc(200_000))
    expect(cache.peek('huge')).toBeUndefined()
    await cache.clear()
    await load(cache, 'one', 1)
    expect(cache.peek('k99')).toBeUndefined()
  })

  it('goes on into the stale window, while the store is asked once', async () => {
    const { cache, clock, faulty } = await setUp({ near: {}, ttl: '1s', staleWhileRevalidate: '10s' })
    let loads = 0
    const loader = (): number => ++loads
    expect(await cache.getOrSet('k', loader)).toBe(1)
    await clock.advance(1_500)
    const before = faulty.count('get 2:v::k') + faulty.count('getMany 2:v::k,2:n::')
    expect(await Promise.all([1, 2, 3].map(() => cache.getOrSet('k', loader)))).toEqual([1, 1, 1])
    expect(cache.peek('k')).toBeUndefined()
    await turn()
    expect(faulty.count('get 2:v::k') + faulty.count('getMany 2:v::k,2:n::')).toBe(before + 1)
    expect(loads).toBe(2)
    expect(cache.peek('k')).toBe(2)
    await clock.advance(30_000)
    expect(cache.peek('k')).toBeUndefined()
  })

  it('ends at close', async () => {
    const { cache, clock } = await setUp({ near: {} })
    const opened = gate()
    const loading = cache.getOrSet('k', async () => {
      await opened.promise
      return 1
    })
    await turn()
    await cache.close()
    opened.open()
    await loading
    expect(cache.stats().nearEntries).toBe(0)
    await clock.advance(5_000)
    expect(clock.pending).toBe(0)
    expect(await errorOf(cache.get('k'))).toBeInstanceOf(StoreClosedError)
  })
})

describe('what callers get of it', () => {
  const v8Codec: Codec = { name: 'v8', encode: serialize, decode: (bytes) => deserialize(Buffer.from(bytes)) }
  class Point {
    x: number

    constructor(x: number) {
      this.x = x
    }

    move(): void {
      this.x++
    }
  }
  const pointCodec: Codec = {
    name: 'point',
    encode: (value) => Buffer.from(JSON.stringify((value as { point: Point }).point.x)),
    decode: (bytes) => ({ point: new Point(JSON.parse(Buffer.from(bytes).toString())) }),
  }
  type Kind = [kind: string, make: () => object, change: (value: never) => void, codec: Codec | undefined]
  const apart: readonly Kind[] = [
    ['a Buffer', () => Buffer.from('abc'), (value: Buffer) => value.fill(0), undefined],
    ['a Map', () => new Map([['a', 1]]), (value: Map<string, number>) => value.set('a', 2), v8Codec],
    ['a Set', () => new Set([1]), (value: Set<number>) => value.add(2), v8Codec],
    ['a Date', () => new Date(1), (value: Date) => value.setTime(2), v8Codec],
    ['a Float64Array', () => Float64Array.of(1), (value: Float64Array) => value.fill(2), v8Codec],
    [
      'a Map in an object',
      () => ({ m: new Map([[1, 2]]) }),
      (value: { m: Map<number, number> }) => value.m.clear(),
      v8Codec,
    ],
    [
      'an instance of a class',
      () => ({ point: new Point(1) }),
      (value: { point: Point }) => value.point.move(),
      pointCodec,
    ],
  ]

  it.each(apart)('%s: each a copy of its own, which it may change', async (_, make, change, codec) => {
    const { cache } = await setUp({ near: {}, codec })
    for (let round = 0; round < 3; round++) {
      const value = await cache.getOrSet('k', make)
      await turn()
      expect(value).toEqual(make())
      change(value as never)
    }
    expect(cache.peek('k')).toEqual(make())
    expect(cache.stats().nearHits).toBe(3)
  })

  it('objects and arrays: all the same, frozen through and through, and never the one of the loader', async () => {
    const { cache } = await setUp({ near: {} })
    const own = { list: [{ deep: 1 }], text: 'x', nothing: null }
    const first = await load(cache, 'k', own)
    const second = await cache.getOrSet('k', unused)
    const third = await cache.getOrSet('k', unused)
    own.list.push({ deep: 2 })
    for (const value of [first, second, third]) {
      expect(value).toEqual({ list: [{ deep: 1 }], text: 'x', nothing: null })
      expect(() => value.list.push({ deep: 3 })).toThrow(TypeError)
      expect(() => Object.assign(value.list[0] as object, { deep: 3 })).toThrow(TypeError)
    }
    expect(third).toBe(second)
    expect(cache.peek('k')).toBe(second)
    expect(Object.isFrozen(own)).toBe(false)
  })

  it('what a codec makes with circles', async () => {
    const { cache } = await setUp({ near: {}, codec: v8Codec })
    const circle: { self?: unknown } = {}
    circle.self = circle
    await load(cache, 'k', circle)
    const value = cache.peek<typeof circle>('k')
    expect(value?.self).toBe(value)
    expect(Object.isFrozen(value)).toBe(true)
  })

  it("with 'clone' each its own, not frozen", async () => {
    const { cache } = await setUp({ near: { mutability: 'clone' } })
    for (let round = 0; round < 3; round++) {
      const value = await load(cache, 'k', { a: [1] })
      expect(value).toEqual({ a: [1] })
      value.a.push(2)
    }
  })

  it("with 'shared' all the same, not frozen", async () => {
    const { cache } = await setUp({ near: { mutability: 'shared' } })
    await load(cache, 'k', { a: [1] })
    cache.peek<{ a: number[] }>('k')?.a.push(2)
    expect(cache.peek('k')).toEqual({ a: [1, 2] })
  })

  it('is that of their own shape: another codec, version or validation asks the store', async () => {
    const { cache } = await setUp({ near: {} })
    await load(cache, 'k', { a: 1 })
    await cache.get('k')
    expect(cache.peek('k')).toEqual({ a: 1 })
    const strict = cache.configure({ validate: () => false })
    expect(strict.peek('k')).toBeUndefined()
    expect(await strict.get('k')).toBeUndefined()
    expect(cache.configure({ schemaVersion: 2 }).peek('k')).toBeUndefined()
    expect(cache.peek('k')).toEqual({ a: 1 })
  })

  it('of bytes that another codec has written: nothing', async () => {
    const { cache, another } = await setUp({ near: {} })
    await another({ near: false, codec: { ...v8Codec } }).cache.set('k', { a: 1 })
    expect(await cache.get('k')).toBeUndefined()
    expect(cache.peek('k')).toBeUndefined()
    expect(await load(cache, 'k', { a: 2 })).toEqual({ a: 2 })
  })
})

describe('what leaves it, and what does not enter', () => {
  const changes: readonly (readonly [string, (cache: Cache) => Promise<unknown>])[] = [
    ['delete', (cache) => cache.delete('k')],
    ['set', (cache) => cache.set('k', 'other')],
    ['clear', (cache) => cache.clear()],
    ['expire', (cache) => cache.expire('k')],
    ['touch', (cache) => cache.touch('k', { ttl: '1h' })],
    ['pull', (cache) => cache.pull('k')],
  ]

  it.each(changes)('%s takes the entry out, here and in other processes', async (_, change) => {
    const { cache, another } = await setUp({ near: {} })
    const other = (await linked(another())).cache
    for (const each of [cache, other]) {
      await warmed(each, 'k', 'old')
      await turn()
    }
    await cache.get('k')
    expect([cache.peek('k'), other.peek('k')]).toEqual(['old', 'old'])
    await change(cache)
    expect(cache.peek('k')).toBeUndefined()
    await turn()
    expect([cache.peek('k'), other.peek('k')]).toEqual([undefined, undefined])
  })

  it.each(changes)('%s fences a read that is under way, here and in other processes', async (_, change) => {
    const { cache, another } = await setUp({ near: {} })
    const { cache: other, faulty } = await linked(another())
    await cache.set('k', 'old')
    await other.get('other key')
    const answered = gate()
    faulty.faultOf = (operation, key) =>
      /get/.test(operation) && /:k$/.test(key) ? { answerAfter: answered.promise } : undefined
    const reading = other.get('k')
    await turn()
    await change(cache)
    await turn()
    answered.open()
    expect(await reading).toBe('old')
    expect(other.peek('k')).toBeUndefined()
  })

  it('a delete fences a load under way, also when it has failed', async () => {
    const { cache, faulty, clock } = await setUp({ near: {} })
    const loading = cache.getOrSet('k', slowly(clock, 20, 'old'))
    await clock.advance(5)
    faulty.faultOf = (operation) =>
      operation === 'delete' ? new StoreUnavailableError('down', { store: 'x' }) : undefined
    expect(await cache.delete('k')).toBe('journaled')
    await clock.advance(20)
    expect(await loading).toBe('old')
    expect(cache.peek('k')).toBeUndefined()
    faulty.thaw()
    await clock.advance(2_000)
    expect(await load(cache, 'k', 'new')).toBe('new')
  })

  it('a clear that another process has made is seen when the mark is read, where no message tells of it', async () => {
    const { cache, another, memory, clock } = await setUp({ near: { ttl: '1h' }, ttl: '1h' })
    Object.assign(memory.capabilities, { bus: false })
    const quiet = another().cache
    const other = another().cache
    await warmed(quiet, 'k', 'old')
    await other.clear()
    expect(quiet.peek('k')).toBe('old')
    await clock.advance(1_500)
    await quiet.get('another key')
    expect(quiet.peek('k')).toBeUndefined()
    await cache.close()
  })

  it('a set that does not get as far as the store takes the entry out', async () => {
    const { cache, faulty, clock } = await setUp({ near: {} })
    await load(cache, 'k', 'old')
    await clock.advance(2_000)
    faulty.faultOf = (operation) =>
      operation === 'get' ? new StoreUnavailableError('down', { store: 'x' }) : undefined
    expect(await cache.set('k', 'new')).toBe(false)
    expect(cache.peek('k')).toBeUndefined()
  })

  it('is not touched by counters, nor by the marks of refreshes', async () => {
    const { cache } = await setUp({ near: {} })
    await load(cache, 'k', 1)
    await cache.increment('k')
    expect(cache.peek('k')).toBe(1)
  })
})

describe('while the store does not answer', () => {
  const down = new StoreUnavailableError('down', { store: 'x' })

  it('serves on what it has, and keeps what is loaded without a lease', async () => {
    const { cache, faulty, clock } = await setUp({ near: { ttl: '10s' } })
    await load(cache, 'before', 1)
    faulty.faultOf = (operation) => (operation === 'publish' || operation === 'subscribe' ? undefined : down)
    const loader = vi.fn(() => 'loaded')
    for (let round = 0; round < 3; round++) {
      expect(await cache.getOrSet('k', loader)).toBe('loaded')
      await turn()
    }
    expect(loader).toHaveBeenCalledTimes(1)
    expect(await cache.getOrSet('before', unused)).toBe(1)
    await clock.advance(10_100)
    await cache.getOrSet('k', loader)
    expect(loader).toHaveBeenCalledTimes(2)
  })

  it('gives up what this process invalidates, and may keep what is loaded after that', async () => {
    const { cache, faulty } = await setUp({ near: {} })
    faulty.faultOf = () => down
    await load(cache, 'k', 'old')
    expect(cache.peek('k')).toBe('old')
    expect(await cache.delete('k')).toBe('journaled')
    expect(cache.peek('k')).toBeUndefined()
    expect(await load(cache, 'k', 'new')).toBe('new')
    expect(cache.peek('k')).toBe('new')
    expect(await cache.clear()).toBe('journaled')
    expect(cache.peek('k')).toBeUndefined()
  })
})
