import { guardStore } from '@tiercel/cache-core/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type MemcachedStore, memcachedStore } from '../src/index.js'
import { FakeServer } from './support/fake-server.js'

const KEYS = Array.from({ length: 60 }, (_, index) => `key-${index}`)
const value = Buffer.from('value')

let fakes: FakeServer[]
let store: MemcachedStore

beforeEach(async () => {
  fakes = await Promise.all([FakeServer.start(), FakeServer.start(), FakeServer.start()])
  store = memcachedStore({ url: `memcached://${fakes.map(({ address }) => address).join(',')}`, prefix: '' })
})

afterEach(async () => {
  await store.close()
  await Promise.all(fakes.map((fake) => fake.stop()))
})

/** The store's keys that a server was asked for, without the separator that ends the empty prefix. */
const keysOf = (fake: FakeServer | undefined): Set<string> => new Set(fake?.commands.map(({ key }) => key.slice(1)))

it('each key lives on one server, by one connection to each', async () => {
  await Promise.all(KEYS.map((key) => store.set(key, value)))
  expect(fakes.map(({ connections }) => connections)).toEqual([1, 1, 1])
  const sets = fakes.map(keysOf)
  expect(sets.map(({ size }) => size).reduce((sum, size) => sum + size)).toBe(KEYS.length)
  for (const { size } of sets) expect(size).toBeGreaterThan(0)
  const entries = await store.getMany([...KEYS, ...KEYS])
  expect(entries.every((entry) => entry?.bytes.toString() === 'value')).toBe(true)
})

it('a dead server fails its own keys and no other, and nothing moves to its neighbour', async () => {
  await Promise.all(KEYS.map((key) => store.set(key, value)))
  const [dead, ...alive] = fakes
  const lost = keysOf(dead)
  const before = alive.map(keysOf)
  await dead?.stop()
  const outcomes = await Promise.allSettled(KEYS.map((key) => store.get(key)))
  const failed = KEYS.filter((_, index) => outcomes[index]?.status === 'rejected')
  expect(new Set(failed)).toEqual(lost)
  expect(alive.map(keysOf)).toEqual(before)
  await store.ping()
})

it('a batch write with a dead server writes all the others and throws', async () => {
  await store.setMany(KEYS.map((key) => ({ key, bytes: value })))
  const [dead] = fakes
  const lost = keysOf(dead)
  await dead?.stop()
  const fresh = Buffer.from('fresh')
  await expect(store.setMany(KEYS.map((key) => ({ key, bytes: fresh })))).rejects.toMatchObject({
    code: expect.stringMatching(/ERR_STORE_UNAVAILABLE|ERR_AMBIGUOUS_WRITE/),
  })
  const alive = KEYS.filter((key) => !lost.has(key))
  expect((await store.getMany(alive)).every((entry) => entry?.bytes.toString() === 'fresh')).toBe(true)
})

it('behind the guard a batch has an outcome for each key, and the silent server costs its own keys only', async () => {
  const guarded = guardStore(store)
  await guarded.setMany(KEYS.map((key) => ({ key, bytes: value })))
  const [silent] = fakes
  const lost = keysOf(silent)
  if (silent !== undefined) silent.script = () => 'nothing'
  const outcomes = await guarded.getEach(KEYS)
  for (const [index, key] of KEYS.entries()) expect(outcomes[index] instanceof Error).toBe(lost.has(key))
  expect(new Set(KEYS.map((key) => store.serverOf(key)))).toEqual(new Set(fakes.map(({ address }) => address)))
})

it('a batch read with a dead server is an error, not a row of misses', async () => {
  await store.setMany(KEYS.map((key) => ({ key, bytes: value })))
  await fakes[0]?.stop()
  await expect(store.getMany(KEYS)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
})

it('ping fails when no server answers', async () => {
  await Promise.all(fakes.map((fake) => fake.stop()))
  await expect(store.ping()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
})
