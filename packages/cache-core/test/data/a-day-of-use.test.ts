import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import type { Cache } from '../../src/index.js'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, type SetUp, setUp } from '../support/set-up.js'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const TTLS = ['1s', '30s', '5m', '1h'] as const

/** Callers of all kinds for so many hours; keys, namespaces and tags come and go. */
async function use({ cache, clock, faulty }: SetUp, random: () => number, hours: number, calls: number): Promise<void> {
  const signal = new AbortController().signal
  const among = (count: number): number => Math.floor(random() * count)
  for (let call = 0; call < calls; call++) {
    const day = Math.floor(call / 50)
    const room: Cache = random() < 0.5 ? cache : cache.namespace(`tenant ${day}-${among(5)}`)
    const key = `key ${day}-${among(20)}`
    const options = {
      ttl: TTLS[among(4)] ?? '1s',
      staleWhileRevalidate: '1m',
      staleIfError: '1h',
      tags: [`tag ${day}-${among(10)}`],
      signal,
    } as const
    const operations: readonly (() => Promise<unknown>)[] = [
      () => room.delete(key),
      () => room.clear(),
      () => room.invalidateTags(options.tags, { soft: random() < 0.5 }),
      () => room.expire(key),
      () => room.set(key, { call }, { ttl: options.ttl }),
      () => room.getOrSet(key, () => Promise.reject(new Error('source')), options).catch(() => {}),
      () => room.getOrSetMany([key, `${key}+`], (keys) => keys.map(() => call), options),
    ]
    const two = (): Promise<unknown> =>
      Promise.all([room.getOrSet(key, () => ({ call }), options), room.getOrSet(key, () => 1, options)])
    // A frozen store is waited for on the clock.
    await endsAfter(clock, (operations[among(12)] ?? two)())
    if (random() < 0.002) faulty.freeze()
    else if (random() < 0.1) faulty.thaw()
    await clock.advance((hours * 3_600_000) / calls)
  }
  faulty.thaw()
  await clock.advance(2 * 86_400_000)
  await turn()
}

it('a day of use leaves no timer, no listener and no memory behind', { timeout: 120_000 }, async () => {
  const parts = setUp()
  const random = randomOf(7)
  const measure = async (): Promise<number> => {
    await use(parts, random, 24, 1_000)
    expect(parts.clock.pending).toBe(0)
    expect(parts.cache.stats().journaled).toBe(0)
    // Their versions live on in the store for a while, and its own records of calls are the test's.
    parts.faulty.calls.length = 0
    await parts.memory.purge()
    for (let times = 0; times < 3; times++) {
      collect()
      await turn()
    }
    return process.memoryUsage().heapUsed
  }
  await measure()
  const after = await measure()
  const later = await measure()
  expect(later - after).toBeLessThan(2_000_000)
})
