import { describe, expect, it, vi } from 'vitest'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, gate, setUp, slowly } from '../support/set-up.js'

/** The longest first poll: 20 ms and a quarter. */
const FIRST_POLL_MS = 25
/** The longest delay of any poll: 250 ms and a quarter. */
const LONGEST_POLL_MS = 313

describe('while another process loads', () => {
  it('all callers of a process wait with one poller, and get what was stored', async () => {
    const { cache, another, clock } = setUp()
    const { cache: other, faulty } = another()
    const loaded = cache.getOrSet('k', slowly(clock, 1_000, { list: [1] }))
    await turn()
    const own = vi.fn(() => ({ list: [0] }))
    const waiting = Promise.all(Array.from({ length: 1_000 }, () => other.getOrSet('k', own)))
    const waitedMs = await endsAfter(clock, waiting)
    expect(waitedMs).toBeGreaterThanOrEqual(1_000)
    expect(waitedMs).toBeLessThanOrEqual(1_000 + LONGEST_POLL_MS)
    expect(faulty.calls.length).toBeLessThan(20)
    expect(own).not.toHaveBeenCalled()
    const values = await waiting
    values[0]?.list.push(2)
    expect(values[1]).toEqual(await loaded)
    expect(other.stats()).toMatchObject({ waits: 1_000, loads: 0 })
  })

  it('a value that is set meanwhile is found', async () => {
    const { cache, another, clock } = setUp()
    const loading = gate<string>()
    const loaded = cache.getOrSet('k', () => loading.promise)
    await turn()
    const { cache: other } = another()
    const waiting = other.getOrSet('k', () => 'own')
    await turn()
    await cache.set('k', 'set')
    expect(await endsAfter(clock, waiting)).toBeLessThanOrEqual(FIRST_POLL_MS)
    expect(await waiting).toBe('set')
    loading.open('loaded')
    expect(await loaded).toBe('loaded')
  })

  it('a delete ends the wait: the waiter loads', async () => {
    const { cache, another, clock } = setUp()
    const loading = gate<string>()
    const loaded = cache.getOrSet('k', () => loading.promise)
    await turn()
    const { cache: other } = another()
    const waiting = other.getOrSet('k', () => 'new')
    await turn()
    await other.delete('k')
    expect(await endsAfter(clock, waiting)).toBeLessThanOrEqual(FIRST_POLL_MS)
    expect(await waiting).toBe('new')
    loading.open('old')
    expect(await loaded).toBe('old')
    expect(await cache.get('k')).toBe('new')
  })

  it('its crash is noticed: another process loads within the lease and one poll', async () => {
    const { cache, another, clock, faulty } = setUp({ lease: '1s' })
    const crashed = expect(cache.getOrSet('k', () => new Promise(() => {}), { hardTimeout: '10s' })).rejects.toThrow(
      'hardTimeout',
    )
    await turn()
    // What a crash looks like from outside: it extends its lease no more.
    faulty.freeze()
    const { cache: other } = another()
    const loader = vi.fn(() => 'elsewhere')
    const waiting = Promise.all([other.getOrSet('k', loader), other.getOrSet('k', loader)])
    expect(await endsAfter(clock, waiting)).toBeLessThanOrEqual(1_000 + LONGEST_POLL_MS)
    expect(await waiting).toEqual(['elsewhere', 'elsewhere'])
    expect(loader).toHaveBeenCalledTimes(1)
    expect(await other.get('k')).toBe('elsewhere')
    await clock.advance(10_000)
    await crashed
  })

  it('its crash is noticed also when the store never ends a lease, and the clocks of the two are hours apart', async () => {
    const { cache, another, clock, faulty, memory } = setUp({ lease: '1s' })
    const { add } = memory
    memory.add = (key, bytes) => add.call(memory, key, bytes)
    const crashed = expect(cache.getOrSet('k', () => new Promise(() => {}), { hardTimeout: '10s' })).rejects.toThrow(
      'hardTimeout',
    )
    await turn()
    faulty.freeze()
    clock.setWall(clock.now() - 5 * 3_600_000)
    const waiting = another().cache.getOrSet('k', () => 'elsewhere')
    expect(await endsAfter(clock, waiting)).toBeLessThanOrEqual(1_000 + LONGEST_POLL_MS)
    expect(await waiting).toBe('elsewhere')
    await clock.advance(10_000)
    await crashed
  })

  it("the holder's own lease length counts, not the waiter's", async () => {
    const { cache, another, clock, faulty } = setUp()
    const crashed = expect(
      cache.getOrSet('k', () => new Promise(() => {}), { lease: '3s', hardTimeout: '10s' }),
    ).rejects.toThrow('hardTimeout')
    await turn()
    faulty.freeze()
    const waiting = another({ lease: '200ms' }).cache.getOrSet('k', () => 'elsewhere')
    const waitedMs = await endsAfter(clock, waiting)
    expect(waitedMs).toBeGreaterThanOrEqual(3_000)
    expect(waitedMs).toBeLessThanOrEqual(3_000 + LONGEST_POLL_MS)
    await clock.advance(10_000)
    await crashed
  })

  it('a caller waits at most waitTimeout, then its process loads once for all its waiters and stores nothing', async () => {
    const { cache, another, clock } = setUp({ waitTimeout: '2s' })
    const loaded = cache.getOrSet('k', slowly(clock, 5_000, 'theirs'))
    await turn()
    const { cache: other } = another()
    const own = vi.fn(slowly(clock, 100, 'own'))
    const first = other.getOrSet('k', own)
    await turn()
    await clock.advance(1_500)
    const later = Promise.all(Array.from({ length: 10 }, () => other.getOrSet('k', own)))
    expect(await endsAfter(clock, first)).toBe(600)
    expect(await endsAfter(clock, later)).toBe(0)
    expect(new Set(await later)).toEqual(new Set(['own']))
    expect(own).toHaveBeenCalledTimes(1)
    expect(other.stats()).toMatchObject({ loads: 0, unleasedLoads: 1 })
    await endsAfter(clock, loaded)
    expect(await other.get('k')).toBe('theirs')
  })

  it('waiting is half of hardTimeout at most, unless it is named', async () => {
    const { cache, another, clock } = setUp()
    const loaded = cache.getOrSet('k', slowly(clock, 20_000, 'theirs'))
    await turn()
    const waiting = another({ hardTimeout: '4s' }).cache.getOrSet('k', () => 'own')
    expect(await endsAfter(clock, waiting)).toBe(2_000)
    await endsAfter(clock, loaded)
  })

  it('a load after waiting takes no caller that came after it began: a delete may lie between', async () => {
    const { cache, another, clock } = setUp({ waitTimeout: '100ms' })
    const loaded = cache.getOrSet('k', slowly(clock, 10_000, 'theirs'))
    await turn()
    const { cache: other } = another()
    let database = 'old'
    const own = (): Promise<string> => slowly(clock, 1_000, database)()
    const first = other.getOrSet('k', own)
    await turn()
    await clock.advance(200)
    database = 'new'
    await cache.delete('k')
    const theirs = cache.getOrSet('k', slowly(clock, 10_000, 'theirs'))
    await turn()
    const later = other.getOrSet('k', own)
    await turn()
    await clock.advance(5_000)
    expect(await first).toBe('old')
    expect(await later).toBe('new')
    await endsAfter(clock, Promise.all([loaded, theirs]))
  })

  it('two leases that end without a value are enough: the waiter loads by itself', async () => {
    const { cache, another, clock, memory } = setUp()
    const { cache: other } = another()
    const running: { fail(error: unknown): void }[] = []
    const hold = (): void => {
      const load = gate<string>()
      running.push(load)
      cache.getOrSet('k', () => load.promise).catch(() => {})
    }
    hold()
    await turn()
    const waiting = other.getOrSet('k', () => 'own')
    await turn()
    // The waiter never sees the slot empty: each lease is followed by another one before its poll.
    for (let ended = 0; ended < 2; ended++) {
      await memory.delete('2:v::k')
      await cache.delete('k')
      hold()
      await clock.advance(400)
    }
    expect(await waiting).toBe('own')
    expect(other.stats()).toMatchObject({ loads: 0, unleasedLoads: 1 })
    for (const load of running) load.fail(new Error('over'))
    await turn()
  })

  it('who leaves while waiting leaves no poller behind', async () => {
    const { cache, another, clock } = setUp()
    const loading = gate<string>()
    const loaded = cache.getOrSet('k', () => loading.promise)
    await turn()
    const { cache: other, faulty } = another()
    const leaving = new AbortController()
    const waiting = other.getOrSet('k', () => 'own', { signal: leaving.signal })
    await turn()
    leaving.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    const polls = faulty.calls.length
    await clock.advance(3_000)
    expect(faulty.calls).toHaveLength(polls)
    loading.open('loaded')
    await loaded
  })

  it("circles end: two loaders that wait for each other's keys", async () => {
    const { cache, another, clock } = setUp({ hardTimeout: '8s' })
    const { cache: other } = another()
    const left = cache.getOrSet('a', () => cache.getOrSet('b', () => 'b of the left'))
    const right = other.getOrSet('b', () => other.getOrSet('a', () => 'a of the right'))
    await turn()
    expect(await endsAfter(clock, Promise.all([left, right]))).toBeLessThanOrEqual(4_001)
  })
})
