import { once } from 'node:events'
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import { AmbiguousWriteError, guardStore, StoreClosedError, StoreUnavailableError } from '@tiercel/cache-core/store'
import { startServer } from '@tiercel/servers'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { bytes, openClient, openStore } from './support/stores.js'

const started = await startServer('redis')
const server = started?.external ? undefined : started
afterAll(() => started?.stop())
afterEach(() => server?.thaw())

/** How long an operation without a connection may take: no timer is waited for. */
const AT_ONCE_MS = 100

async function timed(work: Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const start = performance.now()
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { error, ms: performance.now() - start }
}

describe('a server that is not there', () => {
  it('fails the first operation with the reason, and later ones at once', async () => {
    const store = openStore({ url: 'redis://127.0.0.1:1' })
    const first = await timed(store.get('key'))
    expect(first.error).toBeInstanceOf(StoreUnavailableError)
    expect(String(first.error)).toContain('ECONNREFUSED')
    const took: number[] = []
    for (let round = 0; round < 20; round++) {
      const { error, ms } = await timed(round % 2 === 0 ? store.set('key', bytes('value')) : store.get('key'))
      expect(error).toBeInstanceOf(StoreUnavailableError)
      took.push(ms)
    }
    // Half of them at the least: the machine may stall meanwhile.
    expect(took.sort((a, b) => a - b)[10]).toBeLessThan(AT_ONCE_MS)
  })
})

describe('a peer that accepts and never answers', () => {
  let peer: NetServer
  const sockets = new Set<Socket>()
  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    peer.close()
  })

  async function silentUrl(): Promise<string> {
    peer = createServer((socket) => sockets.add(socket.on('error', () => {})))
    peer.listen(0, '127.0.0.1')
    await once(peer, 'listening')
    return `redis://127.0.0.1:${(peer.address() as { port: number }).port}`
  }

  it('is given up after socketTimeout, and what waited was never sent', async () => {
    const url = await silentUrl()
    const giveUp = async (): Promise<number> => {
      const store = openStore({ url, config: { socketTimeout: 200 } })
      const { error, ms } = await timed(store.set('key', bytes('value')))
      expect(error).toBeInstanceOf(StoreUnavailableError)
      return ms
    }
    await expect.poll(giveUp).toBeLessThan(1_000)
  })

  it('does not hold up close, nor leave an operation unsettled', async () => {
    // Longer than this test may take.
    const store = openStore({ url: await silentUrl(), config: { socketTimeout: 600_000 } })
    const waiting = timed(store.set('key', bytes('value')))
    const subscribing = timed(store.subscribe('channel', () => {}))
    await once(peer, 'connection')
    await store.close()
    expect((await waiting).error).toBeInstanceOf(StoreClosedError)
    expect((await subscribing).error).toBeInstanceOf(StoreClosedError)
  })
})

describe.skipIf(server === undefined)('a server that goes away', () => {
  it('leaves the outcome of a write under way open, and that of a read clear', async () => {
    const store = openStore({ url: server?.url ?? '' })
    await store.ping()
    await server?.freeze()
    const operations = {
      set: timed(store.set('key', bytes('value'))),
      add: timed(store.add('other', bytes('value'))),
      increment: timed(store.increment('counter', 1)),
      get: timed(store.get('key')),
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    await server?.kill()
    expect((await operations.set).error).toBeInstanceOf(AmbiguousWriteError)
    expect((await operations.add).error).toBeInstanceOf(AmbiguousWriteError)
    expect((await operations.increment).error).toBeInstanceOf(AmbiguousWriteError)
    expect((await operations.get).error).toBeInstanceOf(StoreUnavailableError)

    const offline = async (): Promise<number> => {
      const { error, ms } = await timed(store.set('key', bytes('value')))
      expect(error).toBeInstanceOf(StoreUnavailableError)
      return ms
    }
    await expect.poll(offline).toBeLessThan(AT_ONCE_MS)
    await server?.restart()
  })

  // A second of the wall clock is what it measures: a machine that stalls for so long is asked again.
  it('is used again within a second of its return', { retry: 3 }, async () => {
    const store = openStore({ url: server?.url ?? '' })
    await store.ping()
    await server?.kill()
    // Long enough for the pause between attempts to be at its longest.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await server?.restart()
    const back = performance.now()
    await expect.poll(() => store.ping().then(() => 'works', String), { interval: 20 }).toBe('works')
    expect(performance.now() - back).toBeLessThan(1_000)
  })

  it('sends no write again after the connection was lost', async () => {
    const store = openStore({ url: server?.url ?? '' })
    const around = openClient(server?.url ?? '')
    await store.increment('counter', 1)
    await around.call('CLIENT', 'PAUSE', '60000', 'WRITE')
    const lost = timed(store.increment('counter', 1))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await around.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    expect((await lost).error).toBeInstanceOf(AmbiguousWriteError)
    await around.call('CLIENT', 'UNPAUSE')
    await expect.poll(() => store.increment('counter', 0).catch(String)).toBe(1)
  })

  it('breaks a subscription when it falls silent, and the subscription says so and returns', async () => {
    const store = openStore({ url: server?.url ?? '', config: { socketTimeout: 300 } })
    const heard: string[] = []
    await store.subscribe('channel', (message) => void heard.push(Buffer.from(message).toString()), {
      onUp: () => void heard.push('up'),
      onDown: () => void heard.push('down'),
    })
    expect(heard).toEqual(['up'])
    await server?.freeze()
    await expect.poll(() => heard).toEqual(['up', 'down'])
    await server?.thaw()
    await expect.poll(() => heard).toEqual(['up', 'down', 'up'])
    await expect.poll(() => store.publish('channel', bytes('again')).then(() => true, String)).toBe(true)
    await expect.poll(() => heard).toEqual(['up', 'down', 'up', 'again'])
  })

  it('leaves no subscription behind that stood too late for its caller', async () => {
    const url = server?.url ?? ''
    const guarded = guardStore(openStore({ url, prefix: 'late' }), { timeout: '100ms' })
    await guarded.ping()
    const ends = async (client: Redis): Promise<number> =>
      Number(/cmdstat_unsubscribe:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0)
    const before = await ends(openClient(url))
    await server?.freeze()
    const { error } = await timed(guarded.subscribe('channel', () => {}))
    expect(error).toBeInstanceOf(AmbiguousWriteError)
    await server?.thaw()
    const around = openClient(url)
    await expect.poll(() => ends(around)).toBeGreaterThan(before)
    await expect.poll(() => around.pubsub('NUMSUB', 'late:channel')).toEqual(['late:channel', 0])
  })
})
