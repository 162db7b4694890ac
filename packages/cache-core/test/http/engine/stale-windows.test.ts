import { describe, expect, it, vi } from 'vitest'
import { createHttpCache } from '../../../src/http/engine/http-cache.js'
import { turn } from '../../../src/testing/fake-clock.js'
import { gate, setUp } from '../../support/set-up.js'
import { request } from '../support/ask-engine.js'
import { ask } from '../support/asking.js'

const text = (body: string) => (): string => body

describe('a response whose frame was made later than it was received', () => {
  it('is fresh, then stale, and nothing between', async () => {
    const { cache, clock, faulty } = setUp({ tagHold: 0 })
    const engine = createHttpCache(cache, { ttl: '1s', staleWhileRevalidate: '1h' })
    const covered = gate()
    // The slot of the URL, which must live as long as its variants.
    faulty.faultOf = (operation, key) =>
      operation === 'compareAndSet' && key.startsWith('2:u:') ? { answerAfter: covered.promise } : undefined
    const filling = request(engine, '/a', text('old'))
    await turn()
    await clock.advance(100)
    covered.open()
    faulty.thaw()
    await filling
    await clock.advance(950)
    // Past its own lifetime, within that of the frame.
    expect(await request(engine, '/a', text('new'))).toEqual({ body: 'old', cacheStatus: 'hit; ttl=-1' })
  })
})

describe('a response that is stale from the beginning', () => {
  it.each([
    ['kept to be validated', 'max-age=0', 'new', 'fwd=stale; stored'],
    ['within stale-while-revalidate', 'max-age=0, stale-while-revalidate=60', 'old', 'hit; ttl=0'],
  ])('%s, is so in its first millisecond', async (_, control, body, cacheStatus) => {
    const { cache } = setUp()
    const engine = createHttpCache(cache, { keepStale: '1h' })
    const headers = ['Cache-Control', control, 'ETag', '"a"']
    await ask(engine, '/', { body: 'old', headers })
    await turn()
    expect(await ask(engine, '/', { body: 'new', headers, again: { body: 'new', headers } })).toMatchObject({
      body,
      cacheStatus,
    })
  })
})

describe('a response whose time ends while it is looked for', () => {
  it.each([-6, -5, -4, -3, -2, -1, 0])(
    'is a hit or stale: %i readings of the clock before its end',
    async (readings) => {
      const { cache, clock } = setUp()
      const engine = createHttpCache(cache, { ttl: '1s', keepStale: '1h' })
      const headers = ['ETag', '"a"']
      await ask(engine, '/', { body: 'old', headers })
      let now = clock.now() + 1_000 + readings
      vi.spyOn(clock, 'now').mockImplementation(() => now++)
      const { cacheStatus } = await ask(engine, '/', { body: 'new', headers })
      expect(cacheStatus).toMatch(/^(hit|fwd=stale)/)
    },
  )
})
