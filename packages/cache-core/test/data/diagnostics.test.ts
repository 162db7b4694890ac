import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/base/errors.js'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, setUp, slowly } from '../support/set-up.js'

const subscriptions: (() => void)[] = []

/** What is published on a channel from now on. */
function heard(event: string): unknown[] {
  const messages: unknown[] = []
  const listen = (message: unknown): void => {
    messages.push(message)
  }
  subscribe(`tiercel:${event}`, listen)
  subscriptions.push(() => unsubscribe(`tiercel:${event}`, listen))
  return messages
}

afterEach(() => {
  for (const end of subscriptions.splice(0)) end()
})

describe('diagnostics', () => {
  it('tell a load: the key as the caller wrote it, whether it was stored, how long the loader took', async () => {
    const { cache, clock } = setUp()
    const loads = heard('load')
    await endsAfter(clock, cache.namespace('users').getOrSet(['a:b', 7], slowly(clock, 120, 1)))
    await cache.getOrSet('k', ({ skip }) => skip())
    await turn()
    expect(loads).toEqual([
      { namespace: 'users', key: 'a:b:7', leased: true, stored: true, durationMs: 120 },
      { namespace: '', key: 'k', leased: true, stored: false, durationMs: 0 },
    ])
  })

  it('tell a load without a lease', async () => {
    const { cache, faulty } = setUp()
    const loads = heard('load')
    faulty.faultOf = () => new StoreUnavailableError('away', { store: 'faulty' })
    await cache.getOrSet('k', () => 1)
    expect(loads).toEqual([{ namespace: '', key: 'k', leased: false, stored: false, durationMs: 0 }])
  })

  it('tell hits and misses', async () => {
    const { cache } = setUp()
    const [hits, misses] = [heard('hit'), heard('miss')]
    await cache.getOrSet('a:b', () => 1)
    await turn()
    await cache.getOrSet('a:b', () => 1)
    await cache.get(['a:b'])
    await cache.get('nothing')
    expect(misses).toEqual([
      { namespace: '', key: 'a:b' },
      { namespace: '', key: 'nothing' },
    ])
    expect(hits).toEqual([
      { namespace: '', key: 'a:b' },
      { namespace: '', key: 'a:b' },
    ])
  })

  it('tell invalidations and what became of them, and errors of the store', async () => {
    const { cache, faulty } = setUp()
    const [invalidations, errors] = [heard('invalidation'), heard('store-error')]
    await cache.delete('a:b')
    await cache.clear()
    const away = new StoreUnavailableError('away', { store: 'faulty' })
    faulty.faultOf = () => away
    await cache.delete('k')
    expect(invalidations).toEqual([
      { namespace: '', key: 'a:b', outcome: 'delivered' },
      { namespace: '', key: undefined, outcome: 'delivered' },
      { namespace: '', key: 'k', outcome: 'journaled' },
    ])
    expect(errors).toEqual([{ store: 'memory', operation: 'delete', error: away }])
  })
})
