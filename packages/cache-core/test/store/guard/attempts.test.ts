import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import {
  AmbiguousWriteError,
  StoreClosedError,
  StoreTimeoutError,
  StoreUnavailableError,
  UnsupportedError,
  ValueTooLargeError,
} from '../../../src/base/errors.js'
import { guardStore } from '../../../src/store/guard/guarded-store.js'
import type { Store } from '../../../src/store/store.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { errorOf, never, rejecting } from '../../support/rejections.js'
import { scriptedStore } from '../../support/scripted-store.js'

const bytes = Buffer.from('bytes')
const details = { store: 'memory' }

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
    let closed = false
    const closing = guardStore(scriptedStore({ close: never }).store, { clock })
      .close()
      .then(() => {
        closed = true
      })
    await clock.advance(1_999)
    expect(closed).toBe(false)
    await clock.advance(1)
    await closing
  })

  it('does not fail when the store does, and tells it on diagnostics', async () => {
    const heard: unknown[] = []
    const listener = (message: unknown): void => void heard.push(message)
    channel('tiercel:store-error').subscribe(listener)
    const cause = new Error('no')
    await guardStore(scriptedStore({ close: rejecting(cause) }).store).close()
    channel('tiercel:store-error').unsubscribe(listener)
    expect(heard).toMatchObject([
      { store: 'memory', operation: 'close', error: { code: 'ERR_STORE_UNAVAILABLE', cause } },
    ])
  })
})
