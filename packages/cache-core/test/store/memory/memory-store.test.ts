import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError, StoreClosedError, StoreFullError } from '../../../src/base/errors.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

const bytes = Buffer.from('bytes')

// What every store promises is proven by the conformance suite; this is about memory alone.
describe('the memory store', () => {
  it.each([
    [{ maxEntries: 0 }, /^maxEntries: /],
    [{ maxEntries: 1.5 }, /^maxEntries: /],
    [{ maxBytes: Number.NaN }, /^maxBytes: /],
    [{ maxBytes: '1mb' }, /^maxBytes: /],
    [{ clock: {} }, /^clock: /],
    [{ ttl: 5 }, /^ttl: memoryStore has no such option/],
  ])('refuses %j', (options, message) => {
    const wrong = options as unknown as Parameters<typeof memoryStore>[0]
    expect(() => memoryStore(wrong)).toThrow(message)
    expect(() => memoryStore(wrong)).toThrow(InvalidOptionError)
  })

  it('keeps at most maxEntries, and lets go of the least recently used', async () => {
    const store = memoryStore({ maxEntries: 3 })
    for (const key of ['a', 'b', 'c']) await store.set(key, bytes)
    await store.get('a')
    await store.set('d', bytes)
    const entries = await store.getMany(['a', 'b', 'c', 'd'])
    expect(entries.map((entry) => entry !== undefined)).toEqual([true, false, true, true])
  })

  it('keeps at most maxBytes, keys and overhead counted', async () => {
    const store = memoryStore({ maxBytes: 12_000 })
    for (let index = 0; index < 10; index++) await store.set(`key ${index}`, Buffer.alloc(2_000))
    const entries = await store.getMany(Array.from({ length: 10 }, (_, index) => `key ${index}`))
    expect(entries.filter((entry) => entry !== undefined)).toHaveLength(4)
    expect(entries[9]).toBeDefined()
  })

  it('keeps a small value without the slab that it came in', async () => {
    const store = memoryStore()
    const slab = Buffer.alloc(65_536)
    await store.set('view', slab.subarray(10, 20))
    const kept = (await store.get('view'))?.bytes
    expect(kept?.byteLength).toBe(10)
    expect(kept?.buffer.byteLength).toBe(10)
    const whole = Buffer.alloc(65_536)
    await store.set('whole', whole)
    expect((await store.get('whole'))?.bytes).toBe(whole)
  })

  it('has no bound where Infinity is written out', async () => {
    const store = memoryStore({ maxEntries: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY })
    for (let index = 0; index < 1_000; index++) await store.set(`key ${index}`, bytes)
    expect(await store.get('key 0')).toBeDefined()
  })

  it('tells evictions on diagnostics, and nothing when a value is deleted or replaced', async () => {
    const heard: unknown[] = []
    const listener = (message: unknown): void => void heard.push(message)
    channel('tiercel:eviction').subscribe(listener)
    const store = memoryStore({ maxEntries: 1 })
    await store.set('a', bytes)
    await store.set('a', bytes)
    await store.set('b', bytes)
    await store.delete('b')
    channel('tiercel:eviction').unsubscribe(listener)
    expect(heard).toEqual([{ store: 'memory', key: 'a' }])
  })

  it('refuses an entry that does not fit at all, and the old value is gone', async () => {
    const store = memoryStore({ maxBytes: 2_000 })
    await store.set('k', bytes)
    await expect(store.set('k', Buffer.alloc(3_000))).rejects.toBeInstanceOf(StoreFullError)
    expect(await store.get('k')).toBeUndefined()
    const version = (await store.add('k', bytes)) ?? 0
    await expect(store.compareAndSet('k', version, Buffer.alloc(3_000))).rejects.toBeInstanceOf(StoreFullError)
    expect(await store.get('k')).toBeUndefined()
  })

  it('never declares a negative size', () => {
    expect(memoryStore({ maxBytes: 10 }).capabilities.maxValueBytes).toBe(0)
  })

  it('is exact to the millisecond', async () => {
    const clock = new FakeClock()
    const store = memoryStore({ clock })
    await store.set('k', bytes, { ttl: 1_000 })
    await clock.advance(999)
    expect(await store.get('k')).toBeDefined()
    await clock.advance(1)
    expect(await store.get('k')).toBeUndefined()
  })

  it('shares nothing with another instance, not even versions', async () => {
    const [one, other] = [memoryStore(), memoryStore()]
    await one.set('k', bytes)
    await other.set('k', bytes)
    const version = (await one.get('k'))?.version ?? 0
    expect(await other.compareAndSet('k', version, bytes)).toBeUndefined()
    await one.purge()
    expect(await other.get('k')).toBeDefined()
  })

  it('bounds its counters too', async () => {
    const store = memoryStore({ maxEntries: 2 })
    for (const key of ['a', 'b', 'c']) await store.increment(key, 5)
    expect(await store.increment('a', 0)).toBe(0)
    expect(await store.increment('c', 0)).toBe(5)
  })

  it('carries messages to all that subscribe in this process, each once', async () => {
    const store = memoryStore()
    const heard: string[] = []
    const listener = (message: Uint8Array): void => void heard.push(Buffer.from(message).toString())
    const leave = await store.subscribe('c', listener)
    await store.subscribe('c', listener)
    await store.publish('c', Buffer.from('one'))
    await store.publish('another', Buffer.from('two'))
    await leave()
    await store.publish('c', Buffer.from('three'))
    expect(heard).toEqual(['one', 'one', 'three'])
  })

  it('lets go of everything when it is closed', async () => {
    const store = memoryStore()
    await store.set('k', bytes)
    await store.close()
    await expect(store.get('k')).rejects.toBeInstanceOf(StoreClosedError)
  })
})
