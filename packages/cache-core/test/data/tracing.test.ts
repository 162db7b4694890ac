import { tracingChannel } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import type { TraceContexts } from '../../src/base/tracing.js'
import { createCache } from '../../src/data/cache.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import type { Store } from '../../src/store/store.js'
import { FakeClock, faultyStore } from '../../src/testing/index.js'
import { endsAfter } from '../support/set-up.js'

const stop: (() => void)[] = []
afterEach(() => {
  for (const each of stop.splice(0)) each()
})

/** What was told of spans, as `event operation-or-key`. */
function heard<N extends keyof TraceContexts>(name: N, title: (context: TraceContexts[N]) => string): string[] {
  const told: string[] = []
  const channel = tracingChannel<unknown, TraceContexts[N]>(`tiercel:${name}`)
  const on = (event: string) => (context: unknown) => told.push(`${event} ${title(context as TraceContexts[N])}`)
  const subscribers = {
    start: on('start'),
    end: on('end'),
    asyncStart: on('asyncStart'),
    asyncEnd: on('asyncEnd'),
    error: on('error'),
  }
  channel.subscribe(subscribers)
  stop.push(() => channel.unsubscribe(subscribers))
  return told
}

/** A store as one behind a network. */
function shared(clock: FakeClock): Store {
  const memory = memoryStore({ clock })
  const capabilities = { ...memory.capabilities, shared: true }
  return new Proxy(memory, {
    get: (target, name) => {
      if (name === 'capabilities') return capabilities
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

describe('a span of a load', () => {
  it('begins with the loader and is over when the loader is', async () => {
    const cache = createCache({ store: memoryStore() }).namespace('n')
    const told = heard('load', ({ namespace, key, leased }) => `${namespace}/${key} ${leased}`)
    await cache.getOrSet(['k', 1], async () => {
      await new Promise(setImmediate)
      told.push('loaded')
      return 1
    })
    const span = ['start', 'end', 'loaded', 'asyncStart', 'asyncEnd']
    expect(told).toEqual(span.map((event) => (event === 'loaded' ? event : `${event} n/k:1 true`)))
    await cache.getOrSet(['k', 1], () => 2)
    expect(told).toHaveLength(span.length)
  })

  it('tells the error of a loader that fails', async () => {
    const cache = createCache({ store: memoryStore() })
    const told = heard('load', (context) => String((context as { error?: Error }).error?.message))
    await expect(cache.getOrSet('k', () => Promise.reject(new Error('down')))).rejects.toThrow('down')
    expect(told).toContain('error down')
    expect(told.at(-1)).toBe('asyncEnd down')
  })
})

it('a span of an operation on the store names it and its key, and is over with the answer', async () => {
  const told = heard('store', ({ store, operation, key }) => `${store} ${operation} ${key}`)
  const cache = createCache({ store: memoryStore() })
  await cache.set('k', 1)
  expect(told.filter((each) => each.endsWith('set 2:v::k'))).toEqual(
    ['start', 'end', 'asyncStart', 'asyncEnd'].map((event) => `${event} memory set 2:v::k`),
  )
})

describe('latencies', () => {
  it('of loads and of a shared store are summed up by percentile', async () => {
    const clock = new FakeClock()
    const store = faultyStore(shared(clock), { latency: 20, clock })
    const cache = createCache({ store, clock, tagHold: '1h' })
    for (let i = 0; i < 10; i++) {
      const call = cache.getOrSet(['k', i], () => new Promise((resolve) => clock.after(100 + i, () => resolve(i))))
      await endsAfter(clock, call)
    }
    // The last one is stored after it was answered.
    await clock.advance(100)
    const { load, storeRead, storeWrite } = cache.stats().latency
    expect(load.count).toBe(10)
    for (const [percentile, least, most] of [
      [load.p50, 102, 107],
      [load.p99, 107, 111],
    ] as const) {
      expect(percentile).toBeGreaterThan(least)
      expect(percentile).toBeLessThan(most)
    }
    for (const each of [storeRead, storeWrite]) {
      expect(each?.count).toBeGreaterThanOrEqual(9)
      expect(each?.p50).toBeGreaterThan(1)
      expect(each?.p99).toBeLessThanOrEqual(21)
    }
  })

  it('of what failed are in none, and of a store in this process nothing is kept', async () => {
    const cache = createCache({ store: memoryStore() })
    await cache.getOrSet('k', () => Promise.reject(new Error('down'))).catch(() => {})
    expect(cache.stats().latency).toEqual({
      load: { count: 0, p50: Number.NaN, p90: Number.NaN, p99: Number.NaN },
      storeRead: undefined,
      storeWrite: undefined,
    })
  })
})
