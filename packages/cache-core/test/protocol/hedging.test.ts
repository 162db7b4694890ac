import { describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/data/cache.js'
import type { FakeClock } from '../../src/testing/fake-clock.js'
import { turn } from '../../src/testing/fake-clock.js'
import type { FaultControls } from '../../src/testing/faulty-store.js'
import { endsAfter, gate, setUp, slowly } from '../support/set-up.js'

/** Three times the usual load, and one poll. */
const SUSPICIOUS_MS = 900 + 313

interface TwoProcesses {
  readonly clock: FakeClock
  /** Whose load never ends: it holds the lease, which is extended while its store answers. */
  readonly holder: { readonly cache: Cache; readonly faulty: FaultControls }
  readonly waiter: { readonly cache: Cache; readonly faulty: FaultControls }
  readonly another: ReturnType<typeof setUp>['another']
  /** The holder's loader goes on with this value. */
  goOn(value: string): void
  readonly held: Promise<string>
}

/** Two processes that know the key to take 300 ms; one of them loads it, and does not come to an end. */
async function twoProcesses(): Promise<TwoProcesses> {
  const { cache, faulty, another, clock } = setUp()
  const waiter = another()
  for (const one of [cache, waiter.cache]) {
    await endsAfter(clock, one.getOrSet('k', slowly(clock, 300, 'first')))
    await one.delete('k')
  }
  const loading = gate<string>()
  const held = cache.getOrSet('k', () => loading.promise)
  await turn()
  return { clock, holder: { cache, faulty }, waiter, another, goOn: (value) => loading.open(value), held }
}

/** Until it loads beside the holder: polls are jittered. */
async function hedging(clock: FakeClock, cache: Cache): Promise<void> {
  while (cache.stats().hedges === 0) await clock.advance(10)
}

describe('a load of another process that takes suspiciously long', () => {
  it('is not waited for when its holder is cut off: one caller loads beside it, and what it loads is stored', async () => {
    const { clock, holder, waiter, another } = await twoProcesses()
    holder.faulty.freeze()
    const loader = vi.fn(slowly(clock, 300, 'beside'))
    const waiting = Promise.all(Array.from({ length: 20 }, () => waiter.cache.getOrSet('k', loader)))
    expect(await endsAfter(clock, waiting)).toBeLessThanOrEqual(SUSPICIOUS_MS + 300 + 313)
    expect(new Set(await waiting)).toEqual(new Set(['beside']))
    expect(loader).toHaveBeenCalledTimes(1)
    expect(await another().cache.get('k')).toBe('beside')
    expect(waiter.cache.stats()).toMatchObject({ hedges: 1, unleasedLoads: 0 })
  })

  it('is stored over by it though its lease was extended, and stores nothing itself', async () => {
    const { clock, waiter, goOn, held } = await twoProcesses()
    const waiting = waiter.cache.getOrSet('k', slowly(clock, 2_500, 'beside'))
    expect(await endsAfter(clock, waiting)).toBeGreaterThan(2_500)
    await turn()
    expect(await waiter.cache.get('k')).toBe('beside')
    goOn('late')
    expect(await held).toBe('late')
    await turn()
    expect(await waiter.cache.get('k')).toBe('beside')
  })

  it('is stored where it comes first', async () => {
    const { clock, waiter, goOn, held } = await twoProcesses()
    const waiting = waiter.cache.getOrSet('k', slowly(clock, 2_500, 'beside'))
    await hedging(clock, waiter.cache)
    goOn('first')
    expect(await held).toBe('first')
    await endsAfter(clock, waiting)
    await turn()
    expect(await waiter.cache.get('k')).toBe('first')
  })

  it('is not loaded beside by more than one process at a time', async () => {
    const { clock, holder, waiter, another } = await twoProcesses()
    const { cache: third } = another()
    await endsAfter(clock, third.getOrSet('other', slowly(clock, 300, 1)))
    holder.faulty.freeze()
    const loader = vi.fn(slowly(clock, 300, 'beside'))
    const waiting = Promise.all([waiter.cache.getOrSet('k', loader), third.getOrSet('k', loader)])
    await endsAfter(clock, waiting)
    expect(await waiting).toEqual(['beside', 'beside'])
    expect(loader).toHaveBeenCalledTimes(1)
  })

  it('a delete meanwhile wins over both', async () => {
    const { clock, waiter, another, goOn, held } = await twoProcesses()
    const waiting = waiter.cache.getOrSet('k', slowly(clock, 1_000, 'old'))
    await hedging(clock, waiter.cache)
    const { cache: other } = another()
    await other.delete('k')
    goOn('old')
    await held
    await endsAfter(clock, waiting)
    await turn()
    expect(await other.get('k')).toBeUndefined()
    expect(await other.getOrSet('k', () => 'new')).toBe('new')
  })

  it('a new load after a delete is not stored over: its lease is another one', async () => {
    const { clock, waiter, another } = await twoProcesses()
    const waiting = waiter.cache.getOrSet('k', slowly(clock, 1_000, 'old'))
    await hedging(clock, waiter.cache)
    const { cache: other } = another()
    await other.delete('k')
    const loading = gate<string>()
    const newer = other.getOrSet('k', () => loading.promise)
    await endsAfter(clock, waiting)
    await turn()
    loading.open('new')
    expect(await newer).toBe('new')
    await turn()
    expect(await waiter.cache.get('k')).toBe('new')
  })

  it('is waited for as ever where nobody knows how long it usually takes', async () => {
    const { cache, another, clock } = setUp()
    const loaded = cache.getOrSet('k', slowly(clock, 4_000, 'theirs'))
    await turn()
    const { cache: other } = another()
    expect(
      await endsAfter(
        clock,
        other.getOrSet('k', () => 'own'),
      ),
    ).toBeGreaterThanOrEqual(4_000)
    expect(other.stats().hedges).toBe(0)
    expect(await loaded).toBe('theirs')
  })

  it('is not waited for where it takes much longer than loads of this process do, though the key is new', async () => {
    const { cache, another, clock } = setUp()
    const { cache: other } = another()
    for (let index = 0; index < 10; index++) {
      await endsAfter(clock, other.getOrSet(`known ${index}`, slowly(clock, 100, index)))
    }
    void cache.getOrSet('k', slowly(clock, 20_000, 'theirs'))
    await turn()
    const waiting = other.getOrSet('k', slowly(clock, 100, 'own'))
    expect(await endsAfter(clock, waiting)).toBeLessThanOrEqual(1_000 + 313 + 100)
    expect(await waiting).toBe('own')
  })
})
