import { describe, expect, it } from 'vitest'
import { InvalidOptionError, StoreUnavailableError } from '../../src/base/errors.js'
import { holdFrame, slotKey } from '../../src/protocol/slot.js'
import { turn } from '../../src/testing/fake-clock.js'
import { load, setUpNear } from '../support/near.js'
import { gate, setUp } from '../support/set-up.js'

const VALUE = slotKey('value', '', 'k')
const away = (): Error => new StoreUnavailableError('away', { store: 'memory' })

describe('a delete that holds off', () => {
  it('until it ends callers load, and nothing is stored; afterwards the first load is', async () => {
    const { cache, another, clock } = setUp()
    const { cache: other } = another()
    await cache.set('k', 'before')
    expect(await cache.delete('k', { holdOff: '2s' })).toBe('delivered')
    for (const each of [cache, other]) {
      expect(await each.getOrSet('k', () => 'of a lagging replica')).toBe('of a lagging replica')
      expect(await each.get('k')).toBeUndefined()
      expect(await each.has('k')).toBe(false)
      expect(await each.getEntry('k')).toBeUndefined()
      expect(await each.getOrSetMany(['k'], () => ['of a lagging replica'])).toEqual(['of a lagging replica'])
    }
    await clock.advance(1_999)
    expect(await other.getOrSet('k', () => 'still lagging')).toBe('still lagging')
    await clock.advance(1)
    expect(await other.getOrSet('k', () => 'after')).toBe('after')
    expect(await cache.get('k')).toBe('after')
  })

  it('that nobody can have written yet is no hold: a planted one keeps no key out of the store', async () => {
    const { cache, memory, clock } = setUp()
    const years = 50 * 365 * 86_400_000
    await memory.set(VALUE, holdFrame(clock.now() + years, 1_000))
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    await turn()
    expect(await cache.get('k')).toBe('loaded')
  })

  it('outruns the load under way, as any delete', async () => {
    const { cache, another } = setUp()
    const loading = gate<string>()
    const early = cache.getOrSet('k', () => loading.promise)
    await turn()
    await another().cache.delete('k', { holdOff: '2s' })
    loading.open('before')
    expect(await early).toBe('before')
    expect(await cache.get('k')).toBeUndefined()
  })

  it('nobody waits for another process, and the callers of one share their load', async () => {
    const { cache, another } = setUp()
    const { cache: other } = another()
    await cache.delete('k', { holdOff: '2s' })
    const gates = [gate<string>(), gate<string>()] as const
    let loads = 0
    const ask = (each: typeof cache, at: 0 | 1): Promise<string> =>
      each.getOrSet('k', () => {
        loads++
        return gates[at].promise
      })
    const first = ask(cache, 0)
    await turn()
    const joined = ask(cache, 0)
    const elsewhere = ask(other, 1)
    await turn()
    expect(loads).toBe(2)
    gates[1].open('two')
    expect(await elsewhere).toBe('two')
    gates[0].open('one')
    expect(await Promise.all([first, joined])).toEqual(['one', 'one'])
  })

  it('who has read a later delete does not share the load of an earlier one', async () => {
    const { cache, another } = setUp()
    const { cache: other } = another()
    await other.delete('k', { holdOff: '2s' })
    const slow = gate<string>()
    const early = cache.getOrSet('k', () => slow.promise)
    await turn()
    await other.delete('k', { holdOff: '2s' })
    expect(await cache.getOrSet('k', () => 'after the second')).toBe('after the second')
    slow.open('before the second')
    expect(await early).toBe('before the second')
  })

  it('who waits for a load elsewhere loads as soon as it sees the hold', async () => {
    const { cache, another, clock } = setUp()
    const { cache: other } = another()
    const slow = gate<string>()
    const early = other.getOrSet('k', () => slow.promise)
    await turn()
    const waiting = cache.getOrSet('k', () => 'own')
    await turn()
    await another().cache.delete('k', { holdOff: '2s' })
    await clock.advance(30)
    expect(await waiting).toBe('own')
    slow.open('early')
    await early
  })

  it('is not ended by a clear, nor by expire, touch or pull; a set, an add and another delete end it', async () => {
    const { cache } = setUp()
    const stored = async (): Promise<boolean> => {
      await cache.getOrSet('k', () => 'loaded')
      return cache.has('k')
    }
    await cache.delete('k', { holdOff: '1m' })
    await cache.clear()
    expect(await cache.expire('k')).toBe('delivered')
    expect(await cache.touch('k')).toBe(false)
    expect(await cache.pull('k')).toBeUndefined()
    expect(await stored()).toBe(false)
    await cache.set('k', 'set')
    expect(await cache.get('k')).toBe('set')
    await cache.deleteMany(['k'], { holdOff: '1m' })
    expect(await stored()).toBe(false)
    expect(await cache.add('k', 'added')).toBe(true)
    expect(await cache.get('k')).toBe('added')
    await cache.delete('k', { holdOff: '1m' })
    await cache.delete('k')
    expect(await stored()).toBe(true)
  })

  it('nothing enters the near cache, not even while the store is away', async () => {
    const { cache, faulty, clock } = await setUpNear({ near: true })
    const held = async (): Promise<unknown> => {
      await load(cache, 'k', 'loaded')
      return cache.peek('k')
    }
    expect(await held()).toBe('loaded')
    await cache.delete('k', { holdOff: '2s' })
    expect(await held()).toBeUndefined()
    faulty.faultOf = away
    expect(await cache.delete('k', { holdOff: '2s' })).toBe('journaled')
    expect(await held()).toBeUndefined()
    await clock.advance(5_000)
    expect(await held()).toBeUndefined()
  })

  it('what could not be delivered holds off from when it is, and as long as it was meant to', async () => {
    const { cache, another, faulty, clock } = setUp()
    const { cache: other } = another()
    await other.set('k', 'before')
    faulty.faultOf = away
    expect(await cache.delete('k', { holdOff: '2s' })).toBe('journaled')
    // A plain one behind it takes nothing away.
    expect(await cache.delete('k')).toBe('journaled')
    await clock.advance(1_000)
    faulty.thaw()
    for (let waited = 0; cache.stats().journaled > 0; waited++) {
      expect(waited).toBeLessThan(100)
      await clock.advance(50)
    }
    await other.getOrSet('k', () => 'lagging')
    expect(await other.get('k')).toBeUndefined()
    await clock.advance(2_000)
    await other.getOrSet('k', () => 'after')
    expect(await other.get('k')).toBe('after')
  })

  it('ends by the clock where an engine has lost its lifetime', async () => {
    const { cache, memory, clock } = setUp()
    await memory.set(VALUE, holdFrame(clock.now(), 2_000))
    expect(await cache.getOrSet('k', () => 'held')).toBe('held')
    expect(await cache.get('k')).toBeUndefined()
    await clock.advance(62_000)
    await cache.getOrSet('k', () => 'after')
    expect(await cache.get('k')).toBe('after')
  })

  it('no poisoned one keeps a key out of the store for ever', async () => {
    const { cache, memory, clock } = setUp()
    await memory.set(VALUE, holdFrame(clock.now(), 1e12))
    await cache.getOrSet('k', () => 'loaded')
    expect(await cache.get('k')).toBe('loaded')
  })

  it.each([['-1s'], [Number.NaN], ['2h'], [Number.POSITIVE_INFINITY], [{}]])('refuses %s', async (holdOff) => {
    const { cache } = setUp()
    const refused = cache.delete('k', { holdOff: holdOff as never })
    await expect(refused).rejects.toThrow(InvalidOptionError)
    await expect(refused).rejects.toThrow('holdOff')
    expect(await cache.delete('k', { holdOff: 0 })).toBe('delivered')
  })
})
