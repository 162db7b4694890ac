import { describe, expect, it, vi } from 'vitest'
import { InvalidKeyError, StoreClosedError, StoreUnavailableError } from '../../src/base/errors.js'
import type { Cache } from '../../src/data/cache.js'
import { turn } from '../../src/testing/fake-clock.js'
import { linked, load, setUpNear, unused } from '../support/near.js'
import { errorOf } from '../support/rejections.js'
import { gate, slowly } from '../support/set-up.js'

/** Reads until the near cache holds the key: what was loaded enters at once, what was set with the first read. */
async function warmed<T>(cache: Cache, key: string, value: T): Promise<void> {
  await cache.set(key, value)
  await cache.get(key)
}

describe('a hit near', () => {
  it('asks the store for nothing', async () => {
    const { cache, faulty } = await setUpNear({ near: {} })
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
    const { cache, another } = await setUpNear({ near: {} })
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
    const { cache } = await setUpNear({ near: {} })
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
    const { cache } = await setUpNear({ near: {} })
    const [a, b] = [cache.namespace('a'), cache.namespace('b')]
    await load(a, 'k', 'in a')
    await load(b, 'k', 'in b')
    expect([a.peek('k'), b.peek('k'), cache.peek('k')]).toEqual(['in a', 'in b', undefined])
    await a.clear()
    expect([a.peek('k'), b.peek('k')]).toEqual([undefined, 'in b'])
  })

  it('may be nothing, where that is remembered', async () => {
    const { cache } = await setUpNear({ near: {}, negativeTtl: '10s' })
    expect(await load(cache, 'k', undefined)).toBeUndefined()
    expect(await cache.getOrSet('k', unused)).toBeUndefined()
  })

  it('is not for a call, a view or a namespace that says so', async () => {
    const { cache, faulty } = await setUpNear({ near: {} })
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
    const { cache, clock } = await setUpNear({ near: { ttl: '10s' }, ttl: '1h' })
    await load(cache, 'k', 1)
    await clock.advance(9_990)
    expect(cache.peek('k')).toBe(1)
    await clock.advance(20)
    expect(cache.peek('k')).toBeUndefined()
    expect(await cache.getOrSet('k', unused)).toBe(1)
    expect(cache.peek('k')).toBe(1)
  })

  it('is what is left of its freshness, whatever the wall clock is set to', async () => {
    const { cache, clock } = await setUpNear({ near: { ttl: '1h' }, ttl: '5s' })
    await load(cache, 'k', 1)
    await clock.advance(4_990)
    clock.setWall(clock.now() - 3_600_000)
    expect(cache.peek('k')).toBe(1)
    await clock.advance(20)
    expect(cache.peek('k')).toBeUndefined()
  })

  it('is bounded in entries, and what was asked for again stays', async () => {
    const { cache } = await setUpNear({ near: { maxEntries: 10 } })
    await load(cache, 'hot', 1)
    for (let index = 0; index < 100; index++) {
      cache.peek('hot')
      await load(cache, `cold ${index}`, 1)
    }
    expect(cache.peek('hot')).toBe(1)
    expect(cache.stats().nearEntries).toBe(10)
  })

  it('is bounded in bytes, and what alone is larger does not enter', async () => {
    const { cache } = await setUpNear({ near: { maxBytes: 100_000 } })
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
    const { cache, clock, faulty } = await setUpNear({ near: {}, ttl: '1s', staleWhileRevalidate: '10s' })
    let loads = 0
    const loader = (): number => ++loads
    expect(await cache.getOrSet('k', loader)).toBe(1)
    await clock.advance(1_500)
    const before = faulty.count('get 2:v::k') + faulty.count('getMany 2:v::k,2:n::')
    expect(await Promise.all([1, 2, 3].map(() => cache.getOrSet('k', loader)))).toEqual([1, 1, 1])
    expect(cache.peek('k')).toBeUndefined()
    await turn()
    // And once more by the refresh, which looks whether it is still wanted.
    expect(faulty.count('get 2:v::k') + faulty.count('getMany 2:v::k,2:n::')).toBe(before + 2)
    expect(loads).toBe(2)
    expect(cache.peek('k')).toBe(2)
    await clock.advance(30_000)
    expect(cache.peek('k')).toBeUndefined()
  })

  it('ends at close', async () => {
    const { cache, clock } = await setUpNear({ near: {} })
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
    const { cache, another } = await setUpNear({ near: {} })
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
    const { cache, another } = await setUpNear({ near: {} })
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
    const { cache, faulty, clock } = await setUpNear({ near: {} })
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
    const { cache, another, memory, clock } = await setUpNear({ near: { ttl: '1h' }, ttl: '1h' })
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
    const { cache, faulty, clock } = await setUpNear({ near: {} })
    await load(cache, 'k', 'old')
    await clock.advance(2_000)
    faulty.faultOf = (operation) =>
      operation === 'get' ? new StoreUnavailableError('down', { store: 'x' }) : undefined
    expect(await cache.set('k', 'new')).toBe(false)
    expect(cache.peek('k')).toBeUndefined()
  })

  it('is not touched by counters, nor by the marks of refreshes', async () => {
    const { cache } = await setUpNear({ near: {} })
    await load(cache, 'k', 1)
    await cache.increment('k')
    expect(cache.peek('k')).toBe(1)
  })
})

describe('while the store does not answer', () => {
  const down = new StoreUnavailableError('down', { store: 'x' })

  it('serves on what it has, and keeps what is loaded without a lease', async () => {
    const { cache, faulty, clock } = await setUpNear({ near: { ttl: '10s' } })
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

  it('serves on what it had when the bus was lost, to the end of its near TTL, and asks no source', async () => {
    const { cache, faulty, clock } = await setUpNear({ near: { ttl: '10s' }, ttl: '1m' })
    await load(cache, 'k', 'before')
    faulty.faultOf = () => down
    await clock.advance(4_000)
    expect(cache.peek('k')).toBeUndefined()
    expect(await cache.getOrSet('k', unused)).toBe('before')
    expect(await cache.get('k')).toBe('before')
    expect(await cache.getMany(['k'])).toEqual(['before'])
    expect(await cache.getOrSetMany(['k'], unused)).toEqual(['before'])
    expect(cache.stats()).toMatchObject({ nearHits: 4, unleasedLoads: 0 })
    expect(await cache.getOrSet('k', () => 'asked for', { forceFresh: true })).toBe('asked for')
    await clock.advance(10_100)
    expect(await cache.getOrSet('k', () => 'after')).toBe('after')
  })

  it('of what was lost with the bus serves nothing that this process invalidates, nor after the store has answered', async () => {
    const { cache, memory, faulty, clock } = await setUpNear({ near: {} })
    for (const key of ['deleted', 'changed', 'other']) await load(cache, key, 'before')
    faulty.faultOf = () => down
    await clock.advance(4_000)
    expect(await cache.delete('deleted')).toBe('journaled')
    expect(await load(cache, 'deleted', 'after')).toBe('after')
    await memory.delete('2:v::changed')
    faulty.faultOf = (operation) => (operation === 'publish' || operation === 'subscribe' ? down : undefined)
    expect(await load(cache, 'changed', 'after')).toBe('after')
    faulty.faultOf = () => down
    expect(await load(cache, 'other', 'after')).toBe('after')
  })

  it('gives up what this process invalidates, and may keep what is loaded after that', async () => {
    const { cache, faulty } = await setUpNear({ near: {} })
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
