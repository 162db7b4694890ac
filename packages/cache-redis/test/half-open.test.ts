import { createCache } from '@tiercel/cache-core'
import { startServer } from '@tiercel/servers'
import { Redis } from 'ioredis'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { failFast } from '../src/index.js'
import { openClient, openStore } from './support/stores.js'
import { type Switch, startSwitch } from './support/switch.js'

// A network of its own between client and server: not the server that the environment may name.
const started = await startServer('redis')
const server = started?.external ? undefined : started
const port = Number(server?.url.split(':')[2])
afterAll(() => started?.stop())

describe.skipIf(server === undefined)("a plain client of the caller's whose peer is gone without a word", () => {
  let network: Switch
  afterEach(() => network.close())

  it('costs a call its loader, holds little in flight, has hits on a connection beside it at once, and is connected anew', async () => {
    network = await startSwitch(port)
    const printed = vi.spyOn(console, 'error')
    const client = new Redis(network.url)
    const cache = createCache({ store: openStore({ client }) })
    // Perhaps connecting takes longer than a caller waits.
    await expect.poll(() => cache.set('hot', 'value').then(() => cache.get('hot'))).toBe('value')
    network.silence()

    const took: number[] = []
    let hits = 0
    let inFlight = 0
    let isBack = false
    const silentAt = performance.now()
    while (!isBack && performance.now() - silentAt < 40_000) {
      const began = performance.now()
      await cache.getOrSet(`cold-${took.length}`, async () => 'loaded')
      took.push(performance.now() - began)
      inFlight = Math.max(inFlight, client.commandQueue.length)
      if ((await cache.get('hot')) === 'value') hits++
      isBack = (await cache.delete('changed')) === 'delivered'
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    // Most of them before the client itself is given up, which is after two seconds.
    expect(hits).toBeGreaterThan(1)
    expect(network.connections).toBe(3)
    expect(inFlight).toBeLessThan(30)
    // The deadline of 50 ms for the first few, then a read.
    expect(took.length).toBeGreaterThan(10)
    expect(took.sort((a, b) => a - b)[took.length >> 1]).toBeLessThan(50)
    expect(printed).not.toHaveBeenCalled()
    printed.mockRestore()
    await cache.close()
    client.disconnect()
  })

  it('is left alone while it waits for something on purpose', async () => {
    network = await startSwitch(port)
    const client = openClient(network.url, { ...failFast, socketTimeout: undefined })
    const store = openStore({ client })
    await store.ping()
    const popped = client.blpop('nothing-comes', 7)
    expect(await popped).toBeNull()
    expect(network.connections).toBe(1)
  })
})
