import { StoreUnavailableError } from '@tiercel/cache-core/store'
import { startServer } from '@tiercel/servers'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { failFast, redisStore } from '../src/index.js'
import { bytes, openClient, openStore, uniquePrefix } from './support/stores.js'

// Users and databases of its own: not the server that the environment may name.
const started = await startServer('redis')
const server = started?.external ? undefined : started
const url = server?.url ?? ''
const host = url.replace('redis://', '')
afterAll(() => started?.stop())

/** A user who may do all that a store needs, but SELECT. */
async function userWithoutSelect(): Promise<string> {
  const name = uniquePrefix()
  await openClient(url).call('ACL', 'SETUSER', name, 'on', '>secret', '~*', '&*', '+@all', '-select')
  return name
}

describe.skipIf(server === undefined)('a database that the server refuses', () => {
  afterEach(() => vi.restoreAllMocks())

  it.each([
    [
      'to a user without SELECT',
      async () => ({ url: `redis://${await userWithoutSelect()}:secret@${host}/5` }),
      /NOPERM/,
    ],
    ['since its number is too high', async () => ({ url: `${url}/99` }), /DB index is out of range/],
    [
      'to a client of the caller',
      async () => ({ client: openClient(url, { ...failFast, db: 99 }) }),
      /SELECT 99 was refused: ERR DB index is out of range/,
    ],
    [
      'to a client that has already connected',
      async () => {
        const client = openClient(url, { ...failFast, db: 99 })
        await expect.poll(() => client.status).toBe('ready')
        return { client }
      },
      /SELECT 99 was refused/,
    ],
  ])('%s: nothing is read or written, in no other database either', async (_, options, reason) => {
    const prefix = uniquePrefix()
    const neighbour = openStore({ url, prefix })
    await neighbour.set('key', bytes('of another application'))
    const store = openStore({ ...(await options()), prefix })
    const operations = [
      () => store.ping(),
      () => store.get('key'),
      () => store.getMany(['key', 'other']),
      () => store.set('key', bytes('mine')),
      () => store.add('other', bytes('mine')),
      () => store.delete('key'),
      () => store.increment('counter', 1),
      () => store.purge(),
    ]
    for (const operation of operations) {
      const error = await operation().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(StoreUnavailableError)
      expect(String(error)).toMatch(reason)
    }
    expect(Buffer.from((await neighbour.get('key'))?.bytes ?? []).toString()).toBe('of another application')
    expect(await neighbour.get('other')).toBeUndefined()
  })

  it('is used as soon as the user may', async () => {
    const name = await userWithoutSelect()
    const prefix = uniquePrefix()
    const store = openStore({ url: `redis://${name}:secret@${host}/5`, prefix })
    await expect(store.ping()).rejects.toThrow(/SELECT 5 was refused/)
    await openClient(url).call('ACL', 'SETUSER', name, '+select')
    await expect.poll(() => store.ping().then(() => 'works', String)).toBe('works')
    await store.set('key', bytes('value'))
    expect(await openClient(`${url}/5`).exists(`${prefix}:key`)).toBe(1)
    expect(await openClient(url).exists(`${prefix}:key`)).toBe(0)
  })

  it('after a reconnect fails again, though the connection before had it', async () => {
    const name = await userWithoutSelect()
    const admin = openClient(url)
    await admin.call('ACL', 'SETUSER', name, '+select')
    const client = openClient(`redis://${name}:secret@${host}/5`, failFast)
    const store = openStore({ client })
    await store.set('key', bytes('value'))
    await admin.call('ACL', 'SETUSER', name, '-select')
    await admin.call('CLIENT', 'KILL', 'USER', name)
    await expect.poll(() => store.set('key', bytes('value')).catch(String)).toMatch(/SELECT 5 was refused/)
  })

  it('is not asked for where it is database 0', async () => {
    const store = openStore({ url: `redis://${await userWithoutSelect()}:secret@${host}` })
    await store.set('key', bytes('value'))
    expect(await store.get('key')).toBeDefined()
  })
})

describe.skipIf(server === undefined)('a user who is refused', () => {
  it('fails with the reason, and is used as soon as the server lets them in', async () => {
    const name = uniquePrefix()
    const store = openStore({ url: `redis://${name}:secret@${host}` })
    await expect(store.ping()).rejects.toThrow(/WRONGPASS/)
    await expect(store.set('key', bytes('value'))).rejects.toThrow(StoreUnavailableError)
    await openClient(url).call('ACL', 'SETUSER', name, 'on', '>secret', '~*', '&*', '+@all')
    await expect.poll(() => store.ping().then(() => 'works', String)).toBe('works')
  })
})

describe.skipIf(server === undefined)('many stores on one client', () => {
  it('add as many listeners as one does, print nothing, and leave none behind', async () => {
    const warned = vi.spyOn(process, 'emitWarning')
    const client = openClient(url, { ...failFast, lazyConnect: true })
    const stores = Array.from({ length: 40 }, () => redisStore({ client, prefix: uniquePrefix() }))
    await Promise.all(stores.map((store) => store.set('key', bytes('value'))))
    expect(client.listenerCount('close')).toBe(1)
    await Promise.all(stores.map((store) => store.close()))
    expect(client.listenerCount('close')).toBe(0)
    expect(warned).not.toHaveBeenCalled()
    expect(await client.ping()).toBe('PONG')
  })
})
