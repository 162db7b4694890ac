import { describe, expect, it, vi } from 'vitest'
import { AmbiguousWriteError, StoreUnavailableError, UnsupportedError } from '../../src/base/errors.js'
import type { Store } from '../../src/store/store.js'
import { turn } from '../../src/testing/fake-clock.js'
import type { Fault } from '../../src/testing/faulty-store.js'
import { endsAfter, gate, setUp, slowly } from '../support/set-up.js'

const READ_MS = 50
const WRITE_MS = 200
const LOAD_MS = 100

/** A fault of one operation on one key, and of all operations that come after it. */
function from(operation: string, key: string): (operation: string, key: string) => Fault {
  let frozen = false
  return (each, itsKey) => {
    frozen ||= each === operation && itsKey.startsWith(key)
    return frozen ? 'frozen' : undefined
  }
}

describe('a store that freezes costs a call one deadline beside its own load', () => {
  it('before its first read', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.freeze()
    const call = cache.getOrSet('k', slowly(clock, LOAD_MS, 'loaded'))
    expect(await endsAfter(clock, call)).toBe(READ_MS + LOAD_MS)
    expect(await call).toBe('loaded')
  })

  it('when it claims the lease', async () => {
    const { cache, clock, faulty } = setUp()
    await cache.getOrSet('warm', () => 1)
    faulty.faultOf = from('add', '2:v::k')
    expect(await endsAfter(clock, cache.getOrSet('k', slowly(clock, LOAD_MS, 1)))).toBe(READ_MS + LOAD_MS)
  })

  it('when it takes over a dead value', async () => {
    const { cache, clock, faulty } = setUp({ tagHold: 0 })
    await cache.set('k', 'old')
    await cache.clear()
    faulty.faultOf = from('compareAndSet', '2:v::k')
    expect(await endsAfter(clock, cache.getOrSet('k', slowly(clock, LOAD_MS, 1)))).toBe(READ_MS + LOAD_MS)
  })

  it('when it reads the version of the namespace before the lease', async () => {
    const { cache, clock, faulty } = setUp()
    await cache.getOrSet('warm', () => 1)
    faulty.faultOf = from('get', '2:n:')
    expect(await endsAfter(clock, cache.getOrSet('k', slowly(clock, LOAD_MS, 1)))).toBe(READ_MS + LOAD_MS)
  })

  it('when it seeds the version of the namespace', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.faultOf = from('add', '2:n:')
    expect(await endsAfter(clock, cache.getOrSet('k', slowly(clock, LOAD_MS, 1)))).toBe(READ_MS + LOAD_MS)
  })

  it('when it checks a claim whose connection was reset', async () => {
    const { cache, clock, faulty } = setUp()
    await cache.getOrSet('warm', () => 1)
    let reset = false
    faulty.faultOf = (operation, key) => {
      if (reset) return 'frozen'
      reset = operation === 'add' && key === '2:v::k'
      return reset ? new AmbiguousWriteError('reset', { store: 'faulty' }) : undefined
    }
    expect(await endsAfter(clock, cache.getOrSet('k', slowly(clock, LOAD_MS, 1)))).toBe(READ_MS + LOAD_MS)
  })

  it('when it stores: the caller is answered before that', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.faultOf = from('compareAndSet', '2:v::k')
    expect(await endsAfter(clock, cache.getOrSet('k', slowly(clock, LOAD_MS, 1)))).toBe(LOAD_MS)
  })

  it('when it waits for another process', async () => {
    const { cache, clock, another } = setUp()
    const loaded = cache.getOrSet('k', slowly(clock, 10_000, 'theirs'))
    await turn()
    const { cache: other, faulty } = another()
    const waiting = other.getOrSet('k', slowly(clock, LOAD_MS, 'own'))
    await turn()
    await clock.advance(500)
    faulty.freeze()
    // The next poll comes within 313 ms.
    expect(await endsAfter(clock, waiting)).toBeLessThanOrEqual(313 + READ_MS + LOAD_MS)
    expect(await waiting).toBe('own')
    await endsAfter(clock, loaded)
  })

  it('when it joined a claim that gets no answer', async () => {
    const { cache, clock, faulty } = setUp()
    await cache.getOrSet('warm', () => 1)
    faulty.faultOf = from('add', '2:v::k')
    const loader = vi.fn(slowly(clock, LOAD_MS, 'loaded'))
    const first = cache.getOrSet('k', loader)
    await turn()
    await clock.advance(20)
    const second = cache.getOrSet('k', loader)
    expect(await endsAfter(clock, second)).toBe(READ_MS - 20 + LOAD_MS)
    expect(await first).toBe('loaded')
    expect(loader).toHaveBeenCalledTimes(1)
  })

  it('when it joined a load whose final write gets no answer', async () => {
    const { cache, clock, faulty } = setUp()
    const first = cache.getOrSet('k', slowly(clock, LOAD_MS, 'first'))
    await turn()
    await clock.advance(40)
    const late = cache.getOrSet('k', slowly(clock, LOAD_MS, 'late'))
    await turn()
    faulty.freeze()
    const restMs = LOAD_MS - 40
    expect(await endsAfter(clock, late)).toBe(restMs + READ_MS + LOAD_MS)
    expect(await first).toBe('first')
  })

  it('when it joined a load and the version of the namespace gets no answer afterwards', async () => {
    const { cache, clock, faulty } = setUp({ tagHold: 0 })
    const first = cache.getOrSet('k', slowly(clock, LOAD_MS, 'first'))
    await turn()
    const late = cache.getOrSet('k', slowly(clock, LOAD_MS, 'late'))
    await turn()
    faulty.faultOf = from('get', '2:n:')
    expect(await endsAfter(clock, late)).toBe(LOAD_MS + READ_MS + LOAD_MS)
    expect(await first).toBe('first')
  })

  it('when it joined a load whose extension gets no answer: that deadline is the last one', async () => {
    const { cache, clock, faulty } = setUp({ lease: 150 })
    const first = cache.getOrSet('k', slowly(clock, LOAD_MS, 'first'))
    await turn()
    const late = cache.getOrSet('k', slowly(clock, LOAD_MS, 'late'))
    await turn()
    faulty.freeze()
    // The extension was sent after a third of the lease.
    expect(await endsAfter(clock, late)).toBe(50 + WRITE_MS + LOAD_MS)
    expect(await first).toBe('first')
  })
})

describe('while the store does not answer', () => {
  it('reads are misses, and one load answers all callers of the process', async () => {
    const { cache, clock, faulty } = setUp()
    await cache.set('k', 'stored')
    faulty.freeze()
    const got = Promise.all([cache.get('k'), cache.has('k'), cache.ttl('k')])
    expect(await endsAfter(clock, got)).toBe(READ_MS)
    expect(await got).toEqual([undefined, false, undefined])
    const loader = vi.fn(slowly(clock, LOAD_MS, 'loaded'))
    const calls = Array.from({ length: 100 }, () => cache.getOrSet('k', loader))
    await turn()
    await clock.advance(READ_MS + 10)
    calls.push(cache.getOrSet('k', loader))
    await endsAfter(clock, Promise.all(calls))
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['loaded']))
    expect(loader).toHaveBeenCalledTimes(1)
    expect(cache.stats()).toMatchObject({ loads: 0, unleasedLoads: 1, stores: 0 })
  })

  it('it is used again as soon as it answers', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.freeze()
    await endsAfter(
      clock,
      cache.getOrSet('k', () => 'outage'),
    )
    faulty.thaw()
    expect(await cache.getOrSet('k', () => 'back')).toBe('back')
    await turn()
    expect(await cache.get('k')).toBe('back')
  })

  it('a set says so, and the old value does not return', async () => {
    const { cache, clock, faulty } = setUp()
    await cache.set('k', 'old')
    faulty.freeze()
    const setting = cache.set('k', 'new')
    expect(await endsAfter(clock, setting)).toBe(WRITE_MS)
    expect(await setting).toBe(false)
    expect(await cache.get('k')).toBeUndefined()
    faulty.thaw()
    expect(await cache.get('k')).toBeUndefined()
    expect(cache.stats().journaled).toBe(1)
    await clock.advance(1_500)
    expect(cache.stats().journaled).toBe(0)
    expect(await cache.get('k')).toBeUndefined()
  })

  it('a delete is effective here at once, and everywhere when the store is back', async () => {
    const { cache, another, clock, faulty } = setUp()
    const { cache: other } = another()
    await cache.set('k', 'old')
    faulty.freeze()
    const deleting = cache.delete('k')
    await endsAfter(clock, deleting)
    expect(await deleting).toBe('journaled')
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getOrSet('k', () => 'new')).toBe('new')
    expect(await other.get('k')).toBe('old')
    faulty.thaw()
    expect(await cache.get('k')).toBeUndefined()
    await clock.advance(1_500)
    expect(await other.get('k')).toBeUndefined()
    expect(await cache.getOrSet('k', () => 'newer')).toBe('newer')
    await turn()
    expect(await other.get('k')).toBe('newer')
  })

  it('a delete takes its callers off a load that began before it', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.freeze()
    const running = gate<string>()
    const first = cache.getOrSet('k', () => running.promise)
    await turn()
    await clock.advance(READ_MS)
    await endsAfter(clock, cache.delete('k'))
    const later = cache.getOrSet('k', () => 'new')
    expect(await later).toBe('new')
    running.open('old')
    expect(await first).toBe('old')
  })

  it('a clear takes its callers off a load that began before it', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.freeze()
    const running = gate<string>()
    const first = cache.getOrSet('k', () => running.promise)
    await turn()
    await clock.advance(READ_MS)
    await endsAfter(clock, cache.clear())
    expect(await cache.getOrSet('k', () => 'new')).toBe('new')
    running.open('old')
    expect(await first).toBe('old')
  })

  it('a clear is effective here at once, and everywhere when the store is back', async () => {
    const { cache, another, clock, faulty } = setUp()
    const { cache: other } = another()
    await cache.set('k', 'old')
    await cache.namespace('n').set('k', 'kept')
    faulty.freeze()
    const clearing = cache.clear()
    await endsAfter(clock, clearing)
    expect(await clearing).toBe('journaled')
    faulty.thaw()
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.namespace('n').get('k')).toBe('kept')
    expect(await other.get('k')).toBe('old')
    await clock.advance(2_500)
    expect(await other.get('k')).toBeUndefined()
    expect(await cache.get('k')).toBeUndefined()
    expect(cache.stats().journaled).toBe(0)
  })

  it('add of a key whose delete is on its way rejects', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.freeze()
    await endsAfter(clock, cache.delete('k'))
    faulty.thaw()
    await expect(cache.add('k', 1)).rejects.toBeInstanceOf(StoreUnavailableError)
  })

  it('a value that is set afterwards needs no replay', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.freeze()
    await endsAfter(clock, cache.delete('k'))
    faulty.thaw()
    expect(await cache.set('k', 'new')).toBe(true)
    expect(cache.stats().journaled).toBe(0)
    await clock.advance(3_000)
    expect(await cache.get('k')).toBe('new')
  })
})

describe('a store that turns out to have no compareAndSet', () => {
  /** As a memcached started with `-C`: found out at the first conditional write. */
  function shrinking(store: Store): void {
    let capabilities = store.capabilities
    Object.defineProperty(store, 'capabilities', { get: () => capabilities })
    const refuse = async (): Promise<never> => {
      capabilities = { ...capabilities, add: false, compareAndSet: false }
      throw new UnsupportedError('no CAS', { store: 'shrinking' })
    }
    Object.assign(store, { add: refuse, compareAndSet: refuse, compareAndDelete: refuse })
  }

  it('gives no leases: every process loads, nothing is stored, get and set keep working', async () => {
    const { cache, memory } = setUp()
    shrinking(memory)
    const loader = vi.fn(() => 'loaded')
    expect(await Promise.all([cache.getOrSet('k', loader), cache.getOrSet('k', loader)])).toEqual(['loaded', 'loaded'])
    expect(loader).toHaveBeenCalledTimes(1)
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.set('k', 'set')).toBe(true)
    expect(await cache.get('k')).toBe('set')
    expect(await cache.has('k')).toBe(true)
    expect(await cache.getOrSet('k', loader)).toBe('set')
    expect(await cache.delete('k')).toBe('delivered')
    expect(await cache.clear()).toBe('delivered')
    expect(cache.stats()).toMatchObject({ loads: 0, stores: 0, journaled: 0 })
  })

  it('does not make callers wait for a lease that another one took before', async () => {
    const { cache, another, clock, memory } = setUp()
    const holder = cache.getOrSet('k', slowly(clock, 3_000, 'theirs'))
    await turn()
    shrinking(memory)
    const { cache: other } = another()
    await other.getOrSet('another key', () => 1)
    const call = other.getOrSet('k', slowly(clock, LOAD_MS, 'own'))
    expect(await endsAfter(clock, call)).toBe(LOAD_MS)
    await endsAfter(clock, holder)
  })
})
