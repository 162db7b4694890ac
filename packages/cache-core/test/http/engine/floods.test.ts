import { describe, expect, it } from 'vitest'
import { createHttpCache, type HttpCache } from '../../../src/http/engine/http-cache.js'
import { createCache } from '../../../src/index.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { expectLinear } from '../../support/linear.js'
import { scriptedStore } from '../../support/scripted-store.js'
import { ask } from '../support/asking.js'

const FRESH = ['Cache-Control', 'max-age=60', 'Vary', 'X-Variant']

type Flood = (engine: HttpCache, index: number) => Promise<unknown>

/** What one client can make entries of, each request another one. */
const FLOODS: readonly (readonly [string, Flood])[] = [
  ['URLs', (engine, index) => ask(engine, `/${index}`, { body: 'one', headers: FRESH })],
  ['query strings', (engine, index) => ask(engine, `/?page=${index}`, { body: 'one', headers: FRESH })],
  ['variants', (engine, index) => ask(engine, '/', { body: 'one', headers: FRESH, asked: ['X-Variant', `${index}`] })],
]

describe.each(FLOODS)('many %s', (_, flood) => {
  it('cost a request no more calls than one alone, and expire without anybody’s work', async () => {
    const clock = new FakeClock()
    const { store, calls } = scriptedStore({}, memoryStore({ clock, maxBytes: 100_000 }))
    const engine = createHttpCache(createCache({ store, clock, jitter: 0 }))
    const callsOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = calls.length
      await work()
      return calls.length - before
    }
    /** Of one whose response has expired, behind another that has read what all carry. */
    const callsOfExpired = async (): Promise<number> => {
      await clock.advance(3_600_000)
      await flood(engine, 1)
      return callsOf(() => flood(engine, 0))
    }
    await flood(engine, 0)
    const alone = await callsOfExpired()
    for (let index = 0; index < 100; index++) await flood(engine, index)
    // The deadlines of the last calls end sooner than what they have stored.
    await clock.advance(5_000)
    expect(clock.pending).toBe(0)
    expect(await callsOf(() => clock.advance(3_600_000))).toBe(0)
    expect(await callsOfExpired()).toBe(alone)
  })
})

it('a field value of any length costs in proportion to it', async () => {
  const engine = createHttpCache(createCache({ store: memoryStore(), clock: new FakeClock() }))
  const value = 'en;q=0.5, '.repeat(40_000)
  const headers = ['Cache-Control', 'max-age=60', 'Vary', 'Accept, Accept-Language']
  const asking = (length: number) => ({
    headers,
    asked: ['Accept', value.slice(0, length), 'Accept-Language', value.slice(0, length)],
  })
  await expectLinear((length) => () => ask(engine, '/', asking(length)), { small: 25_000, large: 200_000 })
})
