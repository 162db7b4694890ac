import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { AmbiguousWriteError } from '@tiercel/cache-core/store'
import { TargetDisconnectedError } from 'hazelcast-client'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Entries } from '../src/entries.js'
import { type HazelcastStore, hazelcastStore } from '../src/index.js'
import type { HazelcastClient } from '../src/options.js'
import { connectClient, freshMap, until } from './support/cluster.js'
import { tampered } from './support/tampered.js'

const url = inject('cluster')
const HOUR_MS = 3_600_000
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.skipIf(url === undefined)('lifetimes of replaced values', () => {
  let client: HazelcastClient
  const open: HazelcastStore[] = []

  beforeAll(async () => {
    client = await connectClient({ url: url ?? '' })
  })
  afterEach(() => Promise.all(open.splice(0).map((store) => store.close())))
  afterAll(() => client.shutdown())

  const keep = (store: HazelcastStore): HazelcastStore => {
    open.push(store)
    return store
  }

  /** A store whose map behaves differently. */
  const tamperedStore = (map: string, methods: (entries: Entries) => Partial<Entries>): HazelcastStore =>
    keep(hazelcastStore({ client: tampered(client, { map: methods }), map }))

  /** What is left of an entry's lifetime as the member sees it, or `undefined` for ever. */
  async function leftMs(map: string, key: string): Promise<number | undefined> {
    const view = await (await client.getMap<string, Buffer>(map)).getEntryView(`tiercel:${key}`)
    const end = view.expirationTime.toNumber()
    return end > Number.MAX_SAFE_INTEGER ? undefined : end - Date.now()
  }

  it('a replaced value has the lifetime that it was given, not the one before and not the map’s', async () => {
    const store = keep(hazelcastStore({ client, map: 'tiercel' }))
    const version = await store.add('a', bytes('lease'), { ttl: 5_000 })
    await store.compareAndSet('a', version ?? '', bytes('value'), { ttl: HOUR_MS })
    const left = await leftMs('tiercel', 'a')
    expect(left).toBeGreaterThan(HOUR_MS - 5_000)
    expect(left).toBeLessThan(HOUR_MS + 2_000)
  })

  it('a replaced value without a lifetime has none, though the map has one', async () => {
    const store = keep(hazelcastStore({ client, map: 'tiercel' }))
    const version = await store.add('b', bytes('lease'), { ttl: 5_000 })
    await store.compareAndSet('b', version ?? '', bytes('value'))
    expect(await leftMs('tiercel', 'b')).toBeUndefined()
  })

  it('a counter keeps the end of its lifetime through its increments', async () => {
    const map = freshMap()
    const store = keep(hazelcastStore({ client, map }))
    await store.increment('c', 1, { ttl: HOUR_MS })
    await store.increment('c', 1, { ttl: 7 * HOUR_MS })
    const left = await leftMs(map, 'c')
    expect(left).toBeGreaterThan(HOUR_MS - 5_000)
    expect(left).toBeLessThan(HOUR_MS + 2_000)
  })

  it('a lifetime that could not be set is set in the background', async () => {
    const map = freshMap()
    let refusals = 2
    const store = tamperedStore(map, (entries) => ({
      setTtl: (key, ttl) =>
        refusals-- > 0 ? Promise.reject(new TargetDisconnectedError('lost')) : entries.setTtl(key, ttl),
    }))
    const version = await store.add('d', bytes('lease'))
    expect(await store.compareAndSet('d', version ?? '', bytes('value'), { ttl: HOUR_MS })).toBeDefined()
    expect(await leftMs(map, 'd')).toBeUndefined()
    await until('the lifetime is set', async () => (await leftMs(map, 'd')) !== undefined)
    expect(await leftMs(map, 'd')).toBeLessThan(HOUR_MS + 2_000)
    expect(refusals).toBe(-1)
  })

  it('a replacement whose answer was lost gets its lifetime in the background too', async () => {
    const map = freshMap()
    const store = tamperedStore(map, (entries) => ({
      replaceIfSame: async (...write) => {
        await entries.replaceIfSame(...write)
        throw new TargetDisconnectedError('lost')
      },
    }))
    const version = await store.add('e', bytes('lease'))
    const write = store.compareAndSet('e', version ?? '', bytes('value'), { ttl: HOUR_MS })
    await expect(write).rejects.toBeInstanceOf(AmbiguousWriteError)
    await until('the lifetime is set', async () => (await leftMs(map, 'e')) !== undefined)
  })

  it.each([
    ['this store', (store: HazelcastStore) => store],
    ['another one', (_: HazelcastStore, other: HazelcastStore) => other],
  ])('a late lifetime leaves a value alone that %s has written since', async (_, writer) => {
    const map = freshMap()
    let set = 0
    const store = tamperedStore(map, () => ({
      setTtl: async () => {
        set++
        throw new TargetDisconnectedError('lost')
      },
    }))
    const other = keep(hazelcastStore({ client, map }))
    const version = await store.add('f', bytes('lease'))
    await store.compareAndSet('f', version ?? '', bytes('value'), { ttl: 1_000 })
    await writer(store, other).set('f', bytes('newer'))
    // The first repetitions come after 250 and 500 ms.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(set).toBe(1)
    expect(await leftMs(map, 'f')).toBeUndefined()
  })

  it('a lifetime leaves a value alone that this store wrote right after the replacement', async () => {
    const map = freshMap()
    const store: HazelcastStore = tamperedStore(map, (entries) => ({
      replaceIfSame: async (...write) => {
        const replaced = await entries.replaceIfSame(...write)
        await store.set('j', bytes('newer'))
        return replaced
      },
    }))
    const version = await store.add('j', bytes('lease'))
    expect(await store.compareAndSet('j', version ?? '', bytes('value'), { ttl: 5_000 })).toBeDefined()
    expect(await leftMs(map, 'j')).toBeUndefined()
  })

  it("with 'keep' no lifetime is set", async () => {
    let set = 0
    const store = tamperedStore('tiercel', (entries) => ({
      setTtl: (key, ttl) => {
        set++
        return entries.setTtl(key, ttl)
      },
    }))
    const version = await store.add('g', bytes('lease'), { ttl: 5_000 })
    expect(await store.compareAndSet('g', version ?? '', bytes('lease 2'), { ttl: 'keep' })).toBeDefined()
    expect(set).toBe(0)
    expect(await leftMs('tiercel', 'g')).toBeGreaterThan(5_000)
  })

  describe('a map without time-to-live-seconds', () => {
    const warnings: string[] = []
    const hear = (message: unknown): void => {
      warnings.push((message as { message: string }).message)
    }
    beforeAll(() => subscribe('tiercel:store-warning', hear))
    afterAll(() => unsubscribe('tiercel:store-warning', hear))
    afterEach(() => warnings.splice(0))

    async function replaceTwice(store: HazelcastStore, key: string): Promise<void> {
      for (const text of ['one', 'two']) {
        await store.delete(key)
        const version = await store.add(key, bytes('lease'), { ttl: 5_000 })
        await store.compareAndSet(key, version ?? '', bytes(text), { ttl: 5_000 })
      }
    }

    it('is reported once, with what to set', async () => {
      const map = freshMap()
      let looked = 0
      const store = tamperedStore(map, (entries) => ({
        getEntryView: (key) => {
          looked++
          return entries.getEntryView(key)
        },
      }))
      await replaceTwice(store, 'h')
      expect(looked).toBe(1)
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toContain(`'${map}'`)
      expect(warnings[0]).toContain('Set time-to-live-seconds')
    })

    it('is not reported of a map that has one', async () => {
      await replaceTwice(keep(hazelcastStore({ client, map: 'tiercel' })), 'i')
      expect(warnings).toEqual([])
    })
  })
})
