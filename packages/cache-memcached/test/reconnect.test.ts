import { afterEach, beforeEach, expect, it } from 'vitest'
import { type MemcachedStore, memcachedStore } from '../src/index.js'
import { FakeServer } from './support/fake-server.js'

const PROBE_INTERVAL_MS = 50
const bytes = (text: string): Buffer => Buffer.from(text)

let fake: FakeServer
let store: MemcachedStore

beforeEach(async () => {
  fake = await FakeServer.start()
  store = memcachedStore({ servers: [fake.address], prefix: '', probeInterval: PROBE_INTERVAL_MS })
})

afterEach(async () => {
  await store.close()
  await fake.stop()
})

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

it('connects with the first operation, not before', async () => {
  await wait(20)
  expect(fake.connections).toBe(0)
  await Promise.all([store.get('a'), store.get('b')])
  expect(fake.connections).toBe(1)
})

it('a connection that the server closed while idle is made again by the next operation, which succeeds', async () => {
  await store.set('key', bytes('value'))
  const { port } = fake
  await fake.stop()
  await fake.listen(port)
  await wait(20)
  expect(await store.get('key')).toBeDefined()
  expect(fake.connections).toBe(2)
})

it('while the server is away operations fail at once, and it is used again within a probe interval', async () => {
  const { port } = fake
  await fake.stop()
  await expect(store.get('key')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  const fail = async (): Promise<number> => {
    const begun = performance.now()
    await expect(store.set('key', bytes('value'))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    return performance.now() - begun
  }
  await expect.poll(fail).toBeLessThan(PROBE_INTERVAL_MS)
  await fake.listen(port)
  await expect
    .poll(() =>
      store.set('key', bytes('value')).then(
        () => 'written',
        () => 'refused',
      ),
    )
    .toBe('written')
})

it('the error of a server that is away says where and why', async () => {
  const { port } = fake
  await fake.stop()
  const local = memcachedStore({ servers: [`localhost:${port}`] })
  await expect(local.get('key')).rejects.toThrow(new RegExp(`localhost:${port} is not reachable: .*ECONNREFUSED`))
  await local.close()
})

it('a server that nobody asks for is not probed', async () => {
  const { port } = fake
  await fake.stop()
  await expect(store.get('key')).rejects.toThrow()
  await wait(2 * PROBE_INTERVAL_MS)
  await fake.listen(port)
  await wait(4 * PROBE_INTERVAL_MS)
  expect(fake.connections).toBe(0)
  expect(await store.get('key')).toBeUndefined()
})

it('a version of an earlier connection matches nothing, and is not even asked about', async () => {
  const version = (await store.add('key', bytes('lease'))) as object
  const { port } = fake
  await fake.stop()
  await fake.listen(port)
  await wait(20)
  const before = fake.commands.length
  expect(await store.compareAndSet('key', version, bytes('late'))).toBeUndefined()
  expect(await store.compareAndDelete('key', version)).toBe(false)
  expect(fake.commands.length).toBe(before)
  expect(await store.get('key')).toBeDefined()
})

it('a version of an earlier connection is an error while the server is away, not a conflict', async () => {
  const version = (await store.add('key', bytes('lease'))) as object
  await fake.stop()
  await wait(20)
  await expect(store.compareAndSet('key', version, bytes('late'))).rejects.toMatchObject({
    code: 'ERR_STORE_UNAVAILABLE',
  })
})
