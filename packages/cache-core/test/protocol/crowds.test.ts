import { expect, it } from 'vitest'
import { turn } from '../../src/testing/fake-clock.js'
import { expectLinear } from '../support/linear.js'
import { endsAfter, gate, setUp } from '../support/set-up.js'

/** So many callers of one process wait for a load of another. */
async function crowd(callers: number): Promise<void> {
  const { cache, another, clock } = setUp()
  const { cache: other } = another()
  const loading = gate<string>()
  const loaded = cache.getOrSet('k', () => loading.promise)
  await turn()
  const waiting = Promise.all(Array.from({ length: callers }, () => other.getOrSet('k', () => 'own')))
  await turn()
  loading.open('loaded')
  await loaded
  await endsAfter(clock, waiting)
  expect(new Set(await waiting)).toEqual(new Set(['loaded']))
  expect(other.stats()).toMatchObject({ waits: callers, loads: 0 })
}

it('a crowd that waits for one key of another process is answered in proportion to its number', {
  timeout: 60_000,
}, async () => {
  await expectLinear((callers) => () => crowd(callers), { small: 250, large: 2_000 })
})
