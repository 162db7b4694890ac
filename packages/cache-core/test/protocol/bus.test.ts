import { describe, expect, it, vi } from 'vitest'
import { StoreUnavailableError } from '../../src/base/errors.js'
import type { Cache } from '../../src/data/cache.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import type { Listener, SubscriptionEvents } from '../../src/store/store.js'
import { turn } from '../../src/testing/fake-clock.js'
import { faultyStore } from '../../src/testing/faulty-store.js'
import { linked } from '../support/near.js'
import { type Process, type SetUp, setUp } from '../support/set-up.js'

const down = new StoreUnavailableError('down', { store: 'x' })
const BUS = '2:bus'

/** What the cache has told its store's bus: its listener, and its events. */
interface Line {
  readonly listener: Listener
  readonly events: SubscriptionEvents
}

/** Another process on the same store, whose line to the bus a test can hold in its hands. */
async function listening(all: SetUp): Promise<Process & { readonly line: Line }> {
  const faulty = faultyStore(all.memory)
  let line: Line | undefined
  const store = new Proxy(faulty, {
    get(target, name) {
      if (name !== 'subscribe') return Reflect.get(target, name)
      return (channel: string, listener: Listener, events: SubscriptionEvents) => {
        line = { listener, events }
        return target.subscribe(channel, listener, events)
      }
    },
  })
  const process = await linked({ faulty, cache: all.another({ store }).cache })
  return { ...process, line: line as unknown as Line }
}

async function near(cache: Cache, key: string): Promise<void> {
  await cache.set(key, key)
  await cache.get(key)
  await turn()
  await cache.get(key)
  expect(cache.peek(key)).toBe(key)
}

describe('the bus', () => {
  it('is opened by the first use, and closed with the cache', async () => {
    const { cache, faulty, clock } = setUp({ near: {} })
    await turn()
    expect(faulty.calls).toEqual([])
    await linked({ cache, faulty })
    expect(faulty.count(`subscribe ${BUS}`)).toBe(1)
    await cache.close()
    expect(clock.pending).toBeLessThanOrEqual(1)
    await clock.advance(10_000)
    expect(clock.pending).toBe(0)
    expect(faulty.count(`publish ${BUS}`)).toBe(0)
  })

  it('is not opened without a near cache, nor on a store that declares none', async () => {
    const { cache, faulty, another, memory } = setUp()
    await linked({ cache, faulty })
    await cache.delete('k')
    expect(faulty.calls.join()).not.toMatch(/subscribe|publish/)
    Object.assign(memory.capabilities, { bus: false })
    const alone = await linked(another({ near: {} }))
    await near(alone.cache, 'k')
    await alone.cache.delete('k')
    expect(alone.faulty.calls.join()).not.toMatch(/subscribe|publish/)
  })

  it('may be that of another store', async () => {
    const wire = memoryStore()
    const all = setUp({ near: {}, bus: wire })
    Object.assign(all.memory.capabilities, { bus: false })
    const [one, two] = [await linked(all), await linked(all.another())]
    await near(two.cache, 'k')
    await one.cache.delete('k')
    await turn()
    expect(two.cache.peek('k')).toBeUndefined()
    expect(one.faulty.calls.join()).not.toMatch(/subscribe|publish/)
  })

  it('tells of changes by a process without a near cache, where it is named', async () => {
    const wire = memoryStore()
    const all = setUp({ bus: wire })
    const reader = await linked(all.another({ near: {} }))
    await near(reader.cache, 'k')
    await all.cache.delete('k')
    await turn()
    expect(reader.cache.peek('k')).toBeUndefined()
  })

  it('carries all that is changed in one turn in one message', async () => {
    const all = await linked(setUp({ near: {} }))
    const other = await listening(all)
    const messages: number[] = []
    await all.memory.subscribe(BUS, ({ byteLength }) => void messages.push(byteLength))
    await all.cache.deleteMany(Array.from({ length: 50 }, (_, index) => `k${index}`))
    expect(messages.length).toBe(1)
    expect(other.cache.stats().busMessages).toBe(1)
  })

  it('tells of a change before the caller goes on, and of a journaled one when the store has it', async () => {
    const all = await linked(setUp({ near: {} }))
    const other = await linked(all.another())
    await near(other.cache, 'k')
    all.faulty.faultOf = (operation) => (operation === 'delete' ? down : undefined)
    expect(await all.cache.delete('k')).toBe('journaled')
    expect(other.cache.peek('k')).toBe('k')
    all.faulty.thaw()
    await all.clock.advance(200)
    expect(other.cache.peek('k')).toBeUndefined()
  })

  it('tells of a clear at once: before tagHold is over', async () => {
    const all = await linked(setUp({ near: {}, tagHold: '10m' }))
    const other = await linked(all.another())
    await near(other.cache, 'k')
    await all.cache.clear()
    await turn()
    expect(other.cache.peek('k')).toBeUndefined()
    expect(await other.cache.get('k')).toBeUndefined()
  })

  it('tells of tags, hard and soft', async () => {
    const all = await linked(setUp({ near: {}, tagHold: '10m' }))
    const other = await linked(all.another())
    for (const soft of [false, true]) {
      await other.cache.getOrSet('k', () => 1, { tags: ['t'] })
      await other.cache.getOrSet('untagged', () => 2)
      await turn()
      expect([other.cache.peek('k'), other.cache.peek('untagged')]).toEqual([1, 2])
      await all.cache.invalidateTags(['t'], { soft })
      await turn()
      expect([other.cache.peek('k'), other.cache.peek('untagged')]).toEqual([undefined, 2])
    }
  })

  it('tells of what is loaded by force', async () => {
    const all = await linked(setUp({ near: {} }))
    const other = await linked(all.another())
    await near(other.cache, 'k')
    expect(await all.cache.getOrSet('k', () => 'fresh', { forceFresh: true })).toBe('fresh')
    await turn()
    expect([all.cache.peek('k'), other.cache.peek('k')]).toEqual([undefined, undefined])
    expect(await all.cache.getOrSet('k', () => 'unused')).toBe('fresh')
    expect(await other.cache.getOrSet('k', () => 'unused')).toBe('fresh')
  })

  it('leaves what others write on the channel', async () => {
    const all = await linked(setUp({ near: {} }))
    await near(all.cache, 'k')
    for (const bytes of [
      [],
      [0xb1],
      [0xb2, ...Array(40).fill(1)],
      [0xb1, 9, ...Array(40).fill(0)],
      [0xb1, 2, ...Array(12).fill(0), 255, 255, 255, 255],
    ]) {
      await all.memory.publish(BUS, Uint8Array.from(bytes))
    }
    await turn()
    expect(all.cache.peek('k')).toBe('k')
    expect(all.cache.stats().busMessages).toBe(0)
  })
})

describe('what is lost on the bus', () => {
  it('a message: noticed by the next one', async () => {
    const all = await linked(setUp({ near: {} }))
    const other = await linked(all.another())
    await near(other.cache, 'k')
    await all.cache.delete('another')
    await turn()
    expect(other.cache.peek('k')).toBe('k')
    all.faulty.faultOf = (operation) => (operation === 'publish' ? down : undefined)
    await all.cache.delete('k')
    all.faulty.thaw()
    await turn()
    expect(other.cache.peek('k')).toBe('k')
    await all.cache.delete('yet another')
    await turn()
    expect(other.cache.peek('k')).toBeUndefined()
  })

  it('the last message: noticed by a heartbeat, a second later', async () => {
    const all = await linked(setUp({ near: {} }))
    const other = await linked(all.another())
    await all.clock.advance(1_100)
    await near(other.cache, 'k')
    all.faulty.faultOf = (operation) => (operation === 'publish' ? down : undefined)
    await all.cache.delete('k')
    all.faulty.thaw()
    await all.clock.advance(1_000)
    expect(other.cache.peek('k')).toBeUndefined()
  })

  it('the connection: nothing is near until it stands again, and what was near before is not', async () => {
    const all = await linked(setUp({ near: {} }))
    const { cache, line } = await listening(all)
    await near(cache, 'k')
    line.events.onDown?.()
    expect(cache.peek('k')).toBeUndefined()
    expect(await cache.get('k')).toBe('k')
    expect(cache.peek('k')).toBeUndefined()
    line.events.onUp?.()
    expect(await cache.get('k')).toBe('k')
    expect(cache.peek('k')).toBe('k')
  })

  it('the connection, without a word: noticed by own heartbeats that do not come back', async () => {
    const all = await linked(setUp({ near: { ttl: '1h' }, ttl: '1h' }))
    const { cache, faulty } = await linked(all.another())
    await near(cache, 'k')
    await all.clock.advance(10_000)
    expect(cache.peek('k')).toBe('k')
    faulty.faultOf = (operation) => (operation === 'publish' ? down : undefined)
    await all.clock.advance(4_000)
    expect(cache.peek('k')).toBeUndefined()
    await cache.get('k')
    expect(cache.peek('k')).toBeUndefined()
    faulty.thaw()
    await all.clock.advance(1_100)
    await cache.get('k')
    expect(cache.peek('k')).toBe('k')
  })

  it.each([
    ['two seconds, as by a busy event loop: nothing', 2_000, 'k'],
    ['longer: what was near, whatever became of the connection', 2_500, undefined],
  ])('while the process stands still for %s', async (_, ms, kept) => {
    const all = await linked(setUp({ near: { ttl: '1h' }, ttl: '1h' }))
    const { cache } = await linked(all.another())
    await all.clock.advance(10_500)
    await near(cache, 'k')
    const monotonic = all.clock.monotonic.bind(all.clock)
    vi.spyOn(all.clock, 'monotonic').mockImplementation(() => monotonic() + ms)
    await all.clock.advance(500)
    expect(cache.peek('k')).toBe(kept)
    await cache.get('k')
    expect(cache.peek('k')).toBe('k')
  })

  it('a subscription that fails is tried again', async () => {
    const all = setUp({ near: {} })
    all.faulty.faultOf = (operation) => (operation === 'subscribe' ? down : undefined)
    await all.cache.get('anything')
    await all.clock.advance(1_000)
    expect(all.faulty.count(`subscribe ${BUS}`)).toBeGreaterThan(2)
    await all.cache.set('k', 'k')
    await all.cache.get('k')
    expect(all.cache.peek('k')).toBeUndefined()
    all.faulty.thaw()
    await all.clock.advance(2_100)
    await near(all.cache, 'k')
  })
})

describe('a process that is alone: neither its bus nor its store answers', () => {
  it('serves on what was near, and keeps what it loads, until the store is believed again', async () => {
    const all = await linked(setUp({ near: {} }))
    const { cache, faulty, line } = await listening(all)
    await near(cache, 'k')
    faulty.faultOf = () => down
    line.events.onDown?.()
    let loads = 0
    const loader = (): string => `loaded ${++loads}`
    expect(await cache.getOrSet('k', loader)).toBe('k')
    for (let round = 0; round < 5; round++) {
      expect(await cache.getOrSet('new', loader)).toBe('loaded 1')
      await turn()
      // The driver gives the connection up after the cache has.
      line.events.onDown?.()
    }
    faulty.thaw()
    await all.clock.advance(200)
    expect(await cache.getOrSet('other', () => 'other')).toBe('other')
    expect([cache.peek('k'), cache.peek('new')]).toEqual([undefined, undefined])
    expect(await cache.getOrSet('k', loader)).toBe('k')
    expect(await cache.getOrSet('new', loader)).toBe('loaded 2')
  })
})
