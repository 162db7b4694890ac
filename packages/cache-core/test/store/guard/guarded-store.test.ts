import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import {
  AmbiguousWriteError,
  InvalidKeyError,
  InvalidOptionError,
  StoreClosedError,
  StoreTimeoutError,
  StoreUnavailableError,
  UnsupportedError,
  ValueTooLargeError,
} from '../../../src/base/errors.js'
import { GuardedStore, guardStore } from '../../../src/store/guard/guarded-store.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import type { Store } from '../../../src/store/store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { errorOf, rejecting } from '../../support/rejections.js'
import { scriptedStore } from '../../support/scripted-store.js'

const never = (): Promise<never> => new Promise(() => undefined)
const bytes = Buffer.from('bytes')
const details = { store: 'memory' }

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

describe('deadlines', () => {
  it('a read that does not answer is a timeout after its time', async () => {
    const clock = new FakeClock()
    const store = guardStore(scriptedStore({ get: never, ping: never, getMany: never }).store, { clock })
    const reads = [errorOf(store.get('k')), errorOf(store.getMany(['k'])), errorOf(store.ping())]
    await clock.advance(50)
    for (const error of await Promise.all(reads)) {
      expect(error).toBeInstanceOf(StoreTimeoutError)
      expect(error.message).toMatch(/^memory: \w+ failed: no answer within 50 ms$/)
    }
  })

  it('a write that does not answer is ambiguous after its time, caused by the timeout', async () => {
    const clock = new FakeClock()
    const script: Partial<Store> = { set: never, add: never, delete: never, increment: never, compareAndSet: never }
    const store = guardStore(scriptedStore(script).store, { clock, timeout: { write: '1s' } })
    const writes = [
      errorOf(store.set('k', bytes)),
      errorOf(store.add('k', bytes)),
      errorOf(store.delete('k')),
      errorOf(store.increment('k', 1)),
      errorOf(store.compareAndSet('k', 1, bytes)),
    ]
    await clock.advance(1_000)
    for (const error of await Promise.all(writes)) {
      expect(error).toBeInstanceOf(AmbiguousWriteError)
      expect(error.cause).toBeInstanceOf(StoreTimeoutError)
    }
  })

  it('a claim before a load may use the deadline of reads', async () => {
    const clock = new FakeClock()
    const store = guardStore(scriptedStore({ add: never, compareAndSet: never }).store, { clock })
    const claims = [errorOf(store.add('k', bytes, {}, 'read')), errorOf(store.compareAndSet('k', 1, bytes, {}, 'read'))]
    await clock.advance(50)
    for (const error of await Promise.all(claims)) expect(error).toBeInstanceOf(AmbiguousWriteError)
  })

  it('an operation that rejects with nothing has failed, and is not late', async () => {
    const store = guardStore(scriptedStore({ get: rejecting(undefined) }).store)
    expect(await errorOf(store.get('k'))).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'memory: get failed: undefined',
    })
  })

  it('a purge has a minute', async () => {
    const clock = new FakeClock()
    const store = guardStore(scriptedStore({ purge: never }).store, { clock })
    const purge = errorOf(store.purge())
    await clock.advance(59_999)
    await clock.advance(1)
    await expect(purge).resolves.toBeInstanceOf(AmbiguousWriteError)
  })
})

describe('errors', () => {
  it('of known classes pass as they are', async () => {
    for (const error of [new StoreUnavailableError('away', details), new UnsupportedError('no', details)]) {
      const store = guardStore(scriptedStore({ get: rejecting(error), set: rejecting(error) }).store)
      expect(await errorOf(store.get('k'))).toBe(error)
      expect(await errorOf(store.set('k', bytes))).toBe(error)
    }
  })

  it('of an unknown class are unavailability on a read and ambiguity on a write', async () => {
    const cause = new Error('ECONNRESET')
    const store = guardStore(scriptedStore({ get: rejecting(cause), set: rejecting(cause) }).store)
    const read = await errorOf(store.get('k'))
    expect(read).toBeInstanceOf(StoreUnavailableError)
    expect(read).toMatchObject({ cause, store: 'memory', operation: 'get', message: 'memory: get failed: ECONNRESET' })
    const write = await errorOf(store.set('k', bytes))
    expect(write).toBeInstanceOf(AmbiguousWriteError)
    expect(write).toMatchObject({ cause, operation: 'set' })
  })

  it('of another copy of this package are known by their code, and come out as classes of this one', async () => {
    const foreign = Object.assign(new Error('too large'), { code: 'ERR_VALUE_TOO_LARGE' })
    const { store, calls } = scriptedStore({ set: rejecting(foreign) })
    const error = await errorOf(guardStore(store).set('k', bytes))
    expect(error).toBeInstanceOf(ValueTooLargeError)
    expect(error.cause).toBe(foreign)
    expect(calls).toContain('delete k')
  })

  it('with a code of Node are not mistaken for known ones', async () => {
    const cause = Object.assign(new Error('closed'), { code: 'ERR_SOCKET_CLOSED' })
    expect(await errorOf(guardStore(scriptedStore({ get: rejecting(cause) }).store).get('k'))).toBeInstanceOf(
      StoreUnavailableError,
    )
  })

  it('thrown before a promise exists, or that are no errors at all, are mapped too', async () => {
    const broken = (): never => {
      throw 'a text'
    }
    const store = guardStore(scriptedStore({ get: broken }).store)
    expect(await errorOf(store.get('k'))).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'memory: get failed: a text',
    })
  })

  it('are told on diagnostics', async () => {
    const heard: unknown[] = []
    const listener = (message: unknown): void => void heard.push(message)
    channel('tiercel:store-error').subscribe(listener)
    const error = await errorOf(guardStore(scriptedStore({ get: rejecting(new Error('x')) }).store).get('k'))
    channel('tiercel:store-error').unsubscribe(listener)
    expect(heard).toEqual([{ store: 'memory', operation: 'get', error }])
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

describe('close', () => {
  it('fails what is under way and all that follows', async () => {
    const store = guardStore(scriptedStore({ get: never, set: never }).store, { timeout: '1m' })
    const pending = [errorOf(store.get('k')), errorOf(store.set('k', bytes))]
    await store.close()
    for (const error of await Promise.all(pending)) expect(error).toBeInstanceOf(StoreClosedError)
    expect(await errorOf(store.get('k'))).toBeInstanceOf(StoreClosedError)
    expect(await errorOf(store.ping())).toBeInstanceOf(StoreClosedError)
  })

  it('closes the store once, however often it is called', async () => {
    const { store, calls } = scriptedStore()
    const guarded = guardStore(store)
    await Promise.all([guarded.close(), guarded.close()])
    await guarded.close()
    expect(calls).toEqual(['close'])
  })

  it('ends after two seconds when the store does not', async () => {
    const clock = new FakeClock()
    const closed = guardStore(scriptedStore({ close: never }).store, { clock }).close()
    await clock.advance(2_000)
    await closed
  })

  it('does not fail when the store does', async () => {
    await guardStore(scriptedStore({ close: rejecting(new Error('no')) }).store).close()
  })
})
