import { describe, expect, it } from 'vitest'
import { InvalidKeyError, InvalidValueError, StoreClosedError, StoreUnavailableError } from '../../src/base/errors.js'
import { turn } from '../../src/testing/fake-clock.js'
import { gate, setUp } from '../support/set-up.js'

describe('set and get', () => {
  it.each([0, '', false, null, [], {}])('%j is a value', async (value) => {
    const { cache } = setUp()
    expect(await cache.set('k', value)).toBe(true)
    expect(await cache.get('k')).toEqual(value)
    expect(await cache.has('k')).toBe(true)
  })

  it('keep empty bytes, and 1 MiB of any bytes', async () => {
    const { cache } = setUp()
    const large = crypto.getRandomValues(new Uint8Array(65_536))
    const mebibyte = Buffer.concat(Array.from({ length: 16 }, () => large))
    await cache.set('empty', new Uint8Array())
    await cache.set('large', mebibyte)
    expect(await cache.get('empty')).toEqual(Buffer.alloc(0))
    expect(mebibyte.equals((await cache.get<Buffer>('large')) as Buffer)).toBe(true)
  })

  it('a key that was never set is undefined', async () => {
    const { cache } = setUp()
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.has('k')).toBe(false)
    expect(await cache.ttl('k')).toBeUndefined()
  })

  it('a value ends with its ttl, to the millisecond', async () => {
    const { cache, clock } = setUp()
    await cache.set('k', 1, { ttl: '2s' })
    await clock.advance(1_999)
    expect(await cache.get('k')).toBe(1)
    expect(await cache.ttl('k')).toBe(1)
    await clock.advance(1)
    expect(await cache.get('k')).toBeUndefined()
  })

  it('a value lives 5 minutes by default, for ever with Infinity', async () => {
    const { cache, clock } = setUp()
    await cache.set('default', 1)
    await cache.set('endless', 1, { ttl: Number.POSITIVE_INFINITY })
    expect(await cache.ttl('default')).toBe(300_000)
    expect(await cache.ttl('endless')).toBe(Number.POSITIVE_INFINITY)
    await clock.advance(20 * 86_400_000)
    expect(await cache.get('default')).toBeUndefined()
    expect(await cache.get('endless')).toBe(1)
  })

  it('a ttl of 0 stores nothing, and removes what stood there', async () => {
    const { cache } = setUp()
    await cache.set('k', 1)
    expect(await cache.set('k', 2, { ttl: 0 })).toBe(false)
    expect(await cache.get('k')).toBeUndefined()
  })

  it('each caller gets a value of its own', async () => {
    const { cache } = setUp()
    await cache.set('object', { list: [1] })
    await cache.set('bytes', Buffer.from([1]))
    const object = await cache.get<{ list: number[] }>('object')
    const bytes = await cache.get<Buffer>('bytes')
    object?.list.push(2)
    bytes?.fill(9)
    expect(await cache.get('object')).toEqual({ list: [1] })
    expect(await cache.get('bytes')).toEqual(Buffer.from([1]))
  })

  it('what cannot be a value or a key is refused', async () => {
    const { cache } = setUp()
    await expect(cache.set('k', undefined)).rejects.toBeInstanceOf(InvalidValueError)
    await expect(cache.set('', 1)).rejects.toBeInstanceOf(InvalidKeyError)
    await expect(cache.get('')).rejects.toBeInstanceOf(InvalidKeyError)
    await expect(cache.getOrSet([], () => 1)).rejects.toBeInstanceOf(InvalidKeyError)
    await expect(cache.delete('')).rejects.toBeInstanceOf(InvalidKeyError)
  })

  it('bytes of something else in a slot are a miss, and a load replaces them', async () => {
    const { cache, memory } = setUp()
    await memory.set('2:v::k', Buffer.from('not a frame'))
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    expect(await cache.get('k')).toBe('loaded')
  })

  it('a value that the codec cannot read any more is a miss, and a load replaces it', async () => {
    const { cache, another } = setUp()
    const refusing = {
      name: 'json',
      encode: (value: unknown) => Buffer.from(String(value)),
      decode: () => expect.fail('never'),
    }
    await another({ codec: refusing }).cache.set('k', { written: 'by another codec' })
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getOrSet('k', () => ({ loaded: true }))).toEqual({ loaded: true })
    expect(await cache.get('k')).toEqual({ loaded: true })
  })
})

describe('add', () => {
  it('stores where there is no value, once among all', async () => {
    const { cache, another } = setUp()
    const added = await Promise.all([cache.add('k', 'a'), another().cache.add('k', 'b'), cache.add('k', 'c')])
    expect(added.filter(Boolean)).toHaveLength(1)
    expect(await cache.get('k')).toBe(['a', 'b', 'c'][added.indexOf(true)])
  })

  it('wins over a value whose time is over, and over one that was cleared', async () => {
    const { cache } = setUp({ tagHold: 0 })
    await cache.set('k', 'old')
    expect(await cache.add('k', 'new')).toBe(false)
    await cache.clear()
    expect(await cache.add('k', 'new')).toBe(true)
    expect(await cache.get('k')).toBe('new')
  })

  it('wins over a load: who loads gets what it loaded, and it is not stored', async () => {
    const { cache, another } = setUp()
    const loading = gate<string>()
    const loaded = cache.getOrSet('k', () => loading.promise)
    await turn()
    expect(await another().cache.add('k', 'added')).toBe(true)
    loading.open('loaded')
    expect(await loaded).toBe('loaded')
    expect(await cache.get('k')).toBe('added')
  })

  it('wins also when the lease in its way is extended meanwhile', async () => {
    const { cache, another, clock } = setUp({ lease: 300, storeTimeout: '1s' })
    const loading = gate<string>()
    const loaded = cache.getOrSet('k', () => loading.promise)
    await turn()
    const { cache: other, faulty } = another()
    const extended = gate()
    faulty.faultOf = (operation, key) =>
      operation === 'get' && key === '2:v::k' ? { answerAfter: extended.promise } : undefined
    const adding = other.add('k', 'added')
    await turn()
    await clock.advance(100)
    faulty.thaw()
    extended.open()
    expect(await adding).toBe(true)
    loading.open('loaded')
    expect(await loaded).toBe('loaded')
    expect(await cache.get('k')).toBe('added')
  })

  it('does not replace what another one added since a clear', async () => {
    const { cache, another } = setUp({ tagHold: 0 })
    const { cache: other } = another()
    await cache.set('k', 'cleared')
    const { cache: slow, faulty } = another()
    const meanwhile = gate()
    faulty.faultOf = (operation, key) =>
      operation === 'add' && key === '2:v::k' ? { answerAfter: meanwhile.promise } : undefined
    const adding = slow.add('k', 'slow')
    await turn()
    await other.clear()
    expect(await other.add('k', 'other')).toBe(true)
    faulty.thaw()
    meanwhile.open()
    expect(await adding).toBe(false)
    expect(await cache.get('k')).toBe('other')
  })

  it('rejects rather than guess when the store does not answer', async () => {
    const { cache, faulty } = setUp()
    faulty.faultOf = (operation) =>
      operation === 'add' ? new StoreUnavailableError('gone', { store: 'faulty' }) : undefined
    await expect(cache.add('k', 1)).rejects.toBeInstanceOf(StoreUnavailableError)
  })

  it('with a ttl of 0 stores nothing', async () => {
    const { cache } = setUp()
    expect(await cache.add('k', 1, { ttl: 0 })).toBe(false)
    expect(await cache.has('k')).toBe(false)
  })
})

describe('namespaces', () => {
  it('have keys of their own, and are cleared alone', async () => {
    const { cache } = setUp({ tagHold: 0 })
    const users = cache.namespace('users')
    const admins = users.namespace('admins')
    for (const [index, each] of [cache, users, admins].entries()) await each.set('k', index)
    expect(await Promise.all([cache.get('k'), users.get('k'), admins.get('k')])).toEqual([0, 1, 2])
    await users.clear()
    expect(await Promise.all([cache.get('k'), users.get('k'), admins.get('k')])).toEqual([0, undefined, 2])
  })

  it('of the same name are the same, nested ones are told from names with a slash', async () => {
    const { cache, another } = setUp()
    await cache.namespace('a').namespace('b').set('k', 1)
    expect(await another().cache.namespace('a').namespace('b').get('k')).toBe(1)
    expect(await cache.namespace('a/b').get('k')).toBeUndefined()
    expect(await cache.namespace('a:b').get('k')).toBeUndefined()
  })

  it('hand their defaults down', async () => {
    const { cache } = setUp({ ttl: '1m' })
    const short = cache.namespace('short', { ttl: '1s' })
    await short.set('k', 1)
    await short.namespace('inner').set('k', 1)
    await cache.set('k', 1)
    expect(await short.ttl('k')).toBe(1_000)
    expect(await short.namespace('inner').ttl('k')).toBe(1_000)
    expect(await cache.ttl('k')).toBe(60_000)
  })
})

describe('stats', () => {
  it('count what happened, namespaces together', async () => {
    const { cache } = setUp()
    await cache.getOrSet('k', () => 1)
    await cache.getOrSet('k', () => 2)
    await cache.namespace('n').get('nothing')
    await cache.getOrSet('skipped', ({ skip }) => skip())
    await expect(cache.getOrSet('failing', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await turn()
    expect(cache.stats()).toEqual({
      hits: 1,
      staleHits: 0,
      nearHits: 0,
      nearEntries: 0,
      nearBytes: 0,
      busMessages: 0,
      refreshes: 0,
      hedges: 0,
      misses: 4,
      loads: 3,
      unleasedLoads: 0,
      loadErrors: 1,
      joins: 0,
      waits: 0,
      stores: 1,
      unreadable: 0,
      latency: { load: expect.objectContaining({ count: 2 }), storeRead: undefined, storeWrite: undefined },
      unstored: 0,
      journaled: 0,
      openBreakers: 0,
      captureBytes: 0,
      sendBytes: 0,
    })
  })
})

describe('close', () => {
  it('refuses every later call, of namespaces too', async () => {
    const { cache } = setUp()
    await cache.close()
    await cache.close()
    const calls = [
      cache.getOrSet('k', () => 1),
      cache.get('k'),
      cache.has('k'),
      cache.ttl('k'),
      cache.set('k', 1),
      cache.add('k', 1),
      cache.delete('k'),
      cache.clear(),
      cache.namespace('n').get('k'),
    ]
    const outcomes = await Promise.allSettled(calls)
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(StoreClosedError) })
  })

  it('lets loads under way answer their callers', async () => {
    const { cache, another, clock } = setUp()
    const loading = gate<string>()
    const holder = cache.getOrSet('k', () => loading.promise)
    await turn()
    const { cache: other } = another()
    const waiter = other.getOrSet('k', () => 'its own')
    const joiner = cache.getOrSet('k', () => 'again')
    await turn()
    await Promise.all([cache.close(), other.close()])
    loading.open('loaded')
    await clock.advance(100)
    expect(await holder).toBe('loaded')
    expect(await joiner).toBe('again')
    expect(await waiter).toBe('its own')
  })

  it('settles what waits for a frozen store', async () => {
    const { cache, faulty, clock } = setUp({ storeTimeout: '1h', hardTimeout: '2h' })
    faulty.freeze()
    const calls = Promise.allSettled([
      cache.set('k', 1),
      cache.delete('k'),
      cache.get('k'),
      cache.add('k', 1),
      cache.getOrSet('k', () => 'loaded'),
    ])
    await turn()
    await cache.close()
    await clock.advance(1)
    const [set, deleted, got, added, loaded] = await calls
    for (const each of [set, deleted, got, added]) {
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STORE_CLOSED' } })
    }
    expect(loaded).toEqual({ status: 'fulfilled', value: 'loaded' })
  })
})
