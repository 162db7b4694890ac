import { setTimeout as delay } from 'node:timers/promises'
import { createCache } from '@tiercel/cache-core'
import { redisStore } from '@tiercel/cache-redis'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { BusiestTurns } from '../src/busiest-turns.js'

const started = await startServer('redis')
const server = started?.external ? undefined : started
afterAll(() => started?.stop())

const KEYS = Array.from({ length: 30_000 }, (_, index) => `key ${index}`)
/** A batch of the replay is one turn of a hundred; that what is compiled or collected once takes longer says nothing. */
const NEARLY_ALL = 0.999
const LONGEST_TURN_MS = 20

describe.skipIf(server === undefined)('30,000 deletes that a frozen Redis has not heard', { timeout: 120_000 }, () => {
  it('are delivered when it goes on, and take no turn of the loop for long', async () => {
    const cache = createCache({ store: redisStore({ url: server?.url ?? '', prefix: 'replay' }) })
    await cache.setMany(KEYS.map((key) => [key, 'old']))
    await server?.freeze()
    await expect.poll(() => cache.get('any').then(() => cache.stats().openBreakers), { timeout: 20_000 }).toBe(1)
    for (const key of KEYS) await cache.delete(key)
    expect(cache.stats().journaled).toBe(KEYS.length)
    const turns = new BusiestTurns()
    await server?.thaw()
    while (cache.stats().journaled > 0) await delay(5)
    expect(turns.stop(NEARLY_ALL)).toBeLessThan(LONGEST_TURN_MS)
    expect((await cache.getMany(KEYS)).filter((value) => value !== undefined)).toEqual([])
    await cache.close()
  })
})
