import { createCache } from '@tiercel/cache-core'
import { startServer } from '@tiercel/servers'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { RedisStore } from '../src/index.js'
import { openClient, openStore } from './support/stores.js'

// A server that is paused: not the one that the environment may name.
const started = await startServer('redis')
const server = started?.external ? undefined : started
const url = server?.url ?? ''
afterAll(() => started?.stop())

const connections = async (operator: Redis): Promise<number> => {
  const clients = String(await operator.call('CLIENT', 'LIST', 'TYPE', 'NORMAL'))
  return clients.trim().split('\n').length
}

describe.skipIf(server === undefined)('while the server holds writes back', () => {
  afterEach(async () => void (await openClient(url).call('CLIENT', 'UNPAUSE')))

  const stores: readonly (readonly [string, () => RedisStore])[] = [
    ['its own connection', () => openStore({ url })],
    ["a caller's client", () => openStore({ client: openClient(url) })],
  ]
  it.each(stores)('reads go around them, on %s, and back when writes are answered', async (_, open) => {
    const operator = openClient(url)
    const cache = createCache({ store: open() })
    await cache.set('hot', 'value')
    const before = await connections(operator)
    await operator.call('CLIENT', 'PAUSE', '60000', 'WRITE')
    for (let index = 0; index < 5; index++) void cache.set(`cold ${index}`, 'value')
    const read = (): Promise<unknown> => cache.get('hot')
    await expect.poll(read).toBe('value')
    // What is lost or deleted meanwhile does not hold them up again.
    await cache.delete('cold 0')
    for (let round = 0; round < 10; round++)
      expect(await cache.getOrSet(`absent ${round}`, () => 'loaded')).toBe('loaded')
    await expect.poll(read).toBe('value')
    expect(await connections(operator)).toBe(before + 1)
    await operator.call('CLIENT', 'UNPAUSE')
    await expect.poll(() => connections(operator)).toBe(before)
    await expect.poll(() => cache.delete('cold 1')).toBe('delivered')
    await expect.poll(read).toBe('value')
    await cache.close()
  })

  it('ends with the store', async () => {
    const operator = openClient(url)
    const before = await connections(operator)
    const cache = createCache({ store: openStore({ url }) })
    await cache.set('hot', 'value')
    await operator.call('CLIENT', 'PAUSE', '60000', 'WRITE')
    for (let index = 0; index < 5; index++) void cache.set(`cold ${index}`, 'value')
    await expect.poll(() => cache.get('hot')).toBe('value')
    await cache.close()
    await operator.call('CLIENT', 'UNPAUSE')
    await expect.poll(() => connections(operator)).toBe(before)
  })
})
