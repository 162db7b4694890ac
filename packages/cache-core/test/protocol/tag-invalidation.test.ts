import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/base/clock.js'
import { StoreUnavailableError } from '../../src/base/errors.js'
import { createCache } from '../../src/data/cache.js'
import { type FakeClock, turn } from '../../src/testing/fake-clock.js'
import { processes } from '../support/processes.js'
import { gate, setUp, slowly } from '../support/set-up.js'

const away = new StoreUnavailableError('away', { store: 'faulty' })

function systemOf(clock: FakeClock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, callback) => clock.after(ms, callback),
  }
}

describe('invalidateTags', () => {
  it.each(['set', 'add', 'getOrSet', 'addTags'] as const)('voids what %s has stored under a tag', async (way) => {
    const { cache, other } = processes()
    if (way === 'set') await cache.set('k', 1, { tags: ['t', 'u'] })
    else if (way === 'add') await cache.add('k', 1, { tags: ['t', 'u'] })
    else if (way === 'getOrSet') await cache.getOrSet('k', () => 1, { tags: ['t', 'u'] })
    else {
      await cache.getOrSet('k', ({ addTags }) => {
        addTags('t')
        addTags('u')
        return 1
      })
    }
    await turn()
    expect(await cache.get('k')).toBe(1)
    expect(await other.get('k')).toBe(1)
    expect(await cache.invalidateTags(['another'])).toBe('delivered')
    expect(await cache.get('k')).toBe(1)
    expect(await cache.invalidateTags(['u'])).toBe('delivered')
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.add('k', 2)).toBe(true)
    expect(await cache.get('k')).toBe(2)
  })

  it('is seen by other processes within tagHold', async () => {
    const { cache, other, clock } = processes()
    await cache.set('k', 1, { tags: ['t'] })
    expect(await other.get('k')).toBe(1)
    await cache.invalidateTags(['t'])
    await clock.advance(1_000)
    expect(await other.get('k')).toBeUndefined()
    expect(await other.getOrSet('k', () => 2, { tags: ['t'] })).toBe(2)
  })

  it('is seen at once with a tagHold of 0', async () => {
    const { cache, other } = processes({ tagHold: 0 })
    await cache.set('k', 1, { tags: ['t'] })
    expect(await other.get('k')).toBe(1)
    await cache.invalidateTags(['t'])
    expect(await other.get('k')).toBeUndefined()
  })

  it('costs two writes for a tag, the epoch and the tag, whatever carries it', async () => {
    const { cache, faulty } = processes()
    for (let index = 0; index < 50; index++) await cache.set(['k', index], 1, { tags: ['t'] })
    faulty.calls.length = 0
    await cache.invalidateTags(['t', 't'])
    expect(faulty.calls).toEqual(['set 2:e::', 'set 2:t::t'])
    await cache.invalidateTags(['t'], { soft: true })
    expect(faulty.calls.slice(2)).toEqual(['set 2:e::', 'set 2:s::t'])
  })

  it('belongs to its namespace', async () => {
    const { cache } = processes()
    const space = cache.namespace('space')
    await cache.set('k', 1, { tags: ['t'] })
    await space.set('k', 2, { tags: ['t'] })
    await space.invalidateTags(['t'])
    expect(await cache.get('k')).toBe(1)
    expect(await space.get('k')).toBeUndefined()
  })

  it('does not void what is stored afterwards', async () => {
    const { cache, other } = processes()
    await cache.set('k', 1, { tags: ['t'] })
    await cache.invalidateTags(['t'])
    expect(await cache.getOrSet('k', () => 2, { tags: ['t'] })).toBe(2)
    await turn()
    expect(await other.getOrSet('k', () => expect.unreachable('stored'), { tags: ['t'] })).toBe(2)
  })

  it('of nothing does nothing, of many tags all of them', async () => {
    const { cache } = processes()
    const tags = Array.from({ length: 64 }, (_, index) => `t${index}`)
    await cache.set('k', 1, { tags })
    expect(await cache.invalidateTags([])).toBe('delivered')
    expect(await cache.get('k')).toBe(1)
    await cache.invalidateTags(['x', ...tags.map((tag) => `${tag}!`), 't63'])
    expect(await cache.get('k')).toBeUndefined()
  })

  it('is exact about names: separators and letters of slots are part of them', async () => {
    const { cache } = processes()
    const names = ['a', 'a:b', 'a%3Ab', ':', 't', 'é', '🦅', 'A']
    for (const name of names) await cache.set(['k', name], name, { tags: [name] })
    for (const [index, name] of names.entries()) {
      await cache.invalidateTags([name])
      for (const [later, each] of names.entries()) {
        expect(await cache.get(['k', each])).toBe(later <= index ? undefined : each)
      }
    }
  })
})

describe('a load under way when its tag is invalidated', () => {
  it.each([
    ['known before', false],
    ['named by the loader', true],
  ])('tag %s: it answers its caller, and is not served afterwards', async (_, named) => {
    const { cache, other } = processes()
    const loading = gate<number>()
    const asked = cache.getOrSet(
      'k',
      async ({ addTags }) => {
        const value = await loading.promise
        if (named) addTags('t')
        return value
      },
      named ? {} : { tags: ['t'] },
    )
    await turn()
    await other.invalidateTags(['t'])
    loading.open(1)
    expect(await asked).toBe(1)
    await turn()
    expect(await other.get('k')).toBeUndefined()
    expect(await other.getOrSet('k', () => 2)).toBe(2)
  })

  it.each([
    ['known before', false],
    ['named by the loader', true],
  ])('tag %s: who joined after the invalidation elsewhere starts over', async (_, named) => {
    const { cache, other, clock } = processes({ tagHold: 0 })
    let loads = 0
    const load = (): Promise<number> =>
      cache.getOrSet(
        'k',
        async ({ addTags }) => {
          const value = ++loads
          await slowly(clock, 50, 0)()
          if (named) addTags('t')
          return value
        },
        named ? {} : { tags: ['t'] },
      )
    const first = load()
    await turn()
    await other.invalidateTags(['t'])
    const late = load()
    await turn()
    await clock.advance(200)
    expect(await first).toBe(1)
    expect(await late).toBe(2)
  })

  it.each(['this process', 'another one'])(
    'named by a loader that has nothing to store: who came after the invalidation by %s starts over',
    async (by) => {
      const { cache, other } = processes()
      const loading = gate<string>()
      const first = cache.getOrSet('k', async ({ addTags, skip }) => {
        const value = await loading.promise
        addTags('t')
        skip()
        return value
      })
      await turn()
      await (by === 'this process' ? cache : other).invalidateTags(['t'])
      const late = cache.getOrSet('k', () => 'new')
      await turn()
      loading.open('old')
      expect([await first, await late]).toEqual(['old', 'new'])
    },
  )

  it('one that has nothing to store answers who joined it where nothing came in between', async () => {
    const { cache } = processes()
    const loading = gate<string>()
    const load = (): Promise<string> =>
      cache.getOrSet('k', async ({ addTags, skip }) => {
        addTags('t')
        skip()
        return loading.promise
      })
    const first = load()
    await turn()
    const late = cache.getOrSet('k', () => 'own')
    await turn()
    loading.open('shared')
    expect([await first, await late]).toEqual(['shared', 'shared'])
  })

  it('who joined a tagged load that nothing came in between is answered by it', async () => {
    const { cache, clock } = processes({ tagHold: 0 })
    let loads = 0
    const load = (): Promise<number> =>
      cache.getOrSet(
        'k',
        async ({ addTags }) => {
          loads++
          await slowly(clock, 50, 0)()
          addTags('named')
          return loads
        },
        { tags: ['t'] },
      )
    const first = load()
    await turn()
    const late = load()
    await clock.advance(50)
    expect(await first).toBe(1)
    expect(await late).toBe(1)
    expect(cache.stats().joins).toBe(1)
  })

  it('this process answers nobody with it who comes after its own invalidation, without the store neither', async () => {
    const { cache, faulty } = processes()
    faulty.faultOf = () => away
    const slow = gate<number>()
    const first = cache.getOrSet('k', () => slow.promise)
    await turn()
    expect(await cache.invalidateTags(['t'])).toBe('journaled')
    expect(await cache.getOrSet('k', () => 2)).toBe(2)
    slow.open(1)
    expect(await first).toBe(1)
  })
})

describe('soft invalidation', () => {
  const windows = { ttl: '10m', staleWhileRevalidate: '1m', tags: ['t'] } as const

  it('makes stale: served at once, refreshed once behind the answer', async () => {
    const { cache, clock } = processes()
    await cache.getOrSet('k', () => 1, windows)
    await clock.advance(1_000)
    await cache.invalidateTags(['t'], { soft: true })
    expect(await cache.getOrSet('k', () => 2, windows)).toBe(1)
    await turn()
    expect(await cache.getOrSet('k', () => expect.unreachable('refreshed'), windows)).toBe(2)
    expect(cache.stats().refreshes).toBe(1)
  })

  it('counts the windows from the invalidation, and nothing is served without them', async () => {
    const { cache, clock } = processes()
    await cache.getOrSet('k', () => 1, windows)
    await clock.advance(120_000)
    await cache.invalidateTags(['t'], { soft: true })
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getOrSet('k', () => 2, { ...windows, staleWhileRevalidate: 0 })).toBe(2)
    await cache.set('l', 1, windows)
    await clock.advance(30_000)
    await cache.invalidateTags(['t'], { soft: true })
    await clock.advance(60_000)
    expect(await cache.getOrSet('l', () => 2, windows)).toBe(2)
  })

  it('by a process whose clock is ahead is seen at once', async () => {
    const { cache, clock, memory, another } = setUp({ ttl: '10m', jitter: 0 })
    await cache.set('k', 1, { tags: ['t'] })
    const ahead = { ...systemOf(clock), now: () => clock.now() + 300_000 }
    const other = createCache({ store: memory, clock: ahead })
    await other.invalidateTags(['t'], { soft: true })
    expect(await another().cache.get('k')).toBeUndefined()
  })

  it('what is stale by its time alone is not asked for again', async () => {
    const { cache, clock, faulty } = processes({ tagHold: '1m' })
    await cache.getOrSet('k', () => 1, { ttl: '1s', staleWhileRevalidate: '1h', tags: ['t'] })
    await clock.advance(2_000)
    faulty.calls.length = 0
    expect((await cache.getEntry('k'))?.isStale).toBe(true)
    expect(faulty.calls).toEqual(['get 2:v::k'])
  })

  it('keeps what may be served when the load fails', async () => {
    const { cache, clock } = processes()
    const options = { ttl: '10m', staleIfError: '1h', tags: ['t'] } as const
    await cache.getOrSet('k', () => 1, options)
    await clock.advance(1_000)
    await cache.invalidateTags(['t'], { soft: true })
    const failing = (): never => {
      throw new Error('database')
    }
    expect(await cache.getOrSet('k', failing, options)).toBe(1)
    await cache.invalidateTags(['t'])
    await expect(cache.getOrSet('k', failing, options)).rejects.toThrow('database')
  })

  it('of a load under way makes stale what it stores', async () => {
    const { cache, other } = processes()
    const slow = gate<number>()
    const loading = cache.getOrSet('k', () => slow.promise, windows)
    await turn()
    await other.invalidateTags(['t'], { soft: true })
    slow.open(1)
    expect(await loading).toBe(1)
    await turn()
    expect(await other.get('k')).toBeUndefined()
  })
})
