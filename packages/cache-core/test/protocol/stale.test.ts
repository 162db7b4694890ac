import { describe, expect, it, vi } from 'vitest'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, gate, setUp, slowly } from '../support/set-up.js'

const WINDOWS = { ttl: '1s', staleWhileRevalidate: '10s', staleIfError: '1m' } as const

/** A cache whose key holds `old` since the given time. */
async function withOld(agedMs: number, options: object = {}): Promise<ReturnType<typeof setUp>> {
  const parts = setUp({ ...WINDOWS, ...options })
  await parts.cache.getOrSet('k', () => 'old')
  await parts.clock.advance(agedMs)
  return parts
}

describe('within staleWhileRevalidate', () => {
  it('what is stale is answered at once, and refreshed behind', async () => {
    const { cache, clock } = await withOld(2_000)
    const loader = vi.fn(slowly(clock, 100, 'new'))
    expect(await cache.getOrSet('k', loader)).toBe('old')
    expect(await cache.getOrSet('k', loader)).toBe('old')
    await turn()
    await clock.advance(100)
    expect(await cache.getOrSet('k', loader)).toBe('new')
    expect(loader).toHaveBeenCalledTimes(1)
    expect(cache.stats()).toMatchObject({ staleHits: 2, refreshes: 1 })
  })

  it('one process refreshes for all', async () => {
    const { cache, another, clock } = await withOld(2_000)
    const loader = vi.fn(slowly(clock, 100, 'new'))
    const caches = [cache, another().cache, another().cache, another().cache]
    for (const each of caches) expect(await each.getOrSet('k', loader)).toBe('old')
    await clock.advance(1_000)
    for (const each of caches) expect(await each.getOrSet('k', loader)).not.toBe('old')
    expect(loader).toHaveBeenCalledTimes(1)
  })

  it.each(['delete', 'clear'] as const)('a %s during the refresh wins', async (invalidate) => {
    const { cache, another, clock } = await withOld(2_000, { tagHold: 0 })
    const other = another().cache
    await cache.getOrSet('k', slowly(clock, 100, 'read before'))
    await clock.advance(50)
    if (invalidate === 'delete') await other.delete('k')
    else await other.clear()
    await clock.advance(200)
    expect(await other.get('k')).toBeUndefined()
    expect(await cache.getOrSet('k', () => 'after')).toBe('after')
  })

  it('a set during the refresh wins', async () => {
    const { cache, another, clock } = await withOld(2_000)
    await cache.getOrSet('k', slowly(clock, 100, 'read before'))
    await clock.advance(50)
    await another().cache.set('k', 'set meanwhile', { ttl: '1h' })
    await clock.advance(200)
    expect(await cache.get('k')).toBe('set meanwhile')
  })

  it('a refresh that fails is not tried again for the length of a lease, in no process', async () => {
    const { cache, another, clock } = await withOld(2_000, { lease: '3s', staleWhileRevalidate: '1m' })
    const other = another().cache
    const failing = vi.fn(() => Promise.reject(new Error('source is down')))
    for (let step = 0; step < 28; step++) {
      expect(await cache.getOrSet('k', failing)).toBe('old')
      expect(await other.getOrSet('k', failing)).toBe('old')
      await clock.advance(100)
    }
    expect(failing).toHaveBeenCalledTimes(1)
    await clock.advance(1_000)
    expect(await other.getOrSet('k', failing)).toBe('old')
    await clock.advance(1)
    expect(failing).toHaveBeenCalledTimes(2)
  })

  it('a crashed refresher is followed by another after a lease', async () => {
    const { cache, another, clock } = await withOld(2_000, { lease: '3s', staleWhileRevalidate: '1m' })
    const crashing = another()
    await crashing.cache.getOrSet('k', () => new Promise(() => {}))
    crashing.faulty.freeze()
    const loader = vi.fn(() => 'new')
    for (let ms = 0; ms < 3_500; ms += 100) {
      await cache.getOrSet('k', loader)
      await clock.advance(100)
    }
    expect(loader).toHaveBeenCalledTimes(1)
    expect(await cache.getOrSet('k', loader)).toBe('new')
  })

  it('a long refresh keeps its right', async () => {
    const { cache, another, clock } = await withOld(2_000, { lease: '1s', staleWhileRevalidate: '1m' })
    await cache.getOrSet('k', slowly(clock, 5_000, 'new'))
    const other = another().cache
    for (let ms = 0; ms < 4_500; ms += 300) {
      await clock.advance(300)
      expect(await other.getOrSet('k', () => expect.unreachable('another refresh'))).toBe('old')
    }
    await clock.advance(600)
    expect(await other.getOrSet('k', () => expect.unreachable('another load'))).toBe('new')
  })

  it('no more than maxRefreshes run at once, and all are refreshed in the end', async () => {
    const { cache, clock } = setUp({ ttl: '1s', staleWhileRevalidate: '10m', maxRefreshes: 3 })
    const keys = Array.from({ length: 40 }, (_, index) => `k${index}`)
    for (const key of keys) await cache.set(key, 'old')
    await clock.advance(2_000)
    let running = 0
    let most = 0
    const loader = async (): Promise<string> => {
      most = Math.max(most, ++running)
      await slowly(clock, 50, '')()
      running--
      return 'new'
    }
    for (const key of keys) expect(await cache.getOrSet(key, loader, { ttl: '1h' })).toBe('old')
    await clock.advance(2_000)
    expect(most).toBe(3)
    for (const key of keys) expect(await cache.get(key)).toBe('new')
  })

  it('a reader may shorten the window that the writer gave, not lengthen it', async () => {
    const { cache, clock } = await withOld(6_000)
    expect(await cache.getOrSet('k', slowly(clock, 0, 'never'), { staleWhileRevalidate: '1h' })).toBe('old')
    await clock.advance(100)
    await clock.advance(6_000)
    const call = cache.getOrSet('k', () => 'in front', { staleWhileRevalidate: '5s' })
    expect(await call).toBe('in front')
  })
})

describe('between staleWhileRevalidate and staleIfError', () => {
  it('a load goes in front, once among all processes', async () => {
    const { cache, another, clock } = await withOld(20_000)
    const loader = vi.fn(slowly(clock, 100, 'new'))
    const calls = [cache, cache, another().cache, another().cache].map((each) => each.getOrSet('k', loader))
    await endsAfter(clock, Promise.all(calls))
    expect(await Promise.all(calls)).toEqual(['new', 'new', 'new', 'new'])
    expect(loader).toHaveBeenCalledTimes(1)
  })

  it('what is stale is answered when the load fails, to all that wait for it', async () => {
    const { cache, clock } = await withOld(20_000)
    const failing = vi.fn(() => Promise.reject(new Error('source is down')))
    const calls = [cache.getOrSet('k', failing), cache.getOrSet('k', failing)]
    expect(await Promise.all(calls)).toEqual(['old', 'old'])
    expect(failing).toHaveBeenCalledTimes(1)
    expect(cache.stats()).toMatchObject({ loadErrors: 1, staleHits: 2 })
    await clock.advance(60_000)
    await expect(cache.getOrSet('k', failing)).rejects.toThrow('source is down')
  })

  it('after a failure it is answered at once, for the length of a lease', async () => {
    const { cache, another, clock } = await withOld(20_000)
    const failing = vi.fn(() => Promise.reject(new Error('source is down')))
    await cache.getOrSet('k', failing)
    await turn()
    for (const each of [cache, another().cache]) expect(await each.getOrSet('k', failing)).toBe('old')
    expect(failing).toHaveBeenCalledTimes(1)
    await clock.advance(6_000)
    expect(await cache.getOrSet('k', () => 'new')).toBe('new')
  })

  it('a caller that gives up its load says nothing of the source: the next one loads at once', async () => {
    const { cache, another } = await withOld(20_000)
    const impatient = new AbortController()
    const gone = cache.getOrSet('k', () => gate().promise, { signal: impatient.signal })
    await turn()
    impatient.abort()
    await expect(gone).rejects.toThrow('aborted')
    await turn()
    expect(await another().cache.getOrSet('k', () => 'new')).toBe('new')
  })

  it('what is stale is answered after softTimeout, and the load goes on and stores', async () => {
    const { cache, another, clock } = await withOld(20_000)
    const loader = slowly(clock, 1_000, 'new')
    const own = cache.getOrSet('k', loader, { softTimeout: 200 })
    const others = another().cache.getOrSet('k', loader, { softTimeout: 300 })
    expect(await endsAfter(clock, own)).toBe(200)
    expect(await own).toBe('old')
    expect(await endsAfter(clock, others)).toBe(100)
    expect(await others).toBe('old')
    await clock.advance(1_000)
    expect(await cache.get('k')).toBe('new')
  })

  it('what is stale is answered in place of a LoadTimeoutError', async () => {
    const { cache, clock } = await withOld(20_000)
    const call = cache.getOrSet('k', () => new Promise(() => {}), { hardTimeout: 500 })
    expect(await endsAfter(clock, call)).toBe(500)
    expect(await call).toBe('old')
  })

  it("a caller's own signal ends its call with the signal's reason", async () => {
    const { cache } = await withOld(20_000)
    const controller = new AbortController()
    const call = cache.getOrSet('k', () => new Promise(() => {}), { signal: controller.signal })
    await turn()
    controller.abort(new Error('gone'))
    await expect(call).rejects.toThrow('gone')
  })

  it('a loader that finds nothing any more leaves nothing stale behind', async () => {
    const { cache } = await withOld(20_000)
    expect(await cache.getOrSet('k', () => undefined)).toBeUndefined()
    await turn()
    await expect(cache.getOrSet('k', () => Promise.reject(new Error('down')))).rejects.toThrow('down')
  })
})

describe('eagerRefresh', () => {
  it('refreshes before the end by chance, the likelier the nearer', async () => {
    const { cache, clock } = setUp({ ttl: '10s', eagerRefresh: 1 })
    await endsAfter(clock, cache.getOrSet('k', slowly(clock, 1_000, 'old')))
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5)
    await clock.advance(5_000)
    expect(await cache.getOrSet('k', () => expect.unreachable('too early'))).toBe('old')
    // ln 2 of a second before its end.
    await clock.advance(4_400)
    expect(await cache.getOrSet('k', () => 'new')).toBe('old')
    random.mockRestore()
    await turn()
    expect(await cache.get('k')).toBe('new')
  })
})

describe('jitter', () => {
  it('what was set together does not end together, and nothing lives longer than was asked for', async () => {
    const { cache, clock } = setUp({ ttl: '100s', jitter: 0.2 })
    for (let index = 0; index < 500; index++) await cache.set(`k${index}`, index)
    const alive = async (): Promise<number> => {
      let count = 0
      for (let index = 0; index < 500; index++) if (await cache.has(`k${index}`)) count++
      return count
    }
    await clock.advance(80_000)
    expect(await alive()).toBe(500)
    await clock.advance(10_000)
    const half = await alive()
    expect(half).toBeGreaterThan(150)
    expect(half).toBeLessThan(350)
    await clock.advance(10_000)
    expect(await alive()).toBe(0)
  })

  it('leaves add alone', async () => {
    const { cache } = setUp({ jitter: 1 })
    await cache.add('k', 1, { ttl: '10s' })
    expect(await cache.ttl('k')).toBe(10_000)
  })
})

describe('negativeTtl', () => {
  it.each([[null], [undefined]])('remembers %s for a time of its own', async (nothing) => {
    const { cache, clock } = setUp({ ttl: '1h', negativeTtl: '5s' })
    const loader = vi.fn(() => nothing)
    expect(await cache.getOrSet('k', loader)).toBe(nothing)
    await turn()
    expect(await cache.getOrSet('k', loader)).toBe(nothing)
    expect(loader).toHaveBeenCalledTimes(1)
    await clock.advance(5_000)
    await cache.getOrSet('k', loader)
    expect(loader).toHaveBeenCalledTimes(2)
  })

  it('counts as nothing what isNegative says', async () => {
    const { cache, clock } = setUp({
      ttl: '1h',
      negativeTtl: '5s',
      isNegative: (value) => Array.isArray(value) && value.length === 0,
    })
    await cache.getOrSet('k', () => [])
    await cache.getOrSet('null', () => null)
    await clock.advance(5_000)
    expect(await cache.has('k')).toBe(false)
    expect(await cache.has('null')).toBe(true)
  })
})

describe('a loader', () => {
  it('is given the key, and what stood there', async () => {
    const { cache } = await withOld(20_000)
    const seen: unknown[] = []
    await cache.getOrSet(['k'], ({ key, previous }) => {
      seen.push(key, previous)
      return 'new'
    })
    await cache.getOrSet('cold', ({ previous }) => seen.push(previous))
    expect(seen).toEqual([['k'], 'old', undefined])
  })

  it('may say that it still holds: it is fresh again', async () => {
    const { cache, clock } = await withOld(20_000)
    expect(await cache.getOrSet('k', ({ notModified }) => notModified())).toBe('old')
    await turn()
    await clock.advance(500)
    expect(await cache.get('k')).toBe('old')
    await expect(cache.getOrSet('cold', ({ notModified }) => notModified())).rejects.toThrow('no previous value')
  })
})

describe('forceFresh', () => {
  it('loads over what is fresh, and stores', async () => {
    const { cache } = await withOld(0)
    expect(await cache.getOrSet('k', () => 'new', { forceFresh: true })).toBe('new')
    await turn()
    expect(await cache.get('k')).toBe('new')
  })

  it('is answered by no load that began before, and others are served meanwhile', async () => {
    const { cache, another } = await withOld(0)
    const first = gate<string>()
    const earlier = another().cache.getOrSet('k', () => first.promise, { forceFresh: true })
    await turn()
    expect(await cache.getOrSet('k', () => 'second', { forceFresh: true })).toBe('second')
    expect(await cache.getOrSet('k', () => expect.unreachable('a hit'))).not.toBe('first')
    first.open('first')
    expect(await earlier).toBe('first')
    await turn()
    expect(await cache.get('k')).toBe('second')
  })

  it('loads where another process holds a lease', async () => {
    const { cache, another } = setUp()
    void another().cache.getOrSet('k', () => new Promise(() => {}))
    await turn()
    expect(await cache.getOrSet('k', () => 'own', { forceFresh: true })).toBe('own')
  })
})

it('softTimeout must be shorter than hardTimeout', () => {
  expect(() => setUp({ softTimeout: '30s' })).toThrow(expect.objectContaining({ option: 'softTimeout' }))
})
