import { createCache } from '@tiercel/cache-core'
import { StoreUnavailableError } from '@tiercel/cache-core/store'
import { startServer } from '@tiercel/servers'
import type { Redis } from 'ioredis'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { failFast } from '../src/index.js'
import { Spacing } from '../src/spacing.js'
import { bytes, openClient, openStore } from './support/stores.js'
import { startSwitch } from './support/switch.js'

// Servers that become replicas and masters: not the one that the environment may name.
const started = await startServer('redis')
const server = started?.external ? undefined : started
const url = server?.url ?? ''
afterAll(() => started?.stop())

async function connectionsReceived(admin: Redis): Promise<number> {
  return Number(/total_connections_received:(\d+)/.exec(await admin.info('stats'))?.[1])
}

/** A replica of nobody: it keeps what it has, answers reads, and refuses writes until it is a master again. */
const demote = (admin: Redis): Promise<unknown> => admin.call('REPLICAOF', '127.0.0.1', '1')
const promote = (admin: Redis): Promise<unknown> => admin.call('REPLICAOF', 'NO', 'ONE')

describe.skipIf(server === undefined)('a server that lastingly takes no writes', () => {
  it('is asked for a master ever more seldom, and no read fails meanwhile', async () => {
    const printed = vi.spyOn(process, 'emitWarning')
    const admin = openClient(url)
    const store = openStore({ url })
    // A busy machine is slow to read an answer: what is counted is what the server and the connection do.
    const cache = createCache({ store, storeTimeout: '5s' })
    await cache.set('hot', 'value')
    await demote(admin)
    const before = await connectionsReceived(admin)
    const outcomes = { hits: 0, misses: 0, refused: 0, other: 0 }
    const until = performance.now() + 2_500
    while (performance.now() < until) {
      const reads = Array.from({ length: 8 }, () => cache.get('hot'))
      const writes = Array.from({ length: 4 }, (_, index) => store.set(`cold-${index}`, bytes('value')))
      const [values, written] = await Promise.all([Promise.all(reads), Promise.allSettled(writes)])
      for (const value of values) outcomes[value === 'value' ? 'hits' : 'misses']++
      for (const write of written) {
        const refused = write.status === 'rejected' && write.reason instanceof StoreUnavailableError
        outcomes[refused ? 'refused' : 'other']++
      }
    }
    // At once, after 1 s and after 2 more.
    expect((await connectionsReceived(admin)) - before).toBeLessThanOrEqual(3)
    expect(outcomes).toMatchObject({ misses: 0, other: 0 })
    expect(outcomes.hits).toBeGreaterThan(0)
    await promote(admin)
    await expect.poll(() => store.set('key', bytes('value')).then(() => 'works', String)).toBe('works')
    expect(printed).not.toHaveBeenCalled()
    printed.mockRestore()
    await cache.close()
  })

  it('is left for the master that its address leads to', async () => {
    const [old, next] = await Promise.all([startServer('redis'), startServer('redis')])
    const portOf = (of: typeof old): number => Number(of?.url.split(':')[2])
    const address = await startSwitch(portOf(old))
    try {
      const store = openStore({ url: address.url, prefix: 'moved' })
      await store.set('key', bytes('value'))
      await demote(openClient(old?.url ?? ''))
      address.pointTo(portOf(next))
      await expect.poll(() => store.set('key', bytes('new')).then(() => 'works', String)).toBe('works')
      expect(await openClient(next?.url ?? '').exists('moved:key')).toBe(1)
      expect(address.connections).toBe(2)
    } finally {
      address.close()
      await Promise.all([old?.stop(), next?.stop()])
    }
  })

  it("makes a client of the caller's reconnect ever more seldom", async () => {
    const admin = openClient(url)
    const store = openStore({ client: openClient(url, failFast) })
    await store.ping()
    await demote(admin)
    const before = await connectionsReceived(admin)
    const until = performance.now() + 1_500
    while (performance.now() < until) {
      await store.set('key', bytes('value')).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const made = (await connectionsReceived(admin)) - before
    expect(made).toBeGreaterThanOrEqual(1)
    expect(made).toBeLessThanOrEqual(2)
    await promote(admin)
    await expect.poll(() => store.set('key', bytes('value')).then(() => 'works', String)).toBe('works')
  })
})

describe('attempts', () => {
  it('come at growing distances, and at once again after a quiet time', () => {
    const spacing = new Spacing()
    const taken: number[] = []
    for (let now = 100_000; now < 300_000; now += 10) if (spacing.take(now)) taken.push(now)
    const pauses = taken.map((at, index) => at - (taken[index - 1] ?? at)).slice(1)
    expect(taken[0]).toBe(100_000)
    expect(pauses[0]).toBeLessThanOrEqual(1_260)
    expect(Math.max(...pauses)).toBeGreaterThan(29_000)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(37_510)
    expect(spacing.take(500_000)).toBe(true)
    expect(spacing.take(501_260)).toBe(true)
  })
})
