import { describe, expect, it, vi } from 'vitest'
import { AmbiguousWriteError, StoreUnavailableError } from '../../src/base/errors.js'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, gate, type SetUp, setUp } from '../support/set-up.js'

/** A load of one process that waits to be told to end. */
function loading(options: Parameters<typeof setUp>[0] = {}): SetUp & {
  readonly first: Promise<string>
  finish(value: string): void
} {
  const parts = setUp(options)
  const running = gate<string>()
  const first = parts.cache.getOrSet('k', () => running.promise)
  return { ...parts, first, finish: (value) => running.open(value) }
}

describe('a caller that comes while its process loads', () => {
  it('is answered by that load, without asking the store', async () => {
    const { cache, faulty, first, finish } = loading()
    await turn()
    const before = faulty.calls.length
    const late = cache.getOrSet('k', () => 'its own')
    await turn()
    expect(faulty.calls).toHaveLength(before)
    finish('loaded')
    expect(await Promise.all([first, late])).toEqual(['loaded', 'loaded'])
  })

  it('is not answered by it when another process deleted the key before', async () => {
    const { cache, another, first, finish } = loading()
    await turn()
    expect(await another().cache.delete('k')).toBe('delivered')
    const late = cache.getOrSet('k', () => 'new')
    await turn()
    finish('old')
    expect(await first).toBe('old')
    expect(await late).toBe('new')
    await turn()
    expect(await cache.get('k')).toBe('new')
  })

  it('is not answered by it when another process cleared the namespace before', async () => {
    const { cache, another, first, finish } = loading({ tagHold: 0 })
    await turn()
    await another().cache.clear()
    const late = cache.getOrSet('k', () => 'new')
    await turn()
    finish('old')
    expect(await first).toBe('old')
    expect(await late).toBe('new')
  })

  it('does not join it after a delete of its own process', async () => {
    const { cache, first, finish } = loading()
    await turn()
    await cache.delete('k')
    const late = cache.getOrSet('k', () => 'new')
    expect(await late).toBe('new')
    finish('old')
    expect(await first).toBe('old')
    expect(await cache.get('k')).toBe('new')
  })

  it('does not join it after a set or a clear of its own process', async () => {
    const { cache, first, finish } = loading()
    await turn()
    await cache.set('k', 'set')
    expect(await cache.getOrSet('k', () => 'new')).toBe('set')
    await cache.clear()
    expect(await cache.getOrSet('k', () => 'new')).toBe('new')
    finish('old')
    expect(await first).toBe('old')
    expect(await cache.get('k')).toBe('new')
  })

  it('does not join it once its result was sent to the store', async () => {
    const { cache, another, faulty, first, finish } = loading()
    const answered = gate()
    faulty.faultOf = (operation) => (operation === 'compareAndSet' ? { answerAfter: answered.promise } : undefined)
    await turn()
    finish('old')
    expect(await first).toBe('old')
    await another().cache.delete('k')
    const late = cache.getOrSet('k', () => 'new')
    await turn()
    faulty.thaw()
    answered.open()
    expect(await late).toBe('new')
  })

  it('is answered by it whatever becomes of the final write, when its own read showed the lease', async () => {
    const { cache, another, faulty } = setUp({ tagHold: 0 })
    await cache.getOrSet('warm', () => 1)
    const running = gate<string>()
    const sent = gate()
    const first = cache.getOrSet('k', () => running.promise)
    // Comes while the first one reads; its own read is executed once the lease stands.
    await new Promise((resolve) => process.nextTick(resolve))
    faulty.faultOf = (operation) => (operation === 'getMany' ? { executeAfter: sent.promise } : undefined)
    const second = cache.getOrSet('k', () => 'its own')
    await new Promise((resolve) => process.nextTick(resolve))
    faulty.thaw()
    await turn()
    sent.open()
    await turn()
    await another().cache.delete('k')
    running.open('loaded')
    expect(await Promise.all([first, second])).toEqual(['loaded', 'loaded'])
  })

  it('does not join it when it knows that the namespace was cleared since', async () => {
    const { cache, another, clock, first, finish } = loading({ lease: '1h', tagHold: '1s' })
    await turn()
    await another().cache.clear()
    await clock.advance(1_000)
    // Some other read of this process has learned the new version.
    await cache.get('other')
    const late = cache.getOrSet('k', () => 'new')
    await turn()
    finish('old')
    expect(await first).toBe('old')
    expect(await late).toBe('new')
  })

  it('looks again when the final write may not have happened', async () => {
    const { cache, faulty, first, finish } = loading()
    await turn()
    const late = cache.getOrSet('k', () => 'its own')
    await turn()
    faulty.faultOf = (operation) =>
      operation === 'compareAndSet' ? new AmbiguousWriteError('reset', { store: 'faulty' }) : undefined
    finish('loaded')
    expect(await first).toBe('loaded')
    await turn()
    faulty.thaw()
    expect(await late).toBe('its own')
  })
})

it('callers that start over at once send one claim', async () => {
  const { cache, another, faulty, first, finish } = loading()
  await turn()
  const late = Array.from({ length: 50 }, () => cache.getOrSet('k', () => 'new'))
  await turn()
  await another().cache.delete('k')
  faulty.calls.length = 0
  finish('old')
  expect(await first).toBe('old')
  expect(new Set(await Promise.all(late))).toEqual(new Set(['new']))
  expect(faulty.count('add 2:v::k')).toBe(1)
  expect(cache.stats().loads).toBe(2)
})

describe('a claim', () => {
  it('that was lost to another process makes the caller wait for its load', async () => {
    const { cache, another, clock, faulty } = setUp()
    await cache.getOrSet('warm', () => 1)
    const held = gate()
    const { cache: other } = another()
    // Both read an absent slot; the other one is first.
    faulty.faultOf = (operation) => (operation === 'get' ? { answerAfter: held.promise } : undefined)
    const loader = vi.fn(() => 'mine')
    const call = cache.getOrSet('k', loader)
    await turn()
    const theirs = gate<string>()
    const holder = other.getOrSet('k', () => theirs.promise)
    await turn()
    faulty.thaw()
    held.open()
    await turn()
    theirs.open('theirs')
    expect(await holder).toBe('theirs')
    await clock.advance(100)
    expect(await call).toBe('theirs')
    expect(loader).not.toHaveBeenCalled()
  })

  it('whose answer was lost is found in the slot, and holds', async () => {
    const { cache, faulty, memory, another } = setUp()
    let lost = 0
    const { add } = memory
    memory.add = async (...args) => {
      const version = await add.apply(memory, args)
      if (args[0] === '2:v::k' && lost++ === 0) throw new AmbiguousWriteError('reset', { store: 'memory' })
      return version
    }
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    await turn()
    expect(lost).toBe(1)
    expect(await another().cache.get('k')).toBe('loaded')
    expect(faulty.count('add 2:v::k')).toBe(1)
  })

  it('that is always lost, on a slot that is always empty, ends in a load without a lease', async () => {
    const { cache, clock, faulty } = setUp({ waitTimeout: '2s' })
    await cache.getOrSet('warm', () => 1)
    faulty.faultOf = (operation) => (operation === 'add' ? { answer: undefined } : undefined)
    expect(
      await endsAfter(
        clock,
        cache.getOrSet('k', () => 'loaded'),
      ),
    ).toBeLessThanOrEqual(2_000)
    expect(faulty.count('add 2:v::k')).toBeLessThan(20)
    expect(cache.stats().unleasedLoads).toBe(1)
  })

  it('that never happened is tried again', async () => {
    const { cache, faulty } = setUp()
    let failures = 1
    faulty.faultOf = (operation, key) =>
      operation === 'add' && key === '2:v::k' && failures-- > 0
        ? new AmbiguousWriteError('reset', { store: 'faulty' })
        : undefined
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    await turn()
    expect(await cache.get('k')).toBe('loaded')
  })
})

describe('a lease', () => {
  it('is extended while the loader runs, so that a long load is stored and loaded once', async () => {
    const { cache, another, clock, first, finish } = loading({ lease: '1s' })
    await turn()
    const { cache: other } = another()
    const elsewhere = vi.fn(() => 'elsewhere')
    const waiting = other.getOrSet('k', elsewhere)
    await clock.advance(10_000)
    finish('loaded')
    await clock.advance(400)
    expect(await first).toBe('loaded')
    expect(await waiting).toBe('loaded')
    expect(elsewhere).not.toHaveBeenCalled()
    expect(await cache.get('k')).toBe('loaded')
  })

  it('whose extension found no store is extended again', async () => {
    const { cache, another, clock, faulty, first, finish } = loading({ lease: '900ms' })
    await turn()
    faulty.faultOf = () => new StoreUnavailableError('away', { store: 'faulty' })
    await clock.advance(350)
    faulty.thaw()
    await clock.advance(2_000)
    const elsewhere = vi.fn(() => 'elsewhere')
    const waiting = another().cache.getOrSet('k', elsewhere)
    await turn()
    finish('loaded')
    await clock.advance(400)
    expect(await first).toBe('loaded')
    expect(await waiting).toBe('loaded')
    expect(elsewhere).not.toHaveBeenCalled()
    expect(cache.stats().stores).toBe(1)
  })

  it('whose extension lost its answer is completed all the same', async () => {
    const { cache, clock, memory, first, finish } = loading({ lease: '900ms' })
    await turn()
    const { compareAndSet } = memory
    memory.compareAndSet = async (...args) => {
      await compareAndSet.apply(memory, args)
      throw new AmbiguousWriteError('reset', { store: 'memory' })
    }
    await clock.advance(300)
    memory.compareAndSet = compareAndSet
    finish('loaded')
    expect(await first).toBe('loaded')
    await turn()
    expect(await cache.get('k')).toBe('loaded')
  })

  it('is freed at once when the loader fails: another process loads', async () => {
    const { cache, another, clock } = setUp()
    const running = gate<string>()
    const failing = cache.getOrSet('k', () => running.promise)
    await turn()
    const waiting = another().cache.getOrSet('k', () => 'elsewhere')
    await turn()
    running.fail(new Error('no'))
    await expect(failing).rejects.toThrow('no')
    await clock.advance(30)
    expect(await waiting).toBe('elsewhere')
  })
})
