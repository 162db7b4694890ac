import { channel } from 'node:diagnostics_channel'
import { StoreUnavailableError, type Version } from '@tiercel/cache-core/store'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { failFast, redisStore } from '../src/index.js'
import { bytes, openClient, openStore, uniquePrefix } from './support/stores.js'

const server = await startServer('redis')
const url = server?.url ?? ''
afterAll(() => server?.stop())

describe.skipIf(server === undefined)("a client of the caller's", () => {
  it('is used, and left open at close', async () => {
    const client = openClient(url, { lazyConnect: true, ...failFast })
    const store = redisStore({ client, prefix: uniquePrefix() })
    await store.set('key', bytes('value'))
    await store.subscribe('channel', () => {})
    await store.close()
    await expect(store.get('key')).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' })
    expect(client.status).toBe('ready')
    expect(await client.ping()).toBe('PONG')
    expect(client.listenerCount('error')).toBe(1)
    expect(client.listenerCount('close')).toBe(0)
  })

  it('is waited for while it connects for the first time', async () => {
    const store = openStore({ client: openClient(url, failFast) })
    await store.set('key', bytes('value'))
    expect(await store.get('key')).toBeDefined()
  })

  it('is reported once when it sends commands again after a lost connection', () => {
    const heard: unknown[] = []
    const listener = (message: unknown): void => void heard.push(message)
    const warnings = channel('tiercel:store-warning')
    warnings.subscribe(listener)
    openStore({ client: openClient(url) })
    expect(heard).toEqual([
      { store: 'redis', message: expect.stringContaining('autoResendUnfulfilledCommands: false') },
    ])
    openStore({ client: openClient(url, { ...failFast, socketTimeout: undefined }) })
    expect(heard.at(-1)).toEqual({ store: 'redis', message: expect.stringContaining('has no socketTimeout') })
    openStore({ client: openClient(url, failFast) })
    openStore({ url })
    warnings.unsubscribe(listener)
    expect(heard).toHaveLength(2)
  })

  it.each([
    ['of the caller’s', () => ({ client: openClient(url, { ...failFast, stringNumbers: true }) })],
    ['of its own', () => ({ url, config: { stringNumbers: true } })],
  ])('%s may have texts for numbers', async (_, options) => {
    const store = openStore(options())
    const version = (await store.add('key', bytes('1'))) as Version
    const next = (await store.compareAndSet('key', version, bytes('2'))) as Version
    expect([version, next]).not.toContain(undefined)
    expect(await store.compareAndDelete('key', version)).toBe(false)
    expect(await store.touch('key', 1_000)).toBe(true)
    expect(await store.compareAndDelete('key', next)).toBe(true)
    expect([await store.delete('key'), await store.touch('key', 1_000)]).toEqual([false, false])
    expect(await store.increment('count', 2)).toBe(2)
  })

  it('that was ended, or may send nothing but subscriptions, is unavailable, and no outcome is open', async () => {
    const [ended, subscriber] = [openClient(url, failFast), openClient(url, { ...failFast, protocol: 2 })]
    const stores = [ended, subscriber].map((client) => openStore({ client }))
    for (const store of stores) await store.set('key', bytes('value'))
    await Promise.all([ended.quit(), subscriber.subscribe('channel')])
    await expect.poll(() => ended.status).toBe('end')
    for (const [store, reason] of [
      [stores[0], /was ended/],
      [stores[1], /subscriber mode/],
    ] as const) {
      await expect(store?.set('key', bytes('value'))).rejects.toThrow(StoreUnavailableError)
      await expect(store?.delete('key')).rejects.toThrow(reason)
    }
  })

  it('may speak RESP2', async () => {
    const store = openStore({ client: openClient(url, { ...failFast, protocol: 2 }) })
    const heard: string[] = []
    await store.subscribe('channel', (message) => void heard.push(Buffer.from(message).toString()))
    await store.set('key', bytes('value'))
    await store.publish('channel', bytes('hello'))
    expect(await store.get('key')).toBeDefined()
    await expect.poll(() => heard).toEqual(['hello'])
  })
})
