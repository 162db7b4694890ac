import { expect, it } from 'vitest'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, gate, setUp } from '../support/set-up.js'

/** So many callers of one process wait for a load of another. The processor's time it took, in microseconds a caller. */
async function crowd(callers: number): Promise<number> {
  const { cache, another, clock } = setUp()
  const { cache: other } = another()
  const loading = gate<string>()
  const loaded = cache.getOrSet('k', () => loading.promise)
  await turn()
  const began = process.cpuUsage()
  const waiting = Promise.all(Array.from({ length: callers }, () => other.getOrSet('k', () => 'own')))
  await turn()
  loading.open('loaded')
  await loaded
  await endsAfter(clock, waiting)
  const { user } = process.cpuUsage(began)
  expect(new Set(await waiting)).toEqual(new Set(['loaded']))
  expect(other.stats()).toMatchObject({ waits: callers, loads: 0 })
  return user / callers
}

it('a crowd that waits for one key of another process is answered in proportion to its number', {
  timeout: 60_000,
}, async () => {
  await crowd(2_000)
  const few = await crowd(5_000)
  const many = await crowd(20_000)
  // Four times as many: quadratic would be four times the time for each.
  expect(many / few).toBeLessThan(3)
})
