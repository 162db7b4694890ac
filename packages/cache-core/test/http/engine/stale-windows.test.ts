import { describe, expect, it } from 'vitest'
import { createHttpCache } from '../../../src/http/engine/http-cache.js'
import { turn } from '../../../src/testing/fake-clock.js'
import { gate, setUp } from '../../support/set-up.js'
import { request } from '../support/ask-engine.js'

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
