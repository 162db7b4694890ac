import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it, vi } from 'vitest'
import { createCache } from '../../src/data/cache.js'
import type { CacheOptions } from '../../src/data/options.js'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import { MemoryStore } from '../../src/store/memory/memory-store.js'
import { FakeClock, turn } from '../../src/testing/fake-clock.js'
import { getExchange } from '../http/support/exchange.js'

function onMemory(options: Partial<CacheOptions> = {}) {
  const clock = new FakeClock()
  const store = new MemoryStore({ clock })
  const another = () => createCache({ store, clock, jitter: 0, ttl: '1m', ...options })
  return { clock, store, another, cache: another() }
}

/** Whether it is settled before the event loop goes on: no read of the store has stood between. */
async function isAtOnce(start: () => Promise<unknown>): Promise<boolean> {
  const order: string[] = []
  process.nextTick(() => order.push('next tick'))
  void start().then(() => order.push('answer'))
  await turn()
  return order[0] === 'answer'
}

const loads = (value: string) => vi.fn(() => value)

describe('a hit in a store of this process', () => {
  it('is answered at once, whatever the call says, and counted like any other', async () => {
    const { cache } = onMemory()
    await cache.set('key', { a: 1 })
    await cache.set(['user', 7], 'Ada')
    expect(await isAtOnce(() => cache.getOrSet('key', loads('loaded')))).toBe(true)
    expect(await isAtOnce(() => cache.getOrSet(['user', 7], loads('loaded'), { ttl: '5s' }))).toBe(true)
    expect(await isAtOnce(() => cache.get('key'))).toBe(true)
    expect(cache.stats()).toMatchObject({ hits: 3, misses: 0, loads: 0 })
    expect(await cache.get('key')).toEqual({ a: 1 })
    expect(await cache.get('key')).not.toBe(await cache.get('key'))
  })

  it('is answered over HTTP before the middleware returns', async () => {
    const { cache } = onMemory()
    const engine = createHttpCache(cache, { ttl: '1m' })
    await engine.handle(getExchange('/a', () => {}))
    await turn()
    const sent = vi.fn()
    void engine.handle({ ...getExchange('/a', () => expect.unreachable()), send: sent })
    expect(sent).toHaveBeenCalledOnce()
  })

  it('is answered at once where what was held of its marks is over', async () => {
    const { cache, clock } = onMemory({ tagHold: '1s' })
    const engine = createHttpCache(cache, { ttl: '1m' })
    await cache.set('key', 'value', { tags: ['tag'] })
    await engine.handle(getExchange('/a', () => {}))
    await clock.advance(1_000)
    expect(await isAtOnce(() => cache.get('key'))).toBe(true)
    const sent = vi.fn()
    void engine.handle({ ...getExchange('/a', () => expect.unreachable()), send: sent })
    expect(sent).toHaveBeenCalledOnce()
  })

  it('is none where a mark that is read at once has been renewed elsewhere', async () => {
    const { cache, another, clock } = onMemory({ tagHold: '1s' })
    await cache.set('key', 'old', { tags: ['tag'] })
    expect(await cache.getOrSet('key', loads('new'))).toBe('old')
    await another().invalidateTags(['tag'])
    await clock.advance(1_000)
    expect(await cache.get('key')).toBeUndefined()
  })

  it.each([
    ['its time is over', ({ clock }) => clock.advance(60_000)],
    ['it was deleted', ({ cache }) => cache.delete('key')],
    ['another cache on the store has deleted it', ({ another }) => another().delete('key')],
    ['the namespace was cleared', ({ cache }) => cache.clear()],
    ['its tag was invalidated', ({ cache }) => cache.invalidateTags(['tag'])],
    ['somebody has written over it', ({ store }) => store.set('2:v::key', Buffer.from('no frame'))],
  ] satisfies [string, (parts: ReturnType<typeof onMemory>) => Promise<unknown>][])(
    'is none when %s',
    async (_, end) => {
      const parts = onMemory()
      await parts.cache.set('key', 'old', { tags: ['tag'] })
      expect(await parts.cache.getOrSet('key', loads('new'))).toBe('old')
      await end(parts)
      expect(await parts.cache.getOrSet('key', loads('new'))).toBe('new')
      expect(await parts.cache.getOrSet('key', loads('newer'))).toBe('new')
    },
  )

  it('is one under a version that was renewed elsewhere only until it is read again', async () => {
    const { cache, another, clock } = onMemory({ tagHold: '1s' })
    await cache.set('key', 'old')
    await cache.getOrSet('key', loads('new'))
    await another().clear()
    await clock.advance(1_000)
    expect(await cache.getOrSet('key', loads('new'))).toBe('new')
  })

  it('is read where somebody watches, delays or counts the reads of the store', async () => {
    const { cache, store } = onMemory()
    await cache.set('key', 'value')
    const get = vi.spyOn(store, 'get')
    expect(await isAtOnce(() => cache.getOrSet('key', loads('loaded')))).toBe(false)
    expect(get).toHaveBeenCalledOnce()
    get.mockRestore()
    const span = vi.fn()
    subscribe('tracing:tiercel:store:start', span)
    expect(await cache.getOrSet('key', loads('loaded'))).toBe('value')
    unsubscribe('tracing:tiercel:store:start', span)
    expect(span).toHaveBeenCalledOnce()
  })

  it('is none of a store that was closed', async () => {
    const { cache, store } = onMemory()
    await cache.set('key', 'value')
    await store.close()
    expect(await cache.getOrSet('key', loads('loaded'))).toBe('loaded')
    await cache.close()
    await expect(cache.getOrSet('key', loads('loaded'))).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' })
  })
})
