import { createCache } from '@tiercel/cache-core'
import {
  AmbiguousWriteError,
  guardStore,
  StoreFullError,
  StoreUnavailableError,
  ValueTooLargeError,
  type Version,
} from '@tiercel/cache-core/store'
import { startServer } from '@tiercel/servers'
import type { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { bytes, openClient, openStore, uniquePrefix } from './support/stores.js'

const server = await startServer('redis')
const url = server?.url ?? ''
afterAll(() => server?.stop())

describe.skipIf(server === undefined)('a value', () => {
  it("is not changed by a version of another store's", async () => {
    const store = openStore({ url, prefix: uniquePrefix() })
    await store.set('key', bytes('value'))
    const foreign = { cas: 1n }
    expect(await store.compareAndSet('key', foreign, bytes('next'))).toBeUndefined()
    expect(await store.compareAndDelete('key', foreign)).toBe(false)
    expect(Buffer.from((await store.get('key'))?.bytes ?? []).toString()).toBe('value')
  })

  it('stands under prefix and key, behind a stamp of 16 bytes that no two writes share', async () => {
    const prefix = uniquePrefix()
    const store = openStore({ url, prefix })
    const client = openClient(url)
    await store.set('key', bytes('value'))
    const first = await client.getBuffer(`${prefix}:key`)
    await store.set('key', bytes('value'))
    const second = await client.getBuffer(`${prefix}:key`)
    expect(first?.subarray(16).toString()).toBe('value')
    expect(second?.subarray(16).toString()).toBe('value')
    expect(first?.subarray(0, 16)).not.toEqual(second?.subarray(0, 16))
  })

  it('ends at its TTL to the millisecond, on every way of writing', async () => {
    const prefix = uniquePrefix()
    const store = openStore({ url, prefix })
    const client = openClient(url)
    const left = (): Promise<number> => client.pttl(`${prefix}:key`)
    const began = performance.now()
    const near = (ms: number, ttl: number): void => {
      expect(ms).toBeLessThanOrEqual(ttl)
      expect(ms).toBeGreaterThanOrEqual(Math.floor(ttl - (performance.now() - began)))
    }
    await store.set('key', bytes('1'), { ttl: 12_345 })
    near(await left(), 12_345)
    await store.touch('key', 23_456)
    near(await left(), 23_456)
    const { version } = (await store.get('key')) ?? { version: 0 }
    const kept = await store.compareAndSet('key', version, bytes('2'), { ttl: 'keep' })
    near(await left(), 23_456)
    await store.compareAndSet('key', kept as Version, bytes('3'), { ttl: 34_567 })
    near(await left(), 34_567)
    await store.delete('key')
    const added = await store.add('key', bytes('4'), { ttl: 45_678 })
    near(await left(), 45_678)
    await store.compareAndSet('key', added as Version, bytes('5'))
    expect(await left()).toBe(-1)
  })

  it('of another type or shape, written by somebody else, is a miss or can be taken over', async () => {
    const prefix = uniquePrefix()
    const store = openStore({ url, prefix })
    const client = openClient(url)
    await client.lpush(`${prefix}:list`, 'a')
    await client.set(`${prefix}:short`, 'abc')
    await client.set(`${prefix}:empty`, '')

    expect(await store.get('list')).toBeUndefined()
    expect(await store.getMany(['list', 'absent'])).toEqual([undefined, undefined])
    expect(await store.compareAndSet('list', bytes('0123456789abcdef'), bytes('x'))).toBeUndefined()
    expect(await store.compareAndDelete('list', bytes('0123456789abcdef'))).toBe(false)
    expect(await store.delete('list')).toBe(true)

    const short = await store.get('short')
    expect(short?.bytes).toHaveLength(0)
    expect(await store.compareAndSet('short', short?.version ?? 0, bytes('ours'))).toBeDefined()
    expect(Buffer.from((await store.get('short'))?.bytes ?? []).toString()).toBe('ours')

    expect(await store.get('empty')).toBeUndefined()
    expect(await store.compareAndSet('empty', Buffer.alloc(0), bytes('resurrected'))).toBeUndefined()
  })

  it.each([
    ['nothing as a text', (client: Redis, key: string) => client.set(key, '')],
    ['a list', (client: Redis, key: string) => client.lpush(key, 'a')],
    ['a hash', (client: Redis, key: string) => client.hset(key, 'a', 'b')],
  ])('that is %s does not keep `add` from its place, and anything of ours does', async (_, plant) => {
    const prefix = uniquePrefix()
    const store = openStore({ url, prefix })
    const client = openClient(url)
    await plant(client, `${prefix}:key`)
    const version = await store.add('key', bytes('ours'), { ttl: 60_000 })
    expect(version).toBeDefined()
    expect(await client.pttl(`${prefix}:key`)).toBeGreaterThan(50_000)
    expect(await store.add('key', bytes('again'))).toBeUndefined()
    expect(await store.compareAndSet('key', version as Version, bytes('next'))).toBeDefined()
    expect(await client.pttl(`${prefix}:key`)).toBe(-1)
  })

  it('planted in every slot of a cache, is replaced: the cache goes on', async () => {
    const prefix = uniquePrefix()
    const client = openClient(url)
    const store = openStore({ url, prefix })
    const first = createCache({ store, storeTimeout: '2s' })
    await first.getOrSet('key', () => 'before')
    const keys = await client.keys(`${prefix}:*`)
    expect(keys.length).toBeGreaterThanOrEqual(2)
    const plants: ((key: string) => Promise<unknown>)[] = [
      (key) => client.set(key, ''),
      (key) => client.lpush(key, 'a'),
    ]
    for (const plant of plants) {
      await client.del(keys)
      await Promise.all(keys.map(plant))
      const cache = createCache({ store, storeTimeout: '2s', tagHold: 0 })
      await cache.getOrSet('key', () => 'loaded')
      await expect.poll(() => cache.get('key')).toBe('loaded')
    }
  })
})

describe.skipIf(server === undefined)('scripts', () => {
  it('survive SCRIPT FLUSH, many at once too', async () => {
    const store = openStore({ url })
    const client = openClient(url)
    for (let round = 0; round < 3; round++) {
      const keys = Array.from({ length: 50 }, (_, index) => `${round}-${index}`)
      const versions = await Promise.all(keys.map((key) => store.add(key, bytes('added'))))
      await client.script('FLUSH')
      const written = await Promise.all(
        keys.map((key, index) => store.compareAndSet(key, versions[index] as Version, bytes('written'))),
      )
      expect(written.every((version) => version !== undefined)).toBe(true)
      await client.script('FLUSH')
      expect(await Promise.all(keys.map((key) => store.increment(`${key}-counter`, 2)))).toEqual(keys.map(() => 2))
      await client.script('FLUSH')
      const removed = await Promise.all(
        keys.map((key, index) => store.compareAndDelete(key, written[index] as Version)),
      )
      expect(removed.every(Boolean)).toBe(true)
    }
  })

  it('leave a counter absent that is only read, so that its first change begins its lifetime', async () => {
    const prefix = uniquePrefix()
    const store = openStore({ url, prefix })
    expect(await store.increment('counter', 0)).toBe(0)
    expect(await store.increment('counter', 1, { ttl: 60_000 })).toBe(1)
    expect(await openClient(url).pttl(`${prefix}:counter`)).toBeGreaterThan(0)
  })

  it('count right up to the largest safe integer', async () => {
    const store = openStore({ url })
    const largest = Number.MAX_SAFE_INTEGER
    expect(await store.increment('up', largest - 1)).toBe(largest - 1)
    expect(await store.increment('up', 1)).toBe(largest)
    expect(await store.increment('down', -largest)).toBe(-largest)
  })
})

describe.skipIf(server === undefined)('purge', () => {
  it('takes 20 000 keys under a prefix of glob characters, no neighbour, and others are served meanwhile', async () => {
    const base = uniquePrefix()
    const store = openStore({ url, prefix: `${base}[a-z]*?\\` })
    const neighbours = ['b', 'bcd\\', '[a-z]', '[a-z]xy\\'].map((end) => openStore({ url, prefix: base + end }))
    for (const neighbour of neighbours) await neighbour.set('key', bytes('stays'))
    const keys = Array.from({ length: 20_000 }, (_, index) => `key-${index}`)
    await store.setMany(keys.map((key) => ({ key, bytes: bytes('goes') })))

    let purging = true
    const purged = store.purge().finally(() => {
      purging = false
    })
    let served = 0
    for (; purging; served++) await neighbours[0]?.ping()
    await purged

    expect(served).toBeGreaterThan(10)
    expect((await store.getMany(keys)).filter((entry) => entry !== undefined)).toEqual([])
    for (const neighbour of neighbours) expect(await neighbour.get('key')).toBeDefined()
  })

  it('finds keys behind the prefix that a client of the caller puts before them', async () => {
    const before = `${uniquePrefix()}*`
    const store = openStore({ client: openClient(url, { keyPrefix: before }), prefix: 'p' })
    const around = openClient(url)
    await store.set('key', bytes('goes'))
    await around.set(`${before}q:key`, 'stays')
    expect(await around.exists(`${before}p:key`)).toBe(1)
    await store.purge()
    expect(await around.exists(`${before}p:key`, `${before}q:key`)).toBe(1)
  })
})

// Servers with settings of their own: not the one that the environment may name.
describe.skipIf(server === undefined || server.external)('a server that', () => {
  it('is full refuses writes as full, the guard removes the old value, and removing still works', async () => {
    const small = await startServer('redis', { args: ['--maxmemory', '4mb', '--maxmemory-policy', 'noeviction'] })
    try {
      const store = openStore({ url: small?.url ?? '' })
      const guarded = guardStore(store)
      const old = await store.add('old', bytes('old'))
      const removable = await store.add('removable', bytes('old'))
      const filler = Buffer.alloc(200_000)
      const fill = async (): Promise<void> => {
        for (let index = 0; ; index++) await store.set(`filler-${index}`, filler)
      }
      await expect(fill()).rejects.toThrow(StoreFullError)
      await expect(store.add('new', filler)).rejects.toThrow(StoreFullError)
      await expect(store.compareAndSet('old', old as Version, filler)).rejects.toThrow(StoreFullError)
      expect(await store.compareAndDelete('removable', removable as Version)).toBe(true)
      await expect(guarded.set('old', filler)).rejects.toThrow(StoreFullError)
      expect(await store.get('old')).toBeUndefined()
    } finally {
      await small?.stop()
    }
  })

  it('takes less than maxValueBytes fails the write, and is used again afterwards', async () => {
    const strict = await startServer('redis', { args: ['--proto-max-bulk-len', '1mb'] })
    try {
      const store = openStore({ url: strict?.url ?? '' })
      await store.ping()
      // Redis ends the connection while the value is still being sent, and with it the error may be lost.
      await expect(store.set('key', Buffer.alloc(1_500_000))).rejects.toSatisfy(
        (error) => error instanceof ValueTooLargeError || error instanceof AmbiguousWriteError,
      )
      await expect.poll(() => store.ping().then(() => 'works', String)).toBe('works')
    } finally {
      await strict?.stop()
    }
  })

  it('wants a password gets it from the url, and a wrong one is an error that says so', async () => {
    const locked = await startServer('redis', { args: ['--requirepass', 'se:cret'] })
    try {
      const host = locked?.url.replace('redis://', '') ?? ''
      const store = openStore({ url: `redis://:se%3Acret@${host}/2` })
      await store.set('key', bytes('value'))
      expect(await store.get('key')).toBeDefined()

      const wrong = openStore({ url: `redis://:guess@${host}` })
      await expect(wrong.ping()).rejects.toThrow(/WRONGPASS/)
      const none = openStore({ url: `redis://${host}` })
      await expect(none.ping()).rejects.toThrow(StoreUnavailableError)
      await expect(none.set('key', bytes('value'))).rejects.toThrow(/NOAUTH/)
    } finally {
      await locked?.stop()
    }
  })

  it('became a replica refuses writes as unavailable', async () => {
    const replica = await startServer('redis', { args: ['--replicaof', '127.0.0.1', '1'] })
    try {
      const store = openStore({ url: replica?.url ?? '' })
      await expect(store.set('key', bytes('value'))).rejects.toThrow(StoreUnavailableError)
    } finally {
      await replica?.stop()
    }
  })
})
