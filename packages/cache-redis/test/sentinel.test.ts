import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { redisStore } from '../src/index.js'
import { startSentinel } from './support/sentinel.js'
import { bytes, bytesSent, openClient, openStore } from './support/stores.js'

// Roles that change: not the server that the environment may name.
const started = await startServer('redis')
const master = started?.external ? undefined : started
const portOf = (url: string | undefined): number => Number(url?.split(':')[2])
const sentinel = master && (await startSentinel(portOf(master.url)))
afterAll(async () => {
  await sentinel?.stop()
  await started?.stop()
})

describe.skipIf(sentinel === undefined)('behind Sentinel', () => {
  it('the master is found by the url alone, in the database that it names', async () => {
    const store = openStore({ url: `redis+sentinel://127.0.0.1:1,${sentinel?.address}/main/4`, prefix: 'by-url' })
    await store.set('key', bytes('value'))
    expect(await store.get('key')).toBeDefined()
    expect(await openClient(`${master?.url}/4`).exists('by-url:key')).toBe(1)
  })

  it('the master sends no more of a planted value than maxValueBytes', async () => {
    const admin = openClient(master?.url ?? '')
    const sent = bytesSent(admin)
    await admin.setrange('planted:key', 32_000_000, 'x')
    const store = openStore({
      url: `redis+sentinel://${sentinel?.address}/main`,
      prefix: 'planted',
      maxValueBytes: 1_000,
    })
    expect((await store.get('key'))?.bytes.byteLength).toBe(0)
    await expect(store.getMany(['key', 'other'])).rejects.toThrow()
    await expect.poll(() => store.getMany(['key']).then(([found]) => found?.bytes.byteLength, String)).toBe(0)
    expect(await sent()).toBeLessThan(16_000_000)
    await admin.del('planted:key')
  })

  it('the new master is found after the old one has become a replica', async () => {
    const next = await startServer('redis')
    try {
      const store = openStore({ url: `redis+sentinel://${sentinel?.address}/main`, prefix: 'failover' })
      await store.set('key', bytes('old'))
      const admin = openClient(`redis://${sentinel?.address}`)
      // What a failover leaves behind: other sentinels' view of the master, and the old one demoted.
      await admin.call('SENTINEL', 'REMOVE', 'main')
      await admin.call('SENTINEL', 'MONITOR', 'main', '127.0.0.1', String(portOf(next?.url)), '1')
      await openClient(master?.url ?? '').call('REPLICAOF', '127.0.0.1', '1')
      await expect.poll(() => store.set('key', bytes('new')).then(() => 'works', String)).toBe('works')
      expect(await openClient(next?.url ?? '').exists('failover:key')).toBe(1)
    } finally {
      await openClient(master?.url ?? '').call('REPLICAOF', 'NO', 'ONE')
      await next?.stop()
    }
  })

  it('sentinels that are all away fail an operation soon, and no process hangs on them', async () => {
    const fail = async (): Promise<number> => {
      const store = redisStore({ url: 'redis+sentinel://127.0.0.1:1/main', connectTimeout: '200ms' })
      const began = performance.now()
      await expect(store.get('key')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      await expect(store.get('key')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      const took = performance.now() - began
      await store.close()
      return took
    }
    await expect.poll(fail).toBeLessThan(1_500)
  })
})
