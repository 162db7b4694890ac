import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { UnsupportedError, type Version } from '@tiercel/cache-core/store'
import { type DataInput, type DataOutput, type IMap, UndefinedErrorCodeError } from 'hazelcast-client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type HazelcastStore, hazelcastStore } from '../src/index.js'
import type { HazelcastClient } from '../src/options.js'
import { connectClient, freshMap } from './support/cluster.js'
import { tampered } from './support/tampered.js'

const url = inject('cluster')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.skipIf(url === undefined)("a client of the caller's", () => {
  it.each(['tiercel', 'tier*', '*', 'default'])('with a near cache on %j is refused', async (name) => {
    const client = await connectClient({ url: url ?? '' }, { nearCaches: { [name]: {} } })
    expect(() => hazelcastStore({ client })).toThrow(/client: has a near cache on the map 'tiercel'/)
    await client.shutdown()
  })

  it('with a serializer for all that has none keeps bytes as they are', async () => {
    const serializer = {
      read: (input: DataInput) => JSON.parse(input.readString() ?? '') as unknown,
      write: (output: DataOutput, value: unknown) => output.writeString(JSON.stringify(value)),
    }
    const serialization = { defaultNumberType: 'byte', globalSerializer: { id: 99, ...serializer } }
    const client = await connectClient({ url: url ?? '' }, { serialization })
    const [own, other] = [{ client }, { url: url ?? '' }].map((options) =>
      hazelcastStore({ ...options, map: 'serialized', prefix: 'p' }),
    ) as [HazelcastStore, HazelcastStore]
    await own.set('key', bytes('value'))
    const version = (await other.get('key'))?.version as Version
    expect(await own.compareAndSet('key', version, bytes('next'))).toBeDefined()
    expect(Buffer.from((await other.get('key'))?.bytes ?? []).toString()).toBe('next')
    expect([await own.increment('count', 300), await other.increment('count', 1)]).toEqual([300, 301])
    await Promise.all([own.close(), other.close()])
    await client.shutdown()
  })
})

describe.skipIf(url === undefined)('entries of the map', () => {
  let client: HazelcastClient
  beforeAll(async () => {
    client = await connectClient({ url: url ?? '' })
  })
  afterAll(() => client.shutdown())

  it("are not changed by a version of another store's", async () => {
    const store = hazelcastStore({ client, map: freshMap() })
    await store.set('k', bytes('value'))
    const foreign = { cas: 1n }
    expect(await store.compareAndSet('k', foreign, bytes('next'))).toBeUndefined()
    expect(await store.compareAndDelete('k', foreign)).toBe(false)
    expect(Buffer.from((await store.get('k'))?.bytes ?? []).toString()).toBe('value')
  })

  it('getMany restores order, duplicates and misses, which the map’s getAll does not keep', async () => {
    const store = hazelcastStore({ client, map: freshMap() })
    for (const key of ['a', 'b', 'c']) await store.set(key, bytes(key))
    const found = await store.getMany(['c', 'none', 'a', 'c', 'b', 'none'])
    expect(found.map((entry) => entry && Buffer.from(entry.bytes).toString())).toEqual([
      'c',
      undefined,
      'a',
      'c',
      'b',
      undefined,
    ])
  })

  it('getMany asks for 10 000 keys at a time: the client overflows the stack at 130 000', async () => {
    const sizes: number[] = []
    const watched = tampered(client, {
      map: (entries) => ({
        getAll: (keys) => {
          sizes.push(keys.length)
          return entries.getAll(keys)
        },
      }),
    })
    const store = hazelcastStore({ client: watched, map: freshMap() })
    await store.set('20999', bytes('value'))
    const found = await store.getMany(Array.from({ length: 21_000 }, (_, index) => String(index)))
    expect(sizes).toEqual([10_000, 10_000, 1_000])
    expect(found.findIndex((entry) => entry !== undefined)).toBe(20_999)
  })

  it('that are texts or numbers of somebody else’s are misses, and do not keep `add` from their place', async () => {
    const map = freshMap()
    const store = hazelcastStore({ client, map })
    const entries = await client.getMap<string, unknown>(map)
    await store.set('mine', bytes('value'))
    const [engineKey = ''] = await entries.keySet()
    for (const foreign of ['text', 7, true, '']) {
      await entries.set(engineKey, foreign)
      expect(await store.get('mine')).toBeUndefined()
      expect(await store.getMany(['mine'])).toEqual([undefined])
      expect(await store.compareAndSet('mine', Buffer.from('x'), bytes('no'))).toBeUndefined()
      expect(await store.add('mine', bytes('ours'))).toBeDefined()
      expect(Buffer.from((await store.get('mine'))?.bytes ?? []).toString()).toBe('ours')
      expect(await store.add('mine', bytes('again'))).toBeUndefined()
    }
  })

  it('equal bytes written twice are two versions', async () => {
    const store = hazelcastStore({ client, map: freshMap() })
    const first = await store.add('k', bytes('same'))
    await store.set('k', bytes('same'))
    expect(await store.compareAndSet('k', first ?? '', bytes('new'))).toBeUndefined()
    expect(await store.compareAndDelete('k', first ?? '')).toBe(false)
  })

  it('a map that does not compare bytes is found out at the first replacement, reported once and not trusted', async () => {
    const warnings: string[] = []
    const hear = (message: unknown): void => {
      warnings.push((message as { message: string }).message)
    }
    subscribe('tiercel:store-warning', hear)
    // As a map with in-memory-format OBJECT answers.
    const objects = tampered(client, { map: () => ({ replaceIfSame: async () => false }) })
    const store = hazelcastStore({ client: objects, map: freshMap() })
    const version = (await store.add('k', bytes('value'))) ?? {}
    for (const attempt of [1, 2]) {
      const write = store.compareAndSet('k', version, bytes(`new ${attempt}`))
      await expect(write).rejects.toBeInstanceOf(UnsupportedError)
    }
    expect(store.capabilities).toMatchObject({ add: true, compareAndSet: false, increment: false })
    await expect(store.compareAndDelete('k', version)).rejects.toBeInstanceOf(UnsupportedError)
    await expect(store.increment('n', 1)).rejects.toBeInstanceOf(UnsupportedError)
    unsubscribe('tiercel:store-warning', hear)
    expect(warnings).toEqual([expect.stringContaining('set its in-memory-format to BINARY')])
  })

  it('a permission that is missing takes its capability along, is no open outcome, and may be given later', async () => {
    const warnings: string[] = []
    const hear = (message: unknown): void => {
      warnings.push((message as { message: string }).message)
    }
    subscribe('tiercel:store-warning', hear)
    let permitted = false
    const refusal = new UndefinedErrorCodeError('Class name: java.security.AccessControlException, Message: remove')
    const guest = tampered(client, {
      map: (entries) => ({
        remove: ((...args: [string, Buffer]) =>
          permitted ? entries.remove(...args) : Promise.reject(refusal)) as typeof entries.remove,
      }),
    })
    const store = hazelcastStore({ client: guest, map: freshMap() })
    const version = (await store.add('k', bytes('value'))) ?? {}
    await expect(store.compareAndDelete('k', version)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      answered: true,
    })
    expect(store.capabilities).toMatchObject({ add: true, compareAndSet: false, touch: true })
    await expect(store.compareAndSet('k', version, bytes('next'))).rejects.toBeInstanceOf(UnsupportedError)
    expect(warnings).toEqual([expect.stringContaining('refuses what compareAndDelete needs')])
    permitted = true
    await expect.poll(() => store.capabilities.compareAndSet).toBe(true)
    expect(await store.compareAndDelete('k', version)).toBe(true)
    unsubscribe('tiercel:store-warning', hear)
    await store.close()
  })

  it('a conflict is no reason to distrust the map', async () => {
    const store = hazelcastStore({ client, map: freshMap() })
    const version = (await store.add('k', bytes('value'))) ?? {}
    await store.set('k', bytes('newer'))
    expect(await store.compareAndSet('k', version, bytes('new'))).toBeUndefined()
    await store.delete('k')
    expect(await store.compareAndSet('k', version, bytes('new'))).toBeUndefined()
    expect(store.capabilities.compareAndSet).toBe(true)
  })

  describe('purge', () => {
    const PREFIXES = ['a', 'a%', 'a_', 'a.*', '(a|b)', '\\Qa\\E', "it's", 'ab', 'A', 'ä', '😀', '']

    it.each(PREFIXES)('of the prefix %j leaves every other prefix in the same map alone', async (prefix) => {
      const map = freshMap()
      const stores = PREFIXES.map((each) => ({ prefix: each, store: hazelcastStore({ client, map, prefix: each }) }))
      for (const { store } of stores) {
        for (const key of ['1', ':', '%', 'line\nbreak', '\u{10ffff}']) await store.set(key, bytes('value'))
        await store.increment('count', 1)
      }
      await hazelcastStore({ client, map, prefix }).purge()
      const entries = await client.getMap<string, Buffer>(map)
      expect(await entries.size()).toBe((PREFIXES.length - 1) * 6)
      const own = stores.find((each) => each.prefix === prefix)?.store
      expect(await own?.get('\u{10ffff}')).toBeUndefined()
    })

    it('leaves what is no store’s alone', async () => {
      const map = freshMap()
      const entries: IMap<string, unknown> = await client.getMap(map)
      const foreign = ['tiercel', 'tiercel;', 'tiercel9', 'Tiercel:x', 'x:tiercel:']
      for (const key of foreign) await entries.set(key, 'foreign')
      const store = hazelcastStore({ client, map })
      await store.set('own', bytes('value'))
      await store.purge()
      expect((await entries.keySet()).sort()).toEqual(foreign.sort())
    })
  })

  describe('counters', () => {
    it('are exact up to 2^53', async () => {
      const store = hazelcastStore({ client, map: freshMap() })
      await store.increment('n', Number.MAX_SAFE_INTEGER - 1)
      expect(await store.increment('n', 1)).toBe(Number.MAX_SAFE_INTEGER)
      expect(await store.increment('n', -Number.MAX_SAFE_INTEGER)).toBe(0)
    })

    it('increments that meet in a process are written together, each with an answer of its own', async () => {
      let writes = 0
      const counting = tampered(client, {
        map: (entries) => ({
          replaceIfSame: (...write) => {
            writes++
            return entries.replaceIfSame(...write)
          },
        }),
      })
      const store = hazelcastStore({ client: counting, map: freshMap() })
      const counts = await Promise.all(Array.from({ length: 200 }, () => store.increment('n', 1)))
      expect(counts).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
      expect(writes).toBeLessThan(5)
    })

    it('begin anew when their lifetime is over, to the millisecond', async () => {
      const store = hazelcastStore({ client, map: freshMap() })
      await store.increment('n', 5, { ttl: 100 })
      await new Promise((resolve) => setTimeout(resolve, 120))
      expect(await store.increment('n', 1, { ttl: 100 })).toBe(1)
    })

    it('refuse to count on a value', async () => {
      const store = hazelcastStore({ client, map: freshMap() })
      await store.set('n', bytes('value'))
      await expect(store.increment('n', 1)).rejects.toThrow('not a counter')
    })
  })
})
