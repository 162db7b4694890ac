import { describe, expect, it } from 'vitest'
import { turn } from '../../src/testing/fake-clock.js'
import { gate, setUp } from '../support/set-up.js'

describe('delete and clear', () => {
  it('a deleted value is gone', async () => {
    const { cache, another } = setUp()
    await cache.set('k', 1)
    expect(await another().cache.delete('k')).toBe('delivered')
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.delete('k')).toBe('delivered')
  })

  it('a cleared namespace is empty at once here, and within tagHold elsewhere', async () => {
    const { cache, another, clock } = setUp()
    const { cache: other } = another()
    await cache.set('k', 1)
    expect(await other.get('k')).toBe(1)
    expect(await cache.clear()).toBe('delivered')
    expect(await cache.get('k')).toBeUndefined()
    await clock.advance(1_000)
    expect(await other.get('k')).toBeUndefined()
  })

  it('a clear leaves nothing of a load that began before it', async () => {
    const { cache, another } = setUp({ tagHold: 0 })
    const loading = gate<string>()
    const loaded = cache.getOrSet('k', () => loading.promise)
    await turn()
    await another().cache.clear()
    loading.open('before')
    expect(await loaded).toBe('before')
    expect(await cache.get('k')).toBeUndefined()
  })

  it('of two clears at once the one that came last counts, whichever is answered last', async () => {
    const { cache, another, faulty } = setUp()
    const { cache: other } = another()
    await cache.set('warm', 1)
    const slow = gate()
    faulty.faultOf = (operation) => (operation === 'set' ? { answerAfter: slow.promise } : undefined)
    const first = cache.clear()
    await turn()
    await other.set('k', 'between')
    faulty.thaw()
    await cache.clear()
    slow.open()
    await first
    expect(await cache.get('k')).toBeUndefined()
  })

  it('what another process stores after its clear is found at once, though the old version is held', async () => {
    const { cache, another } = setUp()
    const { cache: other } = another()
    await cache.set('k', 'old')
    await other.clear()
    await other.set('k', 'new')
    expect(await cache.get('k')).toBe('new')
  })

  it('a read that began before a clear does not bring the old version back', async () => {
    const { cache, clock, faulty } = setUp()
    await cache.set('k', 'old')
    await clock.advance(1_000)
    const slow = gate()
    faulty.faultOf = (operation) => (operation.startsWith('get') ? { answerAfter: slow.promise } : undefined)
    const reading = cache.get('other')
    await turn()
    faulty.thaw()
    await cache.clear()
    slow.open()
    await reading
    expect(await cache.get('k')).toBeUndefined()
  })
})
