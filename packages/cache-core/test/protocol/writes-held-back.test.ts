import { describe, expect, it } from 'vitest'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, type Process, type SetUp, setUp, slowly } from '../support/set-up.js'

const WRITE_MS = 200
const LOAD_MS = 100

describe('a store that answers reads and holds writes back', () => {
  const WRITES = new Set(['add', 'set', 'compareAndSet', 'compareAndDelete', 'delete'])

  /** A process that has found out: five writes of its own missed their deadline. */
  async function heldUp({ another, clock }: SetUp): Promise<Process> {
    const process = another()
    process.faulty.faultOf = (operation) => (WRITES.has(operation) ? 'frozen' : undefined)
    await Promise.all(
      [1, 2, 3, 4, 5].map((n) =>
        endsAfter(
          clock,
          process.cache.set(`other ${n}`, n).catch(() => {}),
        ),
      ),
    )
    return process
  }

  it('has nobody wait for a lease: each process loads for itself', async () => {
    const set = setUp()
    const { cache, clock } = set
    void cache.getOrSet('k', slowly(clock, 10_000, 'theirs'))
    await turn()
    const { cache: other } = await heldUp(set)
    const call = other.getOrSet('k', slowly(clock, LOAD_MS, 'own'))
    expect(await endsAfter(clock, call)).toBe(LOAD_MS)
    expect(await call).toBe('own')
  })

  it('has those load who waited already', async () => {
    const set = setUp()
    const { cache, clock, another } = set
    void cache.getOrSet('k', slowly(clock, 10_000, 'theirs'))
    await turn()
    const { cache: other, faulty } = another()
    const waiting = other.getOrSet('k', slowly(clock, LOAD_MS, 'own'))
    await clock.advance(100)
    faulty.faultOf = (operation) => (WRITES.has(operation) ? 'frozen' : undefined)
    for (const n of [1, 2, 3, 4, 5]) void other.set(`other ${n}`, n).catch(() => {})
    // The breaker opens, and the next poll comes within 313 ms.
    expect(await endsAfter(clock, waiting)).toBeLessThanOrEqual(WRITE_MS + 313 + LOAD_MS)
    expect(await waiting).toBe('own')
  })

  it('is read all the same', async () => {
    const set = setUp()
    const { cache } = set
    await cache.set('k', 'stored')
    const { cache: other } = await heldUp(set)
    expect(await other.getOrSet('k', () => expect.unreachable('it stands there'))).toBe('stored')
  })
})
