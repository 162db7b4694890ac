import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { type MemcachedStore, memcachedStore } from '../src/index.js'

const server = await startServer('memcached')
const stores: MemcachedStore[] = []

function open(): MemcachedStore {
  const store = memcachedStore({ url: server?.url ?? '', prefix: `test-${process.pid}` })
  stores.push(store)
  return store
}

afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await server?.stop()
})

const bytes = (text: string): Buffer => Buffer.from(text)
let keys = 0
const newKey = (): string => `key-${++keys}`

describe.skipIf(server === undefined)('limits of keys and values', () => {
  it('a key of the declared length with a value of the declared size fits, one byte more does not', async () => {
    const store = open()
    const { maxKeyBytes, maxValueBytes } = store.capabilities
    const key = 'ü'.repeat(Math.floor(maxKeyBytes / 2)).padEnd(maxKeyBytes - Math.floor(maxKeyBytes / 2), 'x')
    expect(Buffer.byteLength(key)).toBe(maxKeyBytes)
    await store.set(key, Buffer.alloc(maxValueBytes, 1))
    expect((await store.get(key))?.bytes.byteLength).toBe(maxValueBytes)
    await expect(store.set(`${key}x`, bytes('value'))).rejects.toThrow(RangeError)
    expect(await store.get(key)).toBeDefined()
  })

  it('a value that the server refuses is ValueTooLargeError, whatever was declared', async () => {
    const store = open()
    const key = newKey()
    await store.set(key, bytes('old'))
    await expect(store.set(key, Buffer.alloc(1_048_577))).rejects.toMatchObject({ code: 'ERR_VALUE_TOO_LARGE' })
    expect(await store.get(key)).toBeUndefined()
  })

  it('a compareAndSet refused for its size leaves what another has written since', async () => {
    const store = open()
    const key = newKey()
    const version = (await store.add(key, bytes('mine'))) as object
    await store.set(key, bytes('theirs'))
    await store.compareAndSet(key, version, Buffer.alloc(1_048_577)).catch(() => {})
    expect(await store.get(key)).toMatchObject({ bytes: bytes('theirs') })
  })
})

describe.skipIf(server === undefined)("'keep'", () => {
  it('gives what this store wrote its whole lifetime again', async () => {
    const store = open()
    const key = newKey()
    const added = (await store.add(key, bytes('1'), { ttl: 1 })) as object
    const kept = (await store.compareAndSet(key, added, bytes('2'), { ttl: 'keep' })) as object
    expect(await store.compareAndSet(key, kept, bytes('3'), { ttl: 'keep' })).toBeDefined()
    await expect.poll(() => store.get(key), { interval: 100 }).toBeUndefined()
  })

  it('does not take away what a touch has given: the touch changes the version', async () => {
    const store = open()
    const key = newKey()
    const added = (await store.add(key, bytes('1'), { ttl: 1 })) as object
    expect(await store.touch(key, 60_000)).toBe(true)
    expect(await store.compareAndSet(key, added, bytes('2'), { ttl: 'keep' })).toBeUndefined()
    const read = await store.get(key)
    expect(read?.bytes).toEqual(bytes('1'))
    expect(await store.compareAndSet(key, read?.version as object, bytes('2'), { ttl: 'keep' })).toBeDefined()
    await new Promise((resolve) => setTimeout(resolve, store.capabilities.ttlResolutionMs + 1))
    expect(await store.get(key)).toBeDefined()
  })

  it('touch of an absent key says so', async () => {
    expect(await open().touch(newKey(), 1_000)).toBe(false)
  })
})

describe.skipIf(server === undefined)('counters', () => {
  it('go below zero and back', async () => {
    const store = open()
    const key = newKey()
    expect(await store.increment(key, -3)).toBe(-3)
    expect(await store.increment(key, 0)).toBe(-3)
    expect(await store.increment(key, 5)).toBe(2)
    expect(await store.increment(key, -2)).toBe(0)
  })

  it('are exact up to 2^53 in both directions, and say so beyond', async () => {
    const store = open()
    for (const sign of [1, -1]) {
      const key = newKey()
      expect(await store.increment(key, sign * (Number.MAX_SAFE_INTEGER - 1))).toBe(sign * (2 ** 53 - 2))
      expect(await store.increment(key, sign)).toBe(sign * Number.MAX_SAFE_INTEGER)
      await expect(store.increment(key, sign)).rejects.toMatchObject({ code: 'ERR_COUNTER_RANGE' })
      expect(await store.increment(key, -sign)).toBe(sign * (2 ** 53 - 2))
    }
  })

  it('are right in memory that held something with a dash before', async () => {
    const store = open()
    const dashes = Array.from({ length: 2_000 }, () => ({ key: newKey(), bytes: bytes('-'.repeat(40)) }))
    await store.setMany(dashes)
    for (const { key } of dashes) await store.delete(key)
    const counted = Array.from({ length: 2_000 }, newKey)
    for (const key of counted) await store.increment(key, 1)
    expect(new Set(await Promise.all(counted.map((key) => store.increment(key, 1))))).toEqual(new Set([2]))
  })

  it('a value is not a counter', async () => {
    const store = open()
    const key = newKey()
    await store.set(key, bytes('text'))
    await expect(store.increment(key, 1)).rejects.toMatchObject({ code: 'ERR_STORE' })
  })
})

describe.skipIf(server === undefined)('large batches', () => {
  it('ten thousand keys are read in order, and other operations get their turn meanwhile', async () => {
    const store = open()
    const names = Array.from({ length: 10_000 }, newKey)
    await store.setMany(names.filter((_, index) => index % 2 === 0).map((key) => ({ key, bytes: bytes(key) })))
    const order: string[] = []
    const batch = store.getMany(names).finally(() => order.push('batch'))
    await store.get(names[0] as string)
    order.push('single')
    const entries = await batch
    expect(order).toEqual(['single', 'batch'])
    expect(entries.map((entry) => entry?.bytes.toString())).toEqual(
      names.map((key, index) => (index % 2 === 0 ? key : undefined)),
    )
  })
})
