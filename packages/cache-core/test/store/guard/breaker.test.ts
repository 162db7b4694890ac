import { describe, expect, it } from 'vitest'
import { StoreFullError, StoreUnavailableError } from '../../../src/base/errors.js'
import { createCache } from '../../../src/data/cache.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { type Fault, faultyStore } from '../../../src/testing/faulty-store.js'
import { hearBreakers, heard, READ_MS, setUp, states } from '../../support/breakers.js'
import { errorOf } from '../../support/rejections.js'
import { endsAfter } from '../../support/set-up.js'

hearBreakers()

const bytes = Buffer.from('bytes')
const details = { store: 'memory' }

describe('the breaker', () => {
  it('opens after five misses in a row; then a call is not sent, and fails in the same turn', async () => {
    const { clock, faulty, guarded, read } = setUp()
    faulty.freeze()
    await read(5)
    expect(heard).toEqual([
      { store: 'memory', server: undefined, kind: 'read', state: 'open', reason: expect.any(Error) },
    ])
    expect(guarded.openBreakers).toBe(1)
    const sent = faulty.calls.length
    const began = clock.monotonic()
    const failed = await Promise.all([
      errorOf(guarded.get('other')),
      errorOf(guarded.set('key', bytes)),
      errorOf(guarded.delete('key')),
    ])
    expect(clock.monotonic()).toBe(began)
    for (const error of failed) {
      expect(error).toBeInstanceOf(StoreUnavailableError)
      expect(error).toMatchObject({
        message: expect.stringContaining('circuit breaker is open: memory: get failed: no answer within 50 ms'),
      })
    }
    expect(faulty.calls.length).toBe(sent)
  })

  it('asks in the background, one question at a time and ever more seldom, by the key that failed', async () => {
    const { clock, faulty, read } = setUp()
    faulty.freeze()
    await read(5)
    faulty.calls.length = 0
    await clock.advance(10_000)
    expect(new Set(faulty.calls)).toEqual(new Set(['get key']))
    expect(faulty.calls.length).toBeGreaterThanOrEqual(9)
    expect(faulty.calls.length).toBeLessThanOrEqual(14)
    expect(states()).toEqual(['read open'])
  })

  it('closes as soon as a question is answered in time', async () => {
    const { clock, faulty, guarded, read } = setUp()
    faulty.freeze()
    await read(5)
    faulty.thaw()
    await clock.advance(READ_MS)
    expect(states()).toEqual(['read open', 'read closed'])
    expect(guarded.openBreakers).toBe(0)
    await guarded.set('key', bytes)
    expect(await guarded.get('key')).toBeDefined()
  })

  it('gives a server no more time where the event loop stands still: a slow one would pass for a prompt one', async () => {
    const { clock, faulty, read } = setUp()
    const after = clock.after.bind(clock)
    faulty.faultOf = () => ({ answerAfter: new Promise<void>((resolve) => after(READ_MS + 20, resolve)) })
    await read(5)
    clock.after = (ms, callback) => after(ms + 15, callback)
    await clock.advance(5_000)
    expect(states()).toEqual(['read open'])
  })

  it('stays open for a server that is alive and always too slow', async () => {
    const { clock, faulty, guarded, read } = setUp()
    faulty.faultOf = () => ({ answerAfter: new Promise<void>((resolve) => clock.after(READ_MS + 10, resolve)) })
    await read(5)
    await clock.advance(20_000)
    expect(states()).toEqual(['read open'])
    expect(await errorOf(guarded.get('key'))).toBeInstanceOf(StoreUnavailableError)
  })

  it('has the server prove itself for longer each time that deadlines open it again at once, for a second at most', async () => {
    const { clock, faulty, read } = setUp()
    const openedFor = async (): Promise<number> => {
      faulty.freeze()
      await read(5)
      faulty.thaw()
      const since = clock.monotonic()
      while (states().at(-1) !== 'read closed') await clock.advance(10)
      return clock.monotonic() - since
    }
    const times: number[] = []
    for (let round = 0; round < 10; round++) times.push(await openedFor())
    expect(times[0]).toBeLessThan(100)
    expect(times[1]).toBeLessThan(200)
    expect(times[9]).toBeGreaterThan(1_000)
    expect(times[9]).toBeLessThanOrEqual(1_200)
    await clock.advance(2_000)
    expect(await openedFor()).toBeLessThan(100)
  })

  it('sends in a rehearsal what callers want, as much at once as before, without their waiting, and believes no less', async () => {
    const { clock, faulty, guarded, read } = setUp()
    const openAgain = async (): Promise<void> => {
      faulty.freeze()
      const reading = Promise.all(Array.from({ length: 9 }, () => errorOf(guarded.get('key'))))
      await clock.advance(READ_MS)
      await reading
      faulty.thaw()
      expect(states().at(-1)).toBe('read open')
    }
    const rehearse = async (): Promise<void> => {
      while (states().at(-1) !== 'read half-open') await clock.advance(1)
      const began = clock.monotonic()
      const refused = await Promise.all(
        Array.from({ length: 20 }, (_, index) => errorOf(guarded.get(`wanted ${index}`))),
      )
      expect(clock.monotonic()).toBe(began)
      for (const error of refused) expect(error).toBeInstanceOf(StoreUnavailableError)
    }
    await openAgain()
    await clock.advance(100)
    await openAgain()
    // It answers one, and not many.
    faulty.faultOf = (_, key) => (key.startsWith('wanted') ? 'frozen' : undefined)
    faulty.calls.length = 0
    await rehearse()
    expect(faulty.calls.filter((call) => call.startsWith('get wanted'))).toHaveLength(5)
    await clock.advance(100)
    expect(states().at(-1)).toBe('read open')
    faulty.thaw()
    await rehearse()
    await clock.advance(100)
    expect(states().at(-1)).toBe('read closed')
    expect(await read(1)).toEqual([undefined])
  })

  it('opens where more than a third fails, and not where less does', async () => {
    const tried = async (failing: number, of: number): Promise<string[]> => {
      heard.length = 0
      const { faulty, read } = setUp()
      let count = 0
      faulty.faultOf = (): Fault => (count++ % of < failing ? 'frozen' : undefined)
      await read(120)
      return states()
    }
    expect((await tried(1, 2))[0]).toBe('read open')
    expect(await tried(1, 4)).toEqual([])
  })

  it('opens for a server that is not there, and hears soon of its return', async () => {
    const { clock, faulty, read } = setUp()
    faulty.faultOf = () => new StoreUnavailableError('ECONNREFUSED', details)
    await read(5)
    expect(states()).toEqual(['read open'])
    await clock.advance(60_000)
    faulty.thaw()
    await clock.advance(200 + READ_MS)
    expect(states()).toEqual(['read open', 'read closed'])
  })

  it('is not opened by answers: full, refused, read-only', async () => {
    const { faulty, guarded, read } = setUp()
    faulty.faultOf = (operation) =>
      operation === 'get'
        ? new StoreUnavailableError('NOPERM', { ...details, answered: true })
        : operation === 'add'
          ? new StoreUnavailableError('READONLY', details)
          : operation === 'set'
            ? new StoreFullError('OOM', details)
            : undefined
    for (let round = 0; round < 20; round++) {
      await errorOf(guarded.set('key', bytes))
      await errorOf(guarded.add('key', bytes))
    }
    await read(20)
    expect(states()).toEqual([])
  })

  it('spares a server writes alone where reads are answered, and finds out by writes of its own that it takes them', async () => {
    const { clock, faulty, guarded, read } = setUp()
    faulty.faultOf = (operation) => (operation === 'set' ? 'frozen' : undefined)
    for (let round = 0; round < 5; round++) {
      const writing = errorOf(guarded.set('key', bytes))
      await clock.advance(200)
      await writing
    }
    expect(states()).toEqual(['write open'])
    faulty.calls.length = 0
    expect(await errorOf(guarded.set('key', bytes))).toBeInstanceOf(StoreUnavailableError)
    expect(await read(3)).toEqual([undefined, undefined, undefined])
    await clock.advance(10_000)
    expect(states()).toEqual(['write open'])
    expect(new Set(faulty.calls)).toEqual(new Set(['get key', 'set tiercel:breaker:0']))
    expect(faulty.count('set tiercel:breaker:0')).toBeLessThanOrEqual(12)
    faulty.thaw()
    await clock.advance(1_200)
    expect(states()).toEqual(['write open', 'write closed'])
    await guarded.set('key', bytes)
  })

  it('writes to a key of the same server', async () => {
    const { clock, faulty, guarded } = setUp((key) => `server of ${key.at(-1)}`)
    faulty.faultOf = (operation) => (operation === 'set' ? 'frozen' : undefined)
    for (let round = 0; round < 5; round++) {
      const writing = errorOf(guarded.set('key 7', bytes))
      await clock.advance(200)
      await writing
    }
    await clock.advance(1_000)
    expect(faulty.calls.filter((call) => call.startsWith('set tiercel'))).not.toEqual([])
    expect(new Set(faulty.calls)).toEqual(new Set(['set key 7', 'set tiercel:breaker:7']))
  })

  it('belongs to one server: the others are read, alone and in a batch', async () => {
    const { clock, faulty, guarded, read } = setUp((key) => key.slice(0, 1))
    await guarded.setMany(['a1', 'a2', 'b1', 'b2'].map((key) => ({ key, bytes })))
    faulty.faultOf = (_, key) => (key.startsWith('a') ? 'frozen' : undefined)
    await read(5, 'a1')
    expect(heard).toMatchObject([{ server: 'a', kind: 'read', state: 'open' }])
    const began = clock.monotonic()
    const outcomes = await guarded.getEach(['b1', 'a1', 'b2', 'a2', 'b1'])
    expect(outcomes.map((outcome) => (outcome instanceof Error ? 'failed' : typeof outcome))).toEqual([
      'object',
      'failed',
      'object',
      'failed',
      'object',
    ])
    expect(clock.monotonic()).toBe(began)
    await guarded.set('b3', bytes)
    expect(await errorOf(guarded.getMany(['b1', 'a1']))).toBeInstanceOf(StoreUnavailableError)
    expect(await errorOf(guarded.deleteMany(['b1', 'a1']))).toBeInstanceOf(StoreUnavailableError)
    expect(await guarded.get('b1')).toBeUndefined()
    expect(await guarded.get('b2')).toBeDefined()
  })

  it('opens for the server of a batch that one server holds up, and not for the others', async () => {
    const { clock, faulty, guarded } = setUp((key) => key.slice(0, 1))
    faulty.faultOf = (_, keys) => (keys.startsWith('a') ? 'frozen' : undefined)
    for (let round = 0; round < 5; round++) {
      const reading = guarded.getEach(['a1', 'b1', 'c1'])
      await clock.advance(READ_MS)
      expect((await reading).map((outcome) => outcome instanceof Error)).toEqual([true, false, false])
    }
    expect(heard).toMatchObject([{ server: 'a', state: 'open' }])
  })

  it('asks no more when the store is closed, not after the question that was due then either', async () => {
    const { clock, faulty, guarded, read } = setUp()
    faulty.freeze()
    await read(5)
    await clock.advance(READ_MS)
    const closing = guarded.close()
    await clock.advance(10_000)
    await closing
    faulty.calls.length = 0
    await clock.advance(10_000)
    expect([clock.pending, faulty.calls]).toEqual([0, []])
  })

  it('leaves no timer behind when the store is closed', async () => {
    const { clock, faulty, guarded, read } = setUp()
    faulty.freeze()
    await read(5)
    expect(clock.pending).toBeGreaterThan(0)
    faulty.thaw()
    await guarded.close()
    await clock.advance(10_000)
    expect(clock.pending).toBe(0)
    expect(faulty.calls.filter((call) => call === 'get key').length).toBe(5)
  })
})

describe('a cache on a store whose breaker is open', () => {
  it('costs a call its loader, keeps its deletes, and has them delivered when the store is back', async () => {
    const clock = new FakeClock()
    const faulty = faultyStore(memoryStore({ clock }))
    const cache = createCache({ store: faulty, clock })
    await cache.set('kept', 'old')
    faulty.freeze()
    for (let round = 0; round < 5; round++) expect(await endsAfter(clock, cache.get('key'))).toBe(READ_MS)
    expect(cache.stats().openBreakers).toBe(1)
    const began = clock.monotonic()
    expect(await cache.getOrSet('key', async () => 'loaded')).toBe('loaded')
    expect(await cache.delete('kept')).toBe('journaled')
    expect(clock.monotonic()).toBe(began)
    faulty.thaw()
    await clock.advance(3_000)
    expect(cache.stats()).toMatchObject({ openBreakers: 0, journaled: 0 })
    expect(faulty.calls.filter((call) => call.startsWith('delete') && call.endsWith('kept'))).not.toEqual([])
    expect(await cache.get('kept')).toBeUndefined()
    await cache.close()
  })
})
