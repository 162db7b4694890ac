import { describe, expect, it } from 'vitest'
import { AmbiguousWriteError, StoreUnavailableError } from '../src/base/errors.js'
import { createCache } from '../src/data/cache.js'
import { memoryStore } from '../src/store/memory/memory-store.js'
import { FakeClock, type FaultyStoreOptions, faultyStore, nullStore } from '../src/testing/index.js'

const BYTES = Buffer.from('bytes')

describe('a null store', () => {
  it('keeps no value, whichever way it comes', async () => {
    const cache = createCache({ store: nullStore(), compression: { minBytes: 0 }, secrets: ['s'.repeat(32)] })
    let loads = 0
    const load = (): string => `load ${++loads} ${' '.repeat(100)}`
    expect([await cache.getOrSet('k', load), await cache.getOrSet('k', load)]).toHaveLength(2)
    expect(loads).toBe(2)
    expect(await cache.set('k', 1)).toBe(true)
    expect(await cache.add('k', 1)).toBe(true)
    expect(await cache.add('k', 1)).toBe(true)
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.increment('n')).toBe(1)
    expect(await cache.increment('n')).toBe(2)
  })

  it('still has callers at once share a load, and a delete outrun it', async () => {
    const cache = createCache({ store: nullStore() })
    let loads = 0
    const load = async (): Promise<number> => {
      await new Promise(setImmediate)
      return ++loads
    }
    expect(await Promise.all([1, 2, 3].map(() => cache.getOrSet('k', load)))).toEqual([1, 1, 1])
    expect(await cache.clear()).toBe('delivered')
    expect(cache.stats().unleasedLoads).toBe(0)
  })

  it('replaces nothing that was not asked for', async () => {
    const store = nullStore()
    const [version] = [await store.add('raw', BYTES)]
    expect(await store.add('raw', BYTES)).toBeUndefined()
    expect(await store.compareAndSet('raw', version as never, BYTES)).toBeDefined()
    await store.setMany([{ key: 'other', bytes: BYTES }])
    expect(await store.getMany(['raw', 'other', 'none'])).toMatchObject([
      { bytes: BYTES, version: expect.anything() },
      { bytes: BYTES, version: expect.anything() },
      undefined,
    ])
  })
})

describe('a faulty store', () => {
  /** What became of a hundred writes and reads. */
  async function run(options: FaultyStoreOptions): Promise<string[]> {
    const store = faultyStore(memoryStore(), options)
    const outcomes: string[] = []
    for (let i = 0; i < 100; i++) {
      for (const operation of [store.set('k', BYTES), store.get('k')]) {
        outcomes.push(
          await operation.then(
            () => 'ok',
            (error: Error) => error.constructor.name,
          ),
        )
      }
    }
    return outcomes
  }

  it('without options is the store, and writes down what it was asked', async () => {
    const store = faultyStore(memoryStore())
    await store.set('k', BYTES)
    await store.getMany(['a', 'b'])
    expect((await store.get('k'))?.bytes).toEqual(BYTES)
    expect(store.calls).toEqual(['set k', 'getMany a,b', 'get k'])
    expect(store.count('get k')).toBe(1)
    expect(store.capabilities).toEqual(memoryStore().capabilities)
  })

  it('fails by chance, which a seed repeats', async () => {
    const options = { errors: 0.2, ambiguous: 0.2, seed: 7 }
    const outcomes = await run(options)
    expect(await run(options)).toEqual(outcomes)
    expect(await run({ ...options, seed: 8 })).not.toEqual(outcomes)
    expect(new Set(outcomes)).toEqual(new Set(['ok', StoreUnavailableError.name, AmbiguousWriteError.name]))
    // Reads tell nothing ambiguous.
    expect(outcomes.filter((_, index) => index % 2 === 1)).not.toContain(AmbiguousWriteError.name)
  })

  it('loses the answer of a write, executed or not', async () => {
    const store = faultyStore(memoryStore(), { script: (operation) => (operation === 'add' ? 'ambiguous' : undefined) })
    await expect(store.add('k', BYTES)).rejects.toBeInstanceOf(AmbiguousWriteError)
    expect(await store.get('k')).toBeDefined()
    store.faultOf = (operation) => (operation === 'delete' ? 'lost' : undefined)
    await expect(store.delete('k')).rejects.toBeInstanceOf(AmbiguousWriteError)
    expect(await store.get('k')).toBeDefined()
  })

  it('is slow by the clock that it is given', async () => {
    const clock = new FakeClock()
    const store = faultyStore(memoryStore(), { latency: '1s', clock })
    let done = false
    const write = store.set('k', BYTES).then(() => {
      done = true
    })
    await clock.advance(0)
    expect(done).toBe(false)
    await clock.advance(1_000)
    expect(done).toBe(true)
    await write
  })

  it('freezes and thaws, and closes all the same', async () => {
    const store = faultyStore(memoryStore())
    store.freeze()
    void store.get('k')
    await store.close()
    store.thaw()
    await expect(store.get('k')).rejects.toThrow('closed')
  })

  it('leaves a cache right, however it breaks', async () => {
    const store = faultyStore(memoryStore(), { errors: 0.3, ambiguous: 0.3, latency: 1, seed: 3 })
    const cache = createCache({ store, tagHold: 0 })
    for (let i = 0; i < 50; i++) {
      const written = i
      await cache.delete('k')
      expect(await cache.getOrSet('k', () => written)).toBe(i)
    }
    await cache.close()
  })

  it.each([{ errors: 2 }, { ambiguous: -1 }, { latency: 'soon' }, { seed: 0.5 }, { script: 'frozen' }, { chance: 1 }])(
    'refuses %j by name',
    (options) => {
      expect(() => faultyStore(memoryStore(), options as never)).toThrow(Object.keys(options)[0])
    },
  )
})

describe('a fake clock', () => {
  it('stands still until it is moved, and runs what falls due in order', async () => {
    const clock = new FakeClock(5)
    const heard: string[] = []
    clock.after(20, () => heard.push('second'))
    clock.after(10, () => clock.after(5, () => heard.push('inside')))
    const cancel = clock.after(12, () => heard.push('cancelled'))
    cancel()
    await clock.advance(30)
    expect(heard).toEqual(['inside', 'second'])
    expect([clock.now(), clock.monotonic(), clock.pending]).toEqual([35, 30, 0])
    clock.setWall(1)
    await clock.advance(1)
    expect([clock.now(), clock.monotonic()]).toEqual([2, 31])
  })
})
