import { type Cache, createCache } from '@tiercel/cache-core'
import { startServer } from '@tiercel/servers'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { redisStore } from '../src/index.js'
import { openClient, uniquePrefix } from './support/stores.js'

const server = await startServer('redis')
const url = server?.url ?? ''
afterAll(() => server?.stop())

const open: Cache[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((cache) => cache.close()))
})

/** As one process of an application has it: with connections of its own. */
function openCache(prefix: string): Cache {
  const cache = createCache({ store: redisStore({ url, prefix }), near: {}, ttl: '10m', storeTimeout: '2s' })
  open.push(cache)
  return cache
}

/** Until the value is near: its bus stands. */
async function near(cache: Cache, key: string): Promise<void> {
  await vi.waitFor(
    async () => {
      await cache.get(key)
      expect(cache.peek(key)).toBeDefined()
    },
    { timeout: 20_000 },
  )
}

describe.skipIf(server === undefined)('near caches over the messages of Redis', () => {
  it('give up in every process what one of them invalidates, by key, tag and namespace', async () => {
    const prefix = uniquePrefix()
    const [one, two] = [openCache(prefix), openCache(prefix)]
    const invalidations = [
      () => one.delete('k'),
      () => one.set('k', { v: 2 }),
      () => one.invalidateTags(['t']),
      () => one.clear(),
    ]
    for (const invalidate of invalidations) {
      await one.set('k', { v: 1 }, { tags: ['t'] })
      await Promise.all([near(one, 'k'), near(two, 'k')])
      await invalidate()
      expect(one.peek('k')).toBeUndefined()
      await vi.waitFor(() => expect(two.peek('k')).toBeUndefined(), { timeout: 20_000 })
    }
  })

  it('are dropped when the connection of the bus is lost, and filled again when it stands', async () => {
    const prefix = uniquePrefix()
    const [one, two] = [openCache(prefix), openCache(prefix)]
    await one.set('k', 1)
    await Promise.all([near(one, 'k'), near(two, 'k')])
    await openClient(url).call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await vi.waitFor(() => expect([one.peek('k'), two.peek('k')]).toEqual([undefined, undefined]), { timeout: 20_000 })
    await one.set('k', 2)
    expect(await two.get('k')).toBe(2)
    await near(two, 'k')
    await one.delete('k')
    await vi.waitFor(() => expect(two.peek('k')).toBeUndefined(), { timeout: 20_000 })
    expect(await two.get('k')).toBeUndefined()
  })
})
