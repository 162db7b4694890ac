import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, it } from 'vitest'
import { createCache } from '../../src/data/cache.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import type { Store, StoreEntry } from '../../src/store/store.js'

const BYTES = Buffer.alloc(60_000, 7)

const never = (): never => expect.unreachable('a hit')

/** A store that gives each reader bytes of its own, as one does that reads them from a socket. */
function ownBytes(): { store: Store; damage: (at: number) => void } {
  const memory = memoryStore()
  let damagedAt: number | undefined
  const own = (entry: StoreEntry | undefined): StoreEntry | undefined => {
    if (entry === undefined) return undefined
    const bytes = Buffer.allocUnsafeSlow(entry.bytes.byteLength)
    bytes.set(entry.bytes)
    if (damagedAt !== undefined) bytes[damagedAt] = (bytes[damagedAt] as number) ^ 1
    return { ...entry, bytes, owned: true }
  }
  const store: Store = Object.assign(Object.create(memory) as Store, {
    capabilities: memory.capabilities,
    get: async (key: string) => own(await memory.get(key)),
    getMany: async (keys: readonly string[]) => (await memory.getMany(keys)).map(own),
  })
  for (const name of ['set', 'add', 'compareAndSet', 'delete', 'compareAndDelete', 'close'] as const) {
    Object.assign(store, { [name]: memory[name].bind(memory) })
  }
  return {
    store,
    damage: (at) => {
      damagedAt = at
    },
  }
}

it('bytes that were read for one caller are its own: no other sees what it does to them', async () => {
  const cache = createCache({ store: ownBytes().store })
  await cache.set('k', BYTES)
  const first = await cache.getOrSet<Buffer>('k', never)
  first.fill(0)
  expect((await cache.getOrSet<Buffer>('k', never)).equals(BYTES)).toBe(true)
})

it('those that were read for several at once are each caller’s own', async () => {
  const cache = createCache({ store: ownBytes().store })
  await cache.set('k', BYTES)
  const [first, second] = await Promise.all([cache.getOrSet<Buffer>('k', never), cache.getOrSet<Buffer>('k', never)])
  first.fill(0)
  expect(second.equals(BYTES)).toBe(true)
})

it.each([1, 20, 59_990])(
  'a large frame with a damaged byte at %i is a miss, though it was read whole before',
  async (at) => {
    const { store, damage } = ownBytes()
    const cache = createCache({ store })
    await cache.set('k', BYTES)
    await cache.getOrSet('k', never)
    damage(at)
    await expect(cache.getOrSet('k', () => 'loaded')).resolves.toBe('loaded')
    expect(cache.stats().unreadable).toBeGreaterThan(0)
  },
)

it('one that is damaged anywhere is a miss to a process that has not read it before', async () => {
  const { store, damage } = ownBytes()
  const cache = createCache({ store })
  await cache.set('k', BYTES)
  damage(30_000)
  await expect(cache.getOrSet('k', () => 'loaded')).resolves.toBe('loaded')
})

it('hits are told in the async context of their callers', async () => {
  const cache = createCache({ store: ownBytes().store })
  await cache.set('a', 1)
  await cache.set('b', 2)
  await cache.getOrSet('a', never)
  const context = new AsyncLocalStorage<string>()
  const told: unknown[] = []
  const listen = (message: unknown): void => {
    told.push([(message as { key: string }).key, context.getStore()])
  }
  subscribe('tiercel:hit', listen)
  await Promise.all(['a', 'b'].map((key) => context.run(`of ${key}`, () => cache.getOrSet(key, never))))
  unsubscribe('tiercel:hit', listen)
  expect(told).toEqual([
    ['a', 'of a'],
    ['b', 'of b'],
  ])
})
