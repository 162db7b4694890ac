import { createCache } from '@tiercel/cache-core'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { failFast, redisStore } from '../src/index.js'
import { bytes, openClient, openStore } from './support/stores.js'
import { startSwitch } from './support/switch.js'

// A server that is paused and demoted: not the one that the environment may name.
const started = await startServer('redis')
const server = started?.external ? undefined : started
const url = server?.url ?? ''
afterAll(() => started?.stop())

describe.skipIf(server === undefined)('a connection of its own for writes', () => {
  it('lets reads be answered while the server holds writes back, as in a failover', async () => {
    const cache = createCache({ store: openStore({ url, writeConnection: true }) })
    await cache.set('hot', 'value')
    await openClient(url).call('CLIENT', 'PAUSE', '600', 'WRITE')
    const writing = Promise.all(Array.from({ length: 10 }, (_, index) => cache.set(`cold-${index}`, 'value')))
    let hits = 0
    for (let round = 0; round < 10; round++) if ((await cache.get('hot')) === 'value') hits++
    await writing
    await openClient(url).call('CLIENT', 'UNPAUSE')
    await cache.close()
    // A busy machine may miss a deadline.
    expect(hits).toBeGreaterThanOrEqual(8)
  })

  it('follows the reads to the new master', async () => {
    const next = await startServer('redis')
    const portOf = (of: string | undefined): number => Number(of?.split(':')[2])
    const address = await startSwitch(portOf(url))
    try {
      const store = openStore({ url: address.url, writeConnection: true })
      await store.set('key', bytes('old'))
      expect(await store.get('key')).toBeDefined()
      await openClient(url).call('REPLICAOF', '127.0.0.1', '1')
      address.pointTo(portOf(next?.url))
      await expect.poll(() => store.set('key', bytes('new')).then(() => 'works', String)).toBe('works')
      expect(Buffer.from((await store.get('key'))?.bytes ?? []).toString()).toBe('new')
    } finally {
      await openClient(url).call('REPLICAOF', 'NO', 'ONE')
      address.close()
      await next?.stop()
    }
  })

  it('cannot be given with a client of the caller, and must be true or false', () => {
    expect(() => redisStore({ client: openClient(url, failFast), writeConnection: true })).toThrow('writeConnection')
    expect(() => redisStore({ url, writeConnection: 'yes' as never })).toThrow('writeConnection')
  })
})
