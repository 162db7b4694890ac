import { describe, expect, it } from 'vitest'
import { createHttpCache, type HttpCache } from '../../../src/http/engine/http-cache.js'
import { createCache } from '../../../src/index.js'
import { MemoryStore } from '../../../src/store/memory/memory-store.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { ask } from '../support/asking.js'

/** An application of two processes, to whose handlers no request of the cache's own comes: they run in front of clients. */
function setUp(): Readonly<{ clock: FakeClock; here: HttpCache; there: HttpCache }> {
  const clock = new FakeClock()
  const store = new MemoryStore({ clock, maxEntries: 1_000 })
  const newProcess = (): HttpCache =>
    createHttpCache(createCache({ store, clock, tagHold: 0 }), { ttl: '1s', staleIfError: '1m', lease: '5s' })
  return { clock, here: newProcess(), there: newProcess() }
}

describe('after a failure in front of its client', () => {
  it('what is stale is sent for a lease without a run', async () => {
    const { clock, here } = setUp()
    await ask(here, '/', { body: 'old' })
    await clock.advance(3_000)
    const [failed, next] = [await ask(here, '/', { status: 503 }), await ask(here, '/', { body: 'new' })]
    expect([failed, next].map(({ body }) => body)).toEqual(['old', 'old'])
    expect(next.cacheStatus).toBe('fwd=stale; detail="a run has failed a moment ago"')
    await clock.advance(5_000)
    expect((await ask(here, '/', { body: 'new' })).body).toBe('new')
  })

  it.each(['here', 'there'] as const)('a success %s ends that', async (where) => {
    const { clock, ...processes } = setUp()
    const { here, [where]: other } = processes
    await ask(here, '/', { body: 'old' })
    await clock.advance(3_000)
    expect((await ask(here, '/', { status: 503 })).body).toBe('old')
    await here.purge('http://example.com/')
    await ask(other, '/', { body: 'new' })
    await clock.advance(1_500)
    expect(await ask(here, '/', { body: 'newer' })).toMatchObject({ body: 'newer', cacheStatus: 'fwd=stale; stored' })
  })
})
