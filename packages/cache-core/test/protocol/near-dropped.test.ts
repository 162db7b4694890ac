import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/base/errors.js'
import { load, setUpNear } from '../support/near.js'

describe('a near cache', () => {
  it('is filled again after it was dropped, each key once', async () => {
    const { cache, clock, faulty } = await setUpNear({ near: {} })
    const fill = async (): Promise<object> => {
      for (const key of ['a', 'b', ['a', 'b']]) await load(cache, key, 'v', { tags: ['t'] })
      const { nearEntries, nearBytes } = cache.stats()
      return { nearEntries, nearBytes }
    }
    const full = await fill()
    faulty.faultOf = () => new StoreUnavailableError('away', { store: 'memory' })
    await clock.advance(4_000)
    expect(cache.stats().nearEntries).toBe(3)
    faulty.thaw()
    await clock.advance(4_000)
    expect(cache.stats()).toMatchObject({ nearEntries: 0, nearBytes: 0 })
    expect(await fill()).toEqual(full)
    await cache.invalidateTags(['t'])
    expect(['a', 'b', ['a', 'b']].map((key) => cache.peek(key))).toEqual([undefined, undefined, undefined])
  })
})
