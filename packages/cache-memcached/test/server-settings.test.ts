import { guardStore, type Version } from '@tiercel/cache-core/store'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { memcachedStore } from '../src/index.js'
import { FakeServer } from './support/fake-server.js'
import { warningsOf } from './support/warnings.js'

/** How the server was started decides what it can do. An external server is what it is. */

const bytes = (text: string): Buffer => Buffer.from(text)

const withoutCas = await startServer('memcached', { args: ['-C'] })
const full = await startServer('memcached', { args: ['-M', '-m', '4'] })
const roomy = await startServer('memcached', { args: ['-I', '4m'] })
afterAll(() => Promise.all([withoutCas, full, roomy].map((server) => server?.stop())))

const excluded = withoutCas === undefined || withoutCas.external

describe.skipIf(excluded)('a server without CAS (-C)', () => {
  const open = (prefix: string) => memcachedStore({ url: withoutCas?.url ?? '', prefix })

  it('is found out by the first add, which is refused and leaves nothing', async () => {
    const store = open('add')
    expect(store.capabilities).toMatchObject({ add: true, compareAndSet: true })
    const warnings = await warningsOf(async () => {
      await expect(store.add('key', bytes('lease'))).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
      await expect(store.add('key', bytes('lease'))).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
    })
    expect(warnings).toEqual([{ store: 'memcached', message: expect.stringContaining('-C') }])
    expect(store.capabilities).toMatchObject({ add: false, compareAndSet: false })
    expect(await store.get('key')).toBeUndefined()
    await store.close()
  })

  it.each(['set', 'increment'] as const)('is found out by the first %s', async (operation) => {
    const store = open(operation)
    await (operation === 'set' ? store.set('key', bytes('value')) : store.increment('key', 1))
    expect(store.capabilities).toMatchObject({ add: false, compareAndSet: false })
    await store.close()
  })

  it('is found out by the first read of a value, whose version is never sent', async () => {
    const [writer, reader] = [open('get'), open('get')]
    await writer.set('key', bytes('value'))
    const version = (await reader.get('key'))?.version as object
    await expect(reader.compareAndSet('key', version, bytes('x'))).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
    await expect(reader.compareAndDelete('key', version)).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
    expect(await writer.get('key')).toMatchObject({ bytes: bytes('value') })
    await Promise.all([writer.close(), reader.close()])
  })

  it('still keeps values, lifetimes and counters', async () => {
    const store = open('values')
    await store.set('key', bytes('value'), { ttl: 60_000 })
    expect(await store.touch('key', 60_000)).toBe(true)
    expect(await store.increment('counter', 2)).toBe(2)
    expect(await store.delete('key')).toBe(true)
    await store.close()
  })
})

describe.skipIf(excluded)('a server that may not evict (-M)', () => {
  it('says that it is full, and the old value is gone', async () => {
    const store = memcachedStore({ url: full?.url ?? '', prefix: 'full' })
    const value = Buffer.alloc(100_000)
    let written = 0
    const fill = async (): Promise<void> => {
      for (; written < 1_000; written++) await store.set(`key-${written}`, value)
    }
    await expect(fill()).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    await expect(store.add('new', value)).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })

    const guarded = guardStore(store, { timeout: '2s' })
    const first = await guarded.get('key-0')
    const version = first?.version as object
    await expect(guarded.compareAndSet('key-0', version, value)).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    expect(await guarded.get('key-0')).toBeUndefined()
    await store.add('key-0', value)
    await expect(guarded.set('key-1', value)).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    expect(await guarded.get('key-1')).toBeUndefined()
    await guarded.close()
  })
})

describe.skipIf(excluded)('a server with a larger item limit (-I)', () => {
  it('takes values up to it when maxValueBytes says so', async () => {
    const store = memcachedStore({ url: roomy?.url ?? '', prefix: 'roomy', maxValueBytes: 4 * 1_048_576 - 512 })
    const value = Buffer.alloc(store.capabilities.maxValueBytes, 5)
    const key = 'x'.repeat(store.capabilities.maxKeyBytes)
    await store.set(key, value)
    expect(value.equals((await store.get(key))?.bytes ?? Buffer.alloc(0))).toBe(true)
    await store.close()
  })
})

it('a server that was started without CAS, and is restarted with it, gives leases again', async () => {
  let keepsCas = false
  const fake = await FakeServer.start((request, server) => {
    if (keepsCas) return 'answer'
    const answer = server.answer(request)
    answer.writeBigUInt64BE(0n, 16)
    request.socket.write(answer)
    return 'nothing'
  })
  const store = memcachedStore({ servers: [fake.address] })
  await store.set('key', bytes('value'))
  expect(store.capabilities).toMatchObject({ add: false, compareAndSet: false })
  keepsCas = true
  await expect.poll(() => store.capabilities).toMatchObject({ add: true, compareAndSet: true })
  const version = await store.add('lease', bytes('lease'))
  expect(await store.compareAndSet('lease', version as Version, bytes('value'))).toBeDefined()
  await store.close()
  await fake.stop()
})
