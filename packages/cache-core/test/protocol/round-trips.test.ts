import { describe, expect, it } from 'vitest'
import type { Cache } from '../../src/data/cache.js'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import type { Store } from '../../src/store/store.js'
import { type FakeClock, turn } from '../../src/testing/fake-clock.js'
import { getExchange } from '../http/support/exchange.js'
import { type SetUp, setUp } from '../support/set-up.js'

const TRIP_MS = 10

/** Every operation on the store takes one round trip. */
function distant(): SetUp {
  const parts = setUp()
  parts.faulty.faultOf = () => ({
    executeAfter: new Promise((resolve) => parts.clock.after(TRIP_MS, () => resolve(0))),
  })
  return parts
}

/** How many round trips, one after the other, lie before `begun` is called. */
async function tripsBefore(clock: FakeClock, start: (begun: () => void) => Promise<unknown>): Promise<number> {
  const startedAt = clock.monotonic()
  let begunAt: number | undefined
  const done = start(() => {
    begunAt = clock.monotonic()
  })
  await turn()
  await clock.advance(20 * TRIP_MS)
  await done
  return ((begunAt as number) - startedAt) / TRIP_MS
}

const coldKey = (cache: Cache, key: string) => (begun: () => void) =>
  cache.getOrSet(key, () => {
    begun()
    return 'value'
  })

const coldUrl = (cache: Cache, target: string) => {
  const engine = createHttpCache(cache, { ttl: '1m' })
  return (begun: () => void) => engine.handle(getExchange(target, begun))
}

describe('round trips before a load, one after the other', () => {
  it('a cold key: read, claim', async () => {
    const { cache, clock } = distant()
    await tripsBefore(clock, coldKey(cache, 'first of the namespace'))
    expect(await tripsBefore(clock, coldKey(cache, 'mark held'))).toBe(2)
    await clock.advance(1_000)
    expect(await tripsBefore(clock, coldKey(cache, 'mark not held'))).toBe(2)
  })

  it('a cold URL: read, the URL, claim', async () => {
    const { cache, clock } = distant()
    await tripsBefore(clock, coldUrl(cache, '/first'))
    expect(await tripsBefore(clock, coldUrl(cache, '/mark-held'))).toBe(3)
    await clock.advance(1_000)
    expect(await tripsBefore(clock, coldUrl(cache, '/mark-not-held'))).toBe(3)
  })

  it('a hit: one', async () => {
    const { cache, clock } = distant()
    await tripsBefore(clock, coldKey(cache, 'k'))
    const startedAt = clock.monotonic()
    let hitAt: number | undefined
    const hit = cache
      .getOrSet('k', () => expect.unreachable('a hit'))
      .then(() => {
        hitAt = clock.monotonic()
      })
    await turn()
    await clock.advance(5 * TRIP_MS)
    await hit
    expect(((hitAt as number) - startedAt) / TRIP_MS).toBe(1)
  })
})

describe('a claim under a held mark', () => {
  /** Another process clears while this one still holds the old mark. */
  async function clearedElsewhere(): Promise<SetUp> {
    const parts = setUp()
    await parts.cache.getOrSet('warm', () => 1)
    await parts.another().cache.clear()
    return parts
  }

  it('that turns out to be outdated is given back, and the load runs under the present one', async () => {
    const { cache, another, faulty } = await clearedElsewhere()
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    expect(faulty.count('add 2:v::k')).toBe(2)
    expect(await another().cache.get('k')).toBe('loaded')
  })

  it('is given back where the mark cannot be read', async () => {
    const { cache, memory, faulty } = await clearedElsewhere()
    faulty.faultOf = (operation: string, key: string) =>
      operation === 'get' && key === '2:n::' ? new Error('this server is away') : undefined
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    expect(await (memory as Store).get('2:v::k')).toBeUndefined()
  })
})
