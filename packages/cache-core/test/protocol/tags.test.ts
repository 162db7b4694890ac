import { describe, expect, it } from 'vitest'
import { InvalidOptionError, StoreUnavailableError } from '../../src/base/errors.js'
import type { Loader } from '../../src/data/loader.js'
import { turn } from '../../src/testing/fake-clock.js'
import { processes } from '../support/processes.js'
import { setUp } from '../support/set-up.js'

const away = new StoreUnavailableError('away', { store: 'faulty' })
const DAY = 86_400_000

describe('tags in the store', () => {
  it('are read in the batch of the first read where the call names them', async () => {
    const { cache, another } = setUp()
    await cache.set('k', 1, { tags: ['a', 'b'] })
    const { cache: fresh, faulty } = another()
    expect(await fresh.getOrSet('k', () => 2, { tags: ['a', 'b'] })).toBe(1)
    expect(faulty.calls).toEqual(['getMany 2:v::k,2:n::,2:t::a,2:s::a,2:t::b,2:s::b'])
  })

  it('are read in one batch more where only the entry names them, and held afterwards', async () => {
    const { cache, another, clock } = setUp()
    await cache.set('k', 1, { tags: ['a', 'b'] })
    const { cache: fresh, faulty } = another()
    expect(await fresh.get('k')).toBe(1)
    const first = ['getMany 2:v::k,2:n::', 'getMany 2:t::a,2:s::a,2:t::b,2:s::b']
    expect(faulty.calls).toEqual(first)
    expect(await fresh.get('k')).toBe(1)
    expect(faulty.calls).toEqual([...first, 'get 2:v::k'])
    await clock.advance(1_000)
    expect(await fresh.get('k')).toBe(1)
    expect(faulty.calls).toEqual([...first, 'get 2:v::k', ...first])
  })

  it('a mismatch against what is held is read again, all in one batch, before it is believed', async () => {
    const { cache, other, another } = processes()
    const { cache: reader, faulty } = another()
    await cache.set('k', 1, { tags: ['a', 'b'] })
    await reader.get('k')
    await other.invalidateTags(['a', 'b'])
    await other.set('k', 2, { tags: ['a', 'b'] })
    faulty.calls.length = 0
    expect(await reader.get('k')).toBe(2)
    expect(faulty.calls).toEqual(['get 2:v::k', 'getMany 2:n::,2:t::a,2:s::a,2:t::b,2:s::b'])
  })

  it.each(['t', 's'])('one that is lost (%s) does not bring back what was invalidated', async (letter) => {
    const { cache, other, clock, memory } = processes()
    await cache.set('k', 1, { tags: ['tag'] })
    await cache.invalidateTags(['tag'], { soft: letter === 's' })
    await memory.delete(`2:${letter}::tag`)
    await clock.advance(1_000)
    expect(await other.get('k')).toBeUndefined()
    await other.set('l', 1, { tags: ['tag'] })
    expect(await other.get('l')).toBe(1)
    expect(await other.get('k')).toBeUndefined()
    expect(await cache.get('k')).toBeUndefined()
  })

  it('outlive what carries them, without a write for each', async () => {
    const { cache, clock, faulty, another } = setUp()
    for (let day = 0; day < 30; day++) {
      await cache.set(['k', day], day, { ttl: '5d', tags: ['tag'] })
      await cache.getOrSet(
        ['l', day],
        ({ addTags }) => {
          addTags('named')
          return day
        },
        { ttl: '5d' },
      )
      await clock.advance(DAY)
    }
    for (let day = 26; day < 30; day++) {
      expect(await another().cache.get(['k', day])).toBe(day)
      expect(await another().cache.get(['l', day])).toBe(day)
    }
    const writes = faulty.calls.filter((call) => /^(add|set|compareAndSet) 2:t::tag/.test(call))
    expect(writes.length).toBeLessThanOrEqual(31)
    expect(writes.length).toBeGreaterThan(1)
  })
})

describe('while the store is away', () => {
  it('an invalidation holds in this process at once, and elsewhere when the store is back', async () => {
    const { cache, other, clock, faulty } = processes()
    await cache.set('k', 1, { tags: ['t'] })
    await cache.set('untagged', 1)
    faulty.faultOf = (operation) => (operation === 'set' ? away : undefined)
    expect(await cache.invalidateTags(['t'])).toBe('journaled')
    expect(cache.stats().journaled).toBe(1)
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.get('untagged')).toBe(1)
    expect(await cache.getOrSet('k', () => 2, { tags: ['t'] })).toBe(2)
    expect(await other.get('k')).toBe(1)
    faulty.thaw()
    await clock.advance(2_000)
    expect(cache.stats().journaled).toBe(0)
    expect(await other.get('k')).toBeUndefined()
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getOrSet('k', () => 3, { tags: ['t'] })).toBe(3)
    await turn()
    expect(await other.get('k')).toBe(3)
  })

  it('a soft one makes stale in this process at once', async () => {
    const { cache, faulty } = processes()
    await cache.set('k', 1, { tags: ['t'] })
    faulty.faultOf = (operation) => (operation === 'set' ? away : undefined)
    expect(await cache.invalidateTags(['t'], { soft: true })).toBe('journaled')
    expect(await cache.get('k')).toBeUndefined()
  })

  it('tags are sent behind the epoch, and only with it', async () => {
    const { cache, clock, faulty } = processes()
    await cache.set('k', 1, { tags: ['t'] })
    faulty.faultOf = (_, key) => (key === '2:e::' ? away : undefined)
    faulty.calls.length = 0
    expect(await cache.invalidateTags(['t'])).toBe('journaled')
    await clock.advance(1_000)
    expect(faulty.calls.filter((call) => call === 'set 2:t::t')).toEqual([])
    faulty.thaw()
    await clock.advance(1_000)
    const writes = faulty.calls.filter((call) => call.startsWith('set'))
    expect(writes.slice(-2)).toEqual(['set 2:e::', 'set 2:t::t'])
  })
})

describe('options of tags', () => {
  it('are inherited, and a call names its own in their place', async () => {
    const { cache } = processes({ tags: ['all'] })
    const space = cache.namespace('space', { tags: ['space'] })
    await cache.set('k', 1)
    await space.set('k', 1)
    await space.set('l', 1, { tags: ['own'] })
    await space.invalidateTags(['all'])
    expect(await space.get('k')).toBe(1)
    await space.invalidateTags(['space'])
    expect(await space.get('k')).toBeUndefined()
    expect(await space.get('l')).toBe(1)
    await cache.invalidateTags(['all'])
    expect(await cache.get('k')).toBeUndefined()
  })

  it.each([
    ['a string', 't'],
    ['an empty name', ['']],
    ['a number', [7]],
    ['a lone surrogate', ['\ud800']],
    ['a name of 201 characters', ['x'.repeat(201)]],
  ])('%s is no list of tags', async (_, tags) => {
    const { cache } = processes()
    const options = { tags } as never
    await expect(cache.set('k', 1, options)).rejects.toThrow(/tags/)
    await expect(cache.add('k', 1, options)).rejects.toThrow(InvalidOptionError)
    await expect(cache.getOrSet('k', () => 1, options)).rejects.toThrow(/tags/)
    await expect(cache.invalidateTags(tags as never)).rejects.toThrow(/tags/)
    const naming = cache.getOrSet('k', ({ addTags }) => addTags(...([tags].flat() as never[])))
    if (typeof tags !== 'string') await expect(naming).rejects.toThrow(/tags/)
    expect(() => cache.namespace('n', options)).toThrow(/tags/)
  })

  it('an entry has at most 64, those of its loader counted', async () => {
    const { cache } = processes()
    const tags = Array.from({ length: 64 }, (_, index) => `t${index}`)
    await cache.set('k', 1, { tags: [...tags, 't0'] })
    await expect(cache.set('k', 1, { tags: [...tags, 'more'] })).rejects.toThrow(/tags.*64/)
    await expect(cache.getOrSet('l', ({ addTags }) => addTags('more'), { tags })).rejects.toThrow(/tags.*64/)
  })

  it('what is not modified keeps the tags that its loader named before', async () => {
    const { cache, clock } = processes()
    const tagged: Loader<number> = ({ addTags }) => {
      addTags('t')
      return 1
    }
    await cache.getOrSet('k', tagged, { ttl: '1s', staleIfError: '1h' })
    await clock.advance(2_000)
    await cache.getOrSet('k', ({ notModified }) => notModified(), { ttl: '10m' })
    await turn()
    expect(await cache.get('k')).toBe(1)
    await cache.invalidateTags(['t'])
    expect(await cache.get('k')).toBeUndefined()
  })
})
