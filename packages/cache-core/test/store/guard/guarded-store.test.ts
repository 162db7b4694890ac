import { describe, expect, it } from 'vitest'
import { InvalidKeyError, InvalidOptionError } from '../../../src/base/errors.js'
import { GuardedStore, guardStore } from '../../../src/store/guard/guarded-store.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { errorOf } from '../../support/rejections.js'
import { scriptedStore } from '../../support/scripted-store.js'

const bytes = Buffer.from('bytes')

describe('the options of guardStore', () => {
  it.each([
    [{ timeout: 0 }, /^timeout: /],
    [{ timeout: 'soon' }, /^timeout: /],
    [{ timeout: { read: 0 } }, /^timeout\.read: /],
    [{ timeout: { write: Number.NaN } }, /^timeout\.write: /],
    [{ timeout: { reads: 5 } }, /^timeout\.reads: timeout has no such option; did you mean 'read'/],
    [{ timeuot: 5 }, /^timeuot: /],
  ])('refuse %j', (options, message) => {
    const wrong = options as unknown as Parameters<typeof guardStore>[1]
    expect(() => guardStore(memoryStore(), wrong)).toThrow(message)
    expect(() => guardStore(memoryStore(), wrong)).toThrow(InvalidOptionError)
  })

  it('guard a store once', () => {
    const guarded = guardStore(memoryStore())
    expect(guardStore(guarded)).toBe(guarded)
    expect(guarded).toBeInstanceOf(GuardedStore)
  })

  it('given for a store that is guarded already are refused: they could change nothing', () => {
    const guarded = guardStore(memoryStore())
    const again = (): unknown => guardStore(guarded, { timeout: '2s' })
    expect(again).toThrow(InvalidOptionError)
    expect(again).toThrow(expect.objectContaining({ option: 'options', message: expect.stringContaining('guarded') }))
  })
})

describe('keys', () => {
  it('are checked before any I/O', async () => {
    const { store, calls } = scriptedStore()
    const guarded = guardStore(store)
    for (const key of ['', 'x'.repeat(65_537)]) {
      for (const call of [
        () => guarded.get(key),
        () => guarded.set(key, bytes),
        () => guarded.add(key, bytes),
        () => guarded.compareAndSet(key, 1, bytes),
        () => guarded.delete(key),
        () => guarded.compareAndDelete(key, 1),
        () => guarded.touch(key, 1),
        () => guarded.getMany(['a', key]),
        () => guarded.setMany([{ key, bytes }]),
        () => guarded.deleteMany([key]),
        () => guarded.increment(key, 1),
      ]) {
        expect(await errorOf(call())).toBeInstanceOf(InvalidKeyError)
      }
    }
    expect(calls).toEqual([])
  })

  it('too long for the engine are hashed, and the original is verified on read', async () => {
    const { store, calls } = scriptedStore()
    const short = new Proxy(store, {
      get: (target, name) =>
        name === 'capabilities' ? { ...target.capabilities, maxKeyBytes: 100 } : Reflect.get(target, name, target),
    })
    const guarded = guardStore(short)
    const [key, other] = [`${'x'.repeat(200)}a`, `${'x'.repeat(200)}b`]
    await guarded.set(key, bytes)
    expect((await guarded.get(key))?.bytes).toEqual(bytes)
    const text = calls[0]?.slice('set '.length) ?? ''
    expect(text).toMatch(/^#/)
    // Another key's value under the same hash, which SHA-256 does not let happen, is a miss.
    const entry = await store.get(text)
    await guarded.set(other, bytes)
    const otherText = calls[calls.length - 1]?.slice('set '.length) ?? ''
    await store.set(otherText, entry?.bytes ?? bytes)
    expect(await guarded.get(other)).toBeUndefined()
    expect(await guarded.getMany([key, other])).toMatchObject([{ bytes }, undefined])
  })
})

describe('values and lifetimes', () => {
  it('are checked before any I/O', async () => {
    const { store, calls } = scriptedStore()
    const guarded = guardStore(store)
    for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1s', null]) {
      const options = { ttl: ttl as number }
      expect(await errorOf(guarded.set('k', bytes, options))).toBeInstanceOf(InvalidOptionError)
      expect(await errorOf(guarded.add('k', bytes, options))).toBeInstanceOf(InvalidOptionError)
      expect(await errorOf(guarded.compareAndSet('k', 1, bytes, options))).toBeInstanceOf(InvalidOptionError)
      expect(await errorOf(guarded.setMany([{ key: 'k', bytes, ...options }]))).toBeInstanceOf(InvalidOptionError)
      expect(await errorOf(guarded.touch('k', options.ttl))).toBeInstanceOf(InvalidOptionError)
      expect(await errorOf(guarded.increment('k', 1, options))).toBeInstanceOf(InvalidOptionError)
    }
    expect(await errorOf(guarded.touch('k', undefined as unknown as number))).toBeInstanceOf(InvalidOptionError)
    expect(await errorOf(guarded.set('k', 'text' as unknown as Uint8Array))).toBeInstanceOf(InvalidOptionError)
    for (const by of [0.5, Number.NaN, 2 ** 53]) {
      expect(await errorOf(guarded.increment('k', by))).toBeInstanceOf(InvalidOptionError)
    }
    expect(calls).toEqual([])
  })

  it('a fraction of a millisecond is rounded up, and more than a century is a century', async () => {
    const seen: unknown[] = []
    const set = async (_key: string, _bytes: Uint8Array, options: unknown): Promise<void> => void seen.push(options)
    const store = guardStore(scriptedStore({ set }).store)
    await store.set('k', bytes, { ttl: 0.2 })
    await store.set('k', bytes, { ttl: 1e300 })
    await store.set('k', bytes)
    expect(seen).toEqual([{ ttl: 1 }, { ttl: 3_155_760_000_000 }, { ttl: undefined }])
  })

  it("'keep' is for compareAndSet alone", async () => {
    const store = guardStore(memoryStore())
    const version = (await store.add('k', bytes)) ?? 0
    expect(await store.compareAndSet('k', version, bytes, { ttl: 'keep' })).toBeDefined()
    expect(await errorOf(store.set('k', bytes, { ttl: 'keep' as unknown as number }))).toBeInstanceOf(
      InvalidOptionError,
    )
  })
})

describe('batches of nothing', () => {
  it('do not reach the store', async () => {
    const { store, calls } = scriptedStore()
    const guarded = guardStore(store)
    expect(await guarded.getMany([])).toEqual([])
    await guarded.setMany([])
    await guarded.deleteMany([])
    expect(calls).toEqual([])
  })
})
