import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it, vi } from 'vitest'
import { InvalidOptionError, InvalidValueError, LoadTimeoutError } from '../../src/base/errors.js'
import { turn } from '../support/fake-clock.js'
import { endsAfter, gate, setUp, slowly } from '../support/set-up.js'

describe('getOrSet', () => {
  it('loads once, then answers from the store', async () => {
    const { cache } = setUp()
    const loader = vi.fn(() => 'loaded')
    expect(await cache.getOrSet('k', loader)).toBe('loaded')
    await turn()
    expect(await cache.getOrSet('k', loader)).toBe('loaded')
    expect(loader).toHaveBeenCalledTimes(1)
  })

  it('answers a thousand callers with one load, each with a value of its own', async () => {
    const { cache } = setUp()
    const loader = vi.fn(async () => ({ list: [1] }))
    const values = await Promise.all(Array.from({ length: 1_000 }, () => cache.getOrSet('k', loader)))
    expect(loader).toHaveBeenCalledTimes(1)
    values[0]?.list.push(2)
    expect(values[1]).toEqual({ list: [1] })
    expect(new Set(values).size).toBe(1_000)
    expect(cache.stats()).toMatchObject({ loads: 1, joins: 999 })
  })

  it.each([0, '', false, null])('stores %j', async (value) => {
    const { cache } = setUp()
    const loader = vi.fn(() => value)
    await cache.getOrSet('k', loader)
    await turn()
    expect(await cache.getOrSet('k', loader)).toBe(value)
    expect(loader).toHaveBeenCalledTimes(1)
  })

  it('answers undefined and does not store it', async () => {
    const { cache } = setUp()
    const loader = vi.fn(() => undefined)
    expect(await cache.getOrSet('k', loader)).toBeUndefined()
    await turn()
    expect(await cache.getOrSet('k', loader)).toBeUndefined()
    expect(loader).toHaveBeenCalledTimes(2)
  })

  it('gives who loads what a hit would give', async () => {
    const { cache } = setUp()
    class Point {
      constructor(readonly x: number) {}
    }
    const load = () => ({ at: new Date(0), point: new Point(1), bytes: undefined })
    const missed = await cache.getOrSet('k', load)
    await turn()
    const hit = await cache.getOrSet('k', load)
    expect(missed).toEqual({ at: '1970-01-01T00:00:00.000Z', point: { x: 1 } })
    expect(hit).toStrictEqual(missed)
    expect(missed.point).not.toBeInstanceOf(Point)
  })

  it('stores what the loader returned, whatever becomes of its buffer afterwards', async () => {
    const { cache } = setUp()
    const buffer = Buffer.from('before')
    await cache.getOrSet('k', () => buffer)
    buffer.fill(0)
    await turn()
    expect(await cache.get('k')).toEqual(Buffer.from('before'))
  })

  it('rejects a value that the codec refuses, for all who waited', async () => {
    const { cache } = setUp()
    const calls = [cache.getOrSet('k', () => 1n), cache.getOrSet('k', () => 1n)]
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ reason: expect.any(InvalidValueError) })
    }
  })

  it('hands an error of the loader to all who joined, and does not store it', async () => {
    const { cache } = setUp()
    const loading = gate<string>()
    const early = [cache.getOrSet('k', () => loading.promise), cache.getOrSet('k', () => loading.promise)]
    await turn()
    const late = cache.getOrSet('k', () => loading.promise)
    await turn()
    const error = new Error('the database is away')
    loading.fail(error)
    for (const outcome of await Promise.allSettled([...early, late])) expect(outcome).toMatchObject({ reason: error })
    expect(await cache.getOrSet('k', () => 'recovered')).toBe('recovered')
  })

  it('rejects what a loader throws at once', async () => {
    const { cache } = setUp()
    await expect(
      cache.getOrSet('k', () => {
        throw new RangeError('at once')
      }),
    ).rejects.toThrow('at once')
  })

  it("runs the loader in the context of no request: neither its first caller's, nor that in which the cache was made", async () => {
    const request = new AsyncLocalStorage<string>()
    const { cache } = request.run('at start', () => setUp())
    const seen = await request.run('first caller', () => cache.getOrSet('k', () => request.getStore() ?? 'none'))
    expect(seen).toBe('none')
  })

  it('does not store a value that is too large for the store, and answers it to all', async () => {
    const { cache, faulty } = setUp()
    Object.defineProperty(faulty.store, 'capabilities', {
      value: { ...faulty.store.capabilities, maxValueBytes: 1_000 },
    })
    const loading = gate<string>()
    const first = cache.getOrSet('k', () => loading.promise)
    await turn()
    const late = cache.getOrSet('k', () => 'its own')
    await turn()
    loading.open('x'.repeat(1_000))
    expect(await first).toHaveLength(1_000)
    expect(await late).toHaveLength(1_000)
    expect(await cache.has('k')).toBe(false)
    expect(cache.stats().unstored).toBe(1)
  })
})

describe('the lifetime of a loaded value', () => {
  it('is that of the call, then of the namespace, then of the cache', async () => {
    const { cache } = setUp({ ttl: '1m' })
    await cache.getOrSet('call', () => 1, { ttl: '1s' })
    await cache.getOrSet('cache', () => 1)
    await turn()
    expect(await cache.ttl('call')).toBe(1_000)
    expect(await cache.ttl('cache')).toBe(60_000)
  })

  it('counts from the end of the load', async () => {
    const { cache, clock } = setUp()
    const call = cache.getOrSet('k', slowly(clock, 700, 1), { ttl: '1s' })
    await endsAfter(clock, call)
    expect(await cache.ttl('k')).toBe(1_000)
  })

  it('may be none: ttl 0 answers and does not store', async () => {
    const { cache } = setUp()
    expect(await cache.getOrSet('k', () => 1, { ttl: 0 })).toBe(1)
    await turn()
    expect(await cache.has('k')).toBe(false)
  })

  it('may be without end', async () => {
    const { cache } = setUp()
    await cache.getOrSet('k', () => 1, { ttl: Number.POSITIVE_INFINITY })
    await turn()
    expect(await cache.ttl('k')).toBe(Number.POSITIVE_INFINITY)
  })

  it('may be said by the loader', async () => {
    const { cache } = setUp()
    await cache.getOrSet('k', ({ setTtl }) => {
      setTtl('3s')
      return 1
    })
    await turn()
    expect(await cache.ttl('k')).toBe(3_000)
    const wrong = cache.getOrSet('other', ({ setTtl }) => setTtl('soon' as never))
    await expect(wrong).rejects.toBeInstanceOf(InvalidOptionError)
  })

  it('skip answers everybody and stores nothing', async () => {
    const { cache } = setUp()
    const loading = gate()
    const loader = vi.fn(async ({ skip }: { skip(): void }) => {
      await loading.promise
      skip()
      return 'answered'
    })
    const calls = [cache.getOrSet('k', loader), cache.getOrSet('k', loader)]
    await turn()
    calls.push(cache.getOrSet('k', loader))
    await turn()
    loading.open()
    expect(await Promise.all(calls)).toEqual(['answered', 'answered', 'answered'])
    expect(loader).toHaveBeenCalledTimes(1)
    expect(await cache.has('k')).toBe(false)
  })
})

describe('the end of a call', () => {
  it('comes at hardTimeout, also when the loader ignores its signal', async () => {
    const { cache, clock } = setUp({ hardTimeout: '2s' })
    let signal: AbortSignal | undefined
    const call = cache.getOrSet('k', (context) => {
      signal = context.signal
      return new Promise(() => {})
    })
    expect(await endsAfter(clock, call)).toBe(2_000)
    await expect(call).rejects.toBeInstanceOf(LoadTimeoutError)
    expect(signal?.aborted).toBe(true)
    expect(await cache.getOrSet('k', () => 'again')).toBe('again')
  })

  it('comes at hardTimeout counted from its own start, also on a frozen store', async () => {
    const { cache, clock, faulty } = setUp({ hardTimeout: '2s' })
    faulty.freeze()
    expect(
      await endsAfter(
        clock,
        cache.getOrSet('k', () => new Promise(() => {})),
      ),
    ).toBe(2_000)
  })

  it('comes in its own time: who joined a load that timed out tries again', async () => {
    const { cache, clock } = setUp()
    const hanging = cache.getOrSet('k', () => new Promise(() => {}), { hardTimeout: '1s' })
    await turn()
    await clock.advance(900)
    const patient = cache.getOrSet('k', () => 'its own')
    expect(await endsAfter(clock, hanging)).toBe(100)
    await expect(hanging).rejects.toBeInstanceOf(LoadTimeoutError)
    await clock.advance(100)
    expect(await patient).toBe('its own')
  })

  it('comes with its own signal, while the load goes on for the others', async () => {
    const { cache } = setUp()
    const loading = gate<string>()
    let aborted: boolean | undefined
    const leaving = new AbortController()
    const first = cache.getOrSet(
      'k',
      async ({ signal }) => {
        const value = await loading.promise
        aborted = signal.aborted
        return value
      },
      { signal: leaving.signal },
    )
    const second = cache.getOrSet('k', () => 'another')
    await turn()
    const late = cache.getOrSet('k', () => 'another')
    await turn()
    leaving.abort(new Error('the client has gone'))
    await expect(first).rejects.toThrow('the client has gone')
    loading.open('loaded')
    expect(await second).toBe('loaded')
    expect(await late).toBe('loaded')
    expect(aborted).toBe(false)
  })

  it('aborts the load when it was the last one, and frees the lease', async () => {
    const { cache, another, clock } = setUp()
    const leaving = new AbortController()
    let loadSignal: AbortSignal | undefined
    const call = cache.getOrSet(
      'k',
      ({ signal }) => {
        loadSignal = signal
        return new Promise(() => {})
      },
      { signal: leaving.signal },
    )
    await turn()
    leaving.abort()
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    expect(loadSignal?.aborted).toBe(true)
    const next = another().cache.getOrSet('k', () => 'next')
    expect(await endsAfter(clock, next)).toBe(0)
  })

  it('does not abort a load that has ended, whose value is on its way into the store', async () => {
    const { cache, faulty } = setUp()
    const stored = gate()
    const leaving = new AbortController()
    let loadSignal: AbortSignal | undefined
    const loading = gate<string>()
    faulty.faultOf = (operation) => (operation === 'compareAndSet' ? { answerAfter: stored.promise } : undefined)
    const first = cache.getOrSet('k', ({ signal }) => {
      loadSignal = signal
      return loading.promise
    })
    await turn()
    const late = cache.getOrSet('k', () => 'its own', { signal: leaving.signal })
    await turn()
    loading.open('loaded')
    expect(await first).toBe('loaded')
    leaving.abort()
    await expect(late).rejects.toMatchObject({ name: 'AbortError' })
    stored.open()
    await turn()
    expect(loadSignal?.aborted).toBe(false)
    expect(await cache.get('k')).toBe('loaded')
  })

  it('when all have gone while the lease was claimed, nothing is loaded and the lease is freed', async () => {
    const { cache, faulty, memory } = setUp()
    const claimed = gate()
    const leaving = new AbortController()
    const loader = vi.fn()
    faulty.faultOf = (operation, key) =>
      operation === 'add' && key === '2:v::k' ? { answerAfter: claimed.promise } : undefined
    const call = cache.getOrSet('k', loader, { signal: leaving.signal })
    await turn()
    leaving.abort()
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    claimed.open()
    await turn()
    expect(loader).not.toHaveBeenCalled()
    expect(await memory.get('2:v::k')).toBeUndefined()
  })

  it('comes at once with a signal that was aborted before', async () => {
    const { cache } = setUp()
    await cache.set('k', 'stored')
    const aborted = AbortSignal.abort(new Error('too late'))
    await expect(cache.getOrSet('k', () => 1, { signal: aborted })).rejects.toThrow('too late')
  })

  it('leaves no listener on the signal and no timer behind', async () => {
    const { cache, clock } = setUp()
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    await cache.getOrSet('k', () => 1, { signal })
    await cache.getOrSet('failing', () => Promise.reject(new Error('no')), { signal }).catch(() => {})
    await clock.advance(1_000)
    expect(listeners).toBe(0)
    expect(clock.pending).toBe(0)
  })
})
