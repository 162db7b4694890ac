import { describe, expect, it, vi } from 'vitest'
import { LoadTimeoutError } from '../../src/base/errors.js'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, gate, setUp } from '../support/set-up.js'

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

  it('comes in its own time: a caller that joined a load that timed out tries again', async () => {
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
