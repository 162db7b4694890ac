import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/base/errors.js'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, gate, setUp } from '../support/set-up.js'

const away = new StoreUnavailableError('away', { store: 'faulty' })

describe('the journal', () => {
  it('delivers 12 000 deletes as such: what nobody deleted is still there', async () => {
    const { cache, another, clock, faulty } = setUp()
    await cache.set('kept', 1)
    for (let index = 0; index < 12_000; index++) await cache.set(['k', index], 1)
    faulty.faultOf = () => away
    for (let index = 0; index < 12_000; index++) await cache.delete(['k', index])
    expect(cache.stats().journaled).toBe(12_000)
    faulty.thaw()
    faulty.calls.length = 0
    await clock.advance(2_000)
    expect(cache.stats().journaled).toBe(0)
    expect(faulty.calls.every((call) => call.startsWith('deleteMany'))).toBe(true)
    const { cache: other } = another()
    expect(await other.get('kept')).toBe(1)
    expect(await other.getMany(Array.from({ length: 12_000 }, (_, index) => ['k', index]))).toEqual(
      Array(12_000).fill(undefined),
    )
  })

  it('keeps a key that is journalled again while its replay is under way', async () => {
    const { cache, another, clock, faulty } = setUp({ storeTimeout: '10s' })
    const { cache: other } = another()
    faulty.faultOf = () => away
    await cache.delete('k')
    const answered = gate()
    faulty.faultOf = (operation) => (operation === 'delete' ? { answerAfter: answered.promise } : undefined)
    await clock.advance(100)
    // The replay was executed. Then an old value comes, and the delete of it fails.
    await other.set('k', 'old')
    faulty.faultOf = () => away
    expect(await cache.delete('k')).toBe('journaled')
    answered.open()
    await turn()
    expect(cache.stats().journaled).toBe(1)
    faulty.thaw()
    expect(await cache.get('k')).toBeUndefined()
    await clock.advance(1_000)
    expect(cache.stats().journaled).toBe(0)
    expect(await other.get('k')).toBeUndefined()
  })

  it('spares what was stored since: its delete is not sent behind the value', async () => {
    const { cache, another, clock, faulty } = setUp({ storeTimeout: '10s' })
    faulty.faultOf = () => away
    for (let index = 0; index < 600; index++) await cache.delete(['k', index])
    const answered = gate()
    faulty.faultOf = (operation) => (operation === 'deleteMany' ? { answerAfter: answered.promise } : undefined)
    await clock.advance(100)
    expect(await cache.set(['k', 599], 'new')).toBe(true)
    answered.open()
    faulty.thaw()
    await clock.advance(1_000)
    expect(cache.stats().journaled).toBe(0)
    const { cache: other } = another()
    expect(await other.get(['k', 599])).toBe('new')
  })

  it('renews a namespace again for a key that is deleted while the renewal is under way', async () => {
    const { cache, another, clock, faulty } = setUp({ storeTimeout: '10s', tagHold: 0 })
    const { cache: other } = another()
    faulty.faultOf = () => away
    await cache.clear()
    const answered = gate()
    faulty.faultOf = (operation) => (operation === 'set' ? { answerAfter: answered.promise } : undefined)
    await clock.advance(100)
    await other.set('k', 'old')
    faulty.faultOf = () => away
    expect(await cache.delete('k')).toBe('journaled')
    answered.open()
    await turn()
    faulty.thaw()
    expect(await cache.get('k')).toBeUndefined()
    await clock.advance(1_000)
    expect(cache.stats().journaled).toBe(0)
    expect(await other.get('k')).toBeUndefined()
  })

  it('is not settled by a write that was sent before', async () => {
    const { cache, clock, faulty } = setUp({ storeTimeout: '10s' })
    await cache.set('k', 'older')
    const answered = gate()
    faulty.faultOf = (operation) => (operation === 'set' ? { answerAfter: answered.promise } : away)
    const setting = cache.set('k', 'old')
    await turn()
    expect(await cache.delete('k')).toBe('journaled')
    answered.open()
    expect(await setting).toBe(true)
    faulty.thaw()
    expect(await cache.get('k')).toBeUndefined()
    await clock.advance(1_000)
    expect(cache.stats().journaled).toBe(0)
    expect(await cache.get('k')).toBeUndefined()
  })

  it('delivers to the servers that answer what one dead server of several holds back', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.faultOf = () => away
    for (let index = 0; index < 400; index++) await cache.delete(['dead', index])
    for (let index = 0; index < 400; index++) await cache.delete(['living', index])
    faulty.faultOf = (_, key) => (key.includes('dead') ? away : undefined)
    await clock.advance(10_000)
    expect(cache.stats().journaled).toBe(400)
    expect(await cache.getOrSet(['living', 1], () => 'loaded')).toBe('loaded')
    await turn()
    expect(await cache.get(['living', 1])).toBe('loaded')
    faulty.thaw()
    await clock.advance(10_000)
    expect(cache.stats().journaled).toBe(0)
  })

  it('asks a store that stays away ever less often, at most once a second', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.faultOf = () => away
    await cache.delete('k')
    faulty.calls.length = 0
    await clock.advance(60_000)
    expect(faulty.calls.length).toBeGreaterThan(55)
    expect(faulty.calls.length).toBeLessThan(70)
  })

  it('is sent as soon as the circuit breaker has closed', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.freeze()
    for (let call = 0; call < 10; call++) await endsAfter(clock, cache.get(['k', call]))
    expect(cache.stats().openBreakers).toBe(1)
    expect(await cache.delete('k')).toBe('journaled')
    await clock.advance(10_000)
    faulty.thaw()
    while (cache.stats().openBreakers > 0) await clock.advance(1)
    await clock.advance(1)
    expect(cache.stats().journaled).toBe(0)
  })

  it('ends with the cache', async () => {
    const { cache, clock, faulty } = setUp()
    faulty.freeze()
    await endsAfter(clock, cache.delete('k'))
    await cache.close()
    faulty.calls.length = 0
    await clock.advance(10_000)
    expect(faulty.calls).toEqual([])
    expect(clock.pending).toBe(0)
  })
})
