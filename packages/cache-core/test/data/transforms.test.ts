import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cache, createCache } from '../../src/data/cache.js'
import type { CacheOptions } from '../../src/data/options.js'
import { isAvailable } from '../../src/entry/transforms/compression.js'
import { slotKey } from '../../src/protocol/slot.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { setUp } from '../support/set-up.js'

const SECRET = '1'.repeat(32)
const NEXT = '2'.repeat(32)
const SLOT = slotKey('value', '', 'k')

const LARGE = { text: 'the same again '.repeat(10_000) }

/** What the store holds of a key. */
async function stored({ memory }: Pick<ReturnType<typeof setUp>, 'memory'>, slot = SLOT): Promise<Buffer> {
  return Buffer.from((await memory.get(slot))?.bytes as Uint8Array)
}

/** Two processes on one store, by the system's clock: threads do not wait for another. Nor may a busy machine end a wait. */
function processes(options: Partial<CacheOptions>): readonly [Cache, Cache] {
  const store = memoryStore()
  const patient = { storeTimeout: '10s', lease: '20s' } as const
  return [createCache({ store, ...patient, ...options }), createCache({ store, ...patient, ...options })]
}

const BOTH: Partial<CacheOptions> = { compression: { algorithm: 'brotli' }, secrets: [SECRET] }

describe.each<[string, Partial<CacheOptions>]>([
  ['compressed', { compression: { algorithm: 'gzip' } }],
  ['sealed', { secrets: [SECRET] }],
  ['compressed and sealed', BOTH],
])('a cache whose values are %s', (_, options) => {
  it.each([LARGE, 'small', '', null, Buffer.alloc(100_000, 'bytes'), { small: true }])(
    'gives back what it was given, however large, in every process',
    async (value) => {
      const [cache, there] = processes(options)
      await cache.set('set', value)
      expect(await there.get('set')).toEqual(value)
      expect(await cache.getOrSet('loaded', () => value)).toEqual(value)
      expect(await there.getOrSet('loaded', () => 'not asked')).toEqual(value)
      expect(await cache.add('added', value)).toBe(true)
      expect(await there.pull('added')).toEqual(value)
      expect(await there.add('set', 'late')).toBe(false)
    },
  )

  it('keeps to leases, deletes, clears, tags, touch and expire', async () => {
    const { cache, another, clock } = setUp({ ...options, tags: ['t'], staleIfError: '1h' })
    const there = another().cache
    const get = (): Promise<unknown> => there.get('k')
    await cache.set('k', LARGE)
    expect(await there.touch('k', { ttl: '1h' })).toBe(true)
    await clock.advance(30 * 60_000)
    expect(await get()).toEqual(LARGE)
    await cache.expire('k')
    expect(await there.getOrSet('k', () => Promise.reject(new Error('down')))).toEqual(LARGE)
    await cache.set('k', LARGE)
    await cache.invalidateTags(['t'])
    await clock.advance(1_001)
    expect(await get()).toBeUndefined()
    await cache.set('k', LARGE)
    await cache.clear()
    await clock.advance(1_001)
    expect(await get()).toBeUndefined()
    await cache.set('k', LARGE)
    await there.delete('k')
    expect(await cache.get('k')).toBeUndefined()
  })

  it('loads once for many callers', async () => {
    const [cache, there] = processes(options)
    let loads = 0
    const load = (): object => ({ ...LARGE, load: ++loads })
    const calls = [cache, there, cache, there].map((each) => each.getOrSet('k', load))
    for (const each of await Promise.all(calls)) expect(each).toEqual({ ...LARGE, load: 1 })
  })

  it('takes whatever stands in the store for a miss, counted, and replaces it', async () => {
    const world = setUp(options)
    const { cache, memory } = world
    await cache.set('k', LARGE)
    const good = await stored(world)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.byteLength - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, bits, cut) => {
          const bytes = cut ? good.subarray(0, at) : Buffer.from(good)
          if (!cut) bytes[at] = (bytes[at] as number) ^ bits
          await memory.set(SLOT, bytes, { ttl: 60_000 })
          const before = cache.stats().unreadable
          expect(await cache.get('k')).toBeUndefined()
          expect(cache.stats().unreadable).toBe(before + 1)
          expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
          // A caller has its value before the store has it: sealing is another thread's work.
          await expect.poll(() => cache.get('k')).toBe('loaded')
        },
      ),
      { numRuns: 15 },
    )
  })
})

describe('a change of options', () => {
  it('leaves what was compressed readable, and compresses nothing more', async () => {
    const world = setUp({ compression: { algorithm: 'gzip', minBytes: 100 } })
    await world.cache.set('k', LARGE)
    expect((await stored(world)).byteLength).toBeLessThan(5_000)
    const { cache } = world.another({ compression: undefined })
    expect(await cache.get('k')).toEqual(LARGE)
    await cache.set('k', LARGE)
    expect((await stored(world)).byteLength).toBeGreaterThan(100_000)
  })

  it('puts a new secret in front: both read what either wrote, until the old one goes', async () => {
    const world = setUp({ secrets: [SECRET] })
    await world.cache.set('k', 'old')
    const { cache: between } = world.another({ secrets: [NEXT, SECRET] })
    expect(await between.get('k')).toBe('old')
    await between.set('new', 'new')
    const { cache: after } = world.another({ secrets: [NEXT] })
    expect(await after.get('new')).toBe('new')
    expect(await after.get('k')).toBeUndefined()
    expect(after.stats().unreadable).toBe(1)
    expect(await after.getOrSet('k', () => 'loaded')).toBe('loaded')
  })

  it('does not believe what was stored before there were secrets, nor read what was when there are none', async () => {
    const { cache, another } = setUp()
    const { cache: sealing } = another({ secrets: [SECRET] })
    await cache.set('k', 'plain')
    expect(await sealing.get('k')).toBeUndefined()
    await sealing.set('k', 'sealed')
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
  })

  it('leaves deletes, clears and leases of processes with other secrets in force', async () => {
    const { cache, another, clock } = setUp({ secrets: [SECRET] })
    const { cache: other } = another({ secrets: [NEXT] })
    await cache.set('a', 1)
    await cache.set('b', 1)
    await other.delete('a')
    expect(await cache.get('a')).toBeUndefined()
    await other.clear()
    await clock.advance(1_001)
    expect(await cache.get('b')).toBeUndefined()
  })
})

describe('a sealed value', () => {
  it('does not stand in the store to be read', async () => {
    const world = setUp({ secrets: [SECRET] })
    await world.cache.set('k', { card: '4111 1111' })
    expect((await stored(world)).includes('4111')).toBe(false)
  })

  it('copied under another key or into another namespace is a miss', async () => {
    const world = setUp({ secrets: [SECRET] })
    await world.cache.set('k', 'admin')
    for (const [cache, slot] of [
      [world.cache, slotKey('value', '', 'other')],
      [world.cache.namespace('n'), slotKey('value', 'n', 'other')],
    ] as const) {
      await world.memory.set(slot, await stored(world), { ttl: 60_000 })
      expect(await cache.get('other')).toBeUndefined()
    }
  })
})

describe('options', () => {
  it.each<[string, object, RegExp]>([
    ['a short secret', { secrets: ['short'] }, /secrets.*at least 32 characters/],
    ['no secret', { secrets: [] }, /secrets.*at least one/],
    ['a secret that is missing', { secrets: [undefined] }, /secrets/],
    ['another algorithm', { compression: { algorithm: 'lz4' } }, /compression.algorithm/],
    ['a size that is none', { compression: { minBytes: -1 } }, /compression.minBytes/],
  ])('%s is refused by name, and no secret is shown', (_, options, message) => {
    expect(() => setUp(options)).toThrow(message)
    expect(() => setUp(options)).not.toThrow(/short'/)
  })

  it.skipIf(isAvailable('zstd'))('zstd is refused where Node has none', () => {
    expect(() => setUp({ compression: { algorithm: 'zstd' } })).toThrow(/compression.algorithm.*has no zstd/)
  })
})
