import { expect, it } from 'vitest'
import { createCache, memoryStore } from '../../src/index.js'
import { FakeClock, turn } from '../../src/testing/fake-clock.js'

const KEYS = process.env.TIERCEL_LONG === '1' ? 10_000 : 1_000
const AT_ONCE = 32
/** The last ten seconds of the lifetime, in parts. */
const BUCKETS = 4

it('thousands of keys that were set together do not end together; at most 32 refreshes run at once, and each key is refreshed once among two processes', {
  timeout: 300_000,
}, async () => {
  const clock = new FakeClock()
  const store = memoryStore({ clock, maxEntries: 3 * KEYS })
  const options = { store, clock, ttl: '100s', staleWhileRevalidate: '1h' } as const
  const caches = [createCache(options), createCache(options)]
  const keys = Array.from({ length: KEYS }, (_, index) => `k${index}`)
  const [cache] = caches
  await cache?.setMany(keys.map((key) => [key, 'old']))

  // By default a tenth of the lifetime: in each quarter of it about as many keys end.
  await clock.advance(90_000)
  let standing = KEYS
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    await clock.advance(10_000 / BUCKETS)
    const left = (await cache?.getMany(keys))?.filter((value) => value !== undefined).length ?? 0
    expect(standing - left).toBeGreaterThan(KEYS / BUCKETS / 2)
    expect(standing - left).toBeLessThan((KEYS / BUCKETS) * 2)
    standing = left
  }

  let running = 0
  let most = 0
  const loads = new Map<string, number>()
  const ends: (() => void)[] = []
  const load = async (key: string): Promise<string> => {
    most = Math.max(most, ++running)
    loads.set(key, (loads.get(key) ?? 0) + 1)
    await new Promise<void>((resolve) => ends.push(resolve))
    running--
    return 'new'
  }
  for (const each of caches) {
    const answers = await Promise.all(keys.map((key) => each.getOrSet(key, () => load(key))))
    expect(new Set(answers)).toEqual(new Set(['old']))
  }
  // Each cache has 32 of its own.
  for (await turn(); ends.length > 0; await turn()) for (const end of ends.splice(0)) end()
  expect(most).toBe(AT_ONCE * caches.length)
  expect(new Set(await cache?.getMany(keys))).toEqual(new Set(['new']))
  expect([...loads.values()].filter((count) => count > 1)).toEqual([])
  expect(loads.size).toBe(KEYS)
  await Promise.all(caches.map((each) => each.close()))
})
