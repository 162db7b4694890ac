import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/base/errors.js'
import { createCache } from '../../src/data/cache.js'
import { guardStore } from '../../src/store/guard/guarded-store.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import type { Store } from '../../src/store/store.js'

const without = (capability: string): Store => {
  const store = memoryStore()
  return Object.assign(Object.create(store), { capabilities: { ...store.capabilities, [capability]: false } })
}

const store = memoryStore()

/** A store as an object literal, its capabilities changed. */
function wrapped(changed: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(store)).filter((name) => name !== 'constructor')
  return {
    name: store.name,
    capabilities: { ...store.capabilities, ...changed },
    ...Object.fromEntries(methods.map((name) => [name, () => Promise.resolve()])),
  }
}

const WRONG: readonly (readonly [option: string, wrong: unknown])[] = [
  ['ttl', { ttl: -1 }],
  ['ttl', { ttl: 'soon' }],
  ['ttl', { ttl: Number.NaN }],
  ['ttl', { ttl: '-5s' }],
  ['lease', { lease: 0 }],
  ['lease', { lease: 99 }],
  ['lease', { lease: '2h' }],
  ['hardTimeout', { hardTimeout: 0 }],
  ['hardTimeout', { hardTimeout: Number.POSITIVE_INFINITY }],
  ['waitTimeout', { waitTimeout: -1 }],
  ['tagHold', { tagHold: 'long' }],
  ['storeTimeout', { storeTimeout: 0 }],
  ['storeTimeout.read', { storeTimeout: { read: 'x' } }],
  ['storeTimeout.write', { storeTimeout: { write: -1 } }],
  ['storeTimeout.both', { storeTimeout: { both: 1 } }],
  ['codec', { codec: {} }],
  ['codec', { codec: null }],
  ['clock', { clock: { now: () => 0 } }],
  ['require', { require: 'bus' }],
  ['require', { require: ['teleport'] }],
  ['store', { require: ['shared'] }],
  ['near', { near: 'yes' }],
  ['near.maxBytes', { near: { maxBytes: 0 } }],
  ['near.maxEntries', { near: { maxEntries: -1 } }],
  ['near.ttl', { near: { ttl: 'soon' } }],
  ['near.mutability', { near: { mutability: 'frozen' } }],
  ['near.size', { near: { size: 1 } }],
  ['bus', { bus: {} }],
  ['store', { store: undefined }],
  ['store', { store: null }],
  ['store', { store: new Map() }],
  ['store', { store: { get() {}, capabilities: null } }],
  ['store', { store: without('compareAndSet') }],
  ['store', { store: without('add') }],
  ['maxAge', { maxAge: 5 }],
]

describe('a wrong option', () => {
  it.each(WRONG)('%s of %j throws at creation and is named', (option, wrong) => {
    const create = (): unknown => createCache({ store, ...(wrong as object) })
    expect(create).toThrow(InvalidOptionError)
    expect(create).toThrow(expect.objectContaining({ option, message: expect.stringContaining(option) }))
  })

  it('that is a store is told from options, whoever wrote the store', () => {
    const message = /^createCache: expected an object of options, got .+; give it as \{ store: … \}$/
    expect(() => createCache(store as never)).toThrow(message)
    expect(() => createCache({ ...without('bus'), get: () => {}, name: 'mine' } as never)).toThrow(message)
  })

  it('names the capability that the store does not declare', () => {
    expect(() => createCache({ store: without('compareAndSet') })).toThrow("'compareAndSet'")
    expect(() => createCache({ store, require: ['shared'] })).toThrow("'shared'")
  })

  it('tells all that a store written by hand lacks, at once', () => {
    const { get, set, close } = store
    const mine = { name: 'mine', get, set, close, capabilities: { add: false, compareAndSet: true, shared: true } }
    const create = (): unknown => createCache({ store: mine as never, require: ['shared', 'compareAndSet'] })
    expect(create).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        option: 'store',
        message:
          'store: the mine store lacks add(), compareAndSet(), delete(), compareAndDelete(), touch(), getMany(), setMany(), ' +
          'deleteMany(), increment(), ping(), publish(), subscribe(), purge(), capabilities.touch, ' +
          'capabilities.increment, capabilities.bus, capabilities.purge, capabilities.ttlResolutionMs, ' +
          "capabilities.maxKeyBytes, capabilities.maxValueBytes, and does not declare 'add', which this cache needs",
      }),
    )
  })

  it.each<[string, unknown, RegExp]>([
    ['a Map', new Map(), /^store: a Map lacks add\(\), .*, name, capabilities$/],
    ['an empty object', {}, /^store: expected a store, for example memoryStore\(\), got an object$/],
    ['a store without `get`', { ...wrapped(), get: undefined }, /^store: the memory store lacks get\(\)$/],
    ['a size that is none', wrapped({ maxValueBytes: -1 }), /lacks capabilities.maxValueBytes$/],
    ['a size as a text', wrapped({ maxKeyBytes: '250' }), /lacks capabilities.maxKeyBytes$/],
    [
      'two capabilities missing',
      wrapped({ add: false, compareAndSet: false }),
      /does not declare 'add', 'compareAndSet', which/,
    ],
  ])('tells %s from a store', (_, given, message) => {
    expect(() => createCache({ store: given as Store })).toThrow(message)
  })

  it('that names a timeout beside a store that has one is refused; without it the store is taken as it is', async () => {
    const guarded = guardStore(memoryStore(), { timeout: '2s' })
    expect(() => createCache({ store: guarded, storeTimeout: '1s' })).toThrow(
      expect.objectContaining({ option: 'storeTimeout', message: expect.stringContaining('guarded already') }),
    )
    const cache = createCache({ store: guarded })
    await cache.set('k', 1)
    expect(await cache.get('k')).toBe(1)
  })

  it.each([undefined, null, 'redis://localhost', []])('in place of all options: %j', (options) => {
    expect(() => createCache(options as never)).toThrow(InvalidOptionError)
  })

  it('of a namespace throws when it is made', () => {
    const cache = createCache({ store })
    expect(() => cache.namespace('')).toThrow(expect.objectContaining({ option: 'namespace' }))
    expect(() => cache.namespace(7 as never)).toThrow(expect.objectContaining({ option: 'namespace' }))
    expect(() => cache.namespace('\ud800')).toThrow(expect.objectContaining({ option: 'namespace' }))
    expect(() => cache.namespace('a', { ttl: -1 })).toThrow(expect.objectContaining({ option: 'ttl' }))
    expect(() => cache.namespace('a', { store } as never)).toThrow(expect.objectContaining({ option: 'store' }))
  })

  it('of a call rejects, before the loader runs', async () => {
    const cache = createCache({ store })
    const loader = (): never => {
      throw new Error('the loader ran')
    }
    await expect(cache.getOrSet('k', loader, { ttl: -1 })).rejects.toMatchObject({ option: 'ttl' })
    await expect(cache.getOrSet('k', loader, { tll: 1 } as never)).rejects.toMatchObject({ option: 'tll' })
    await expect(cache.getOrSet('k', loader, null as never)).rejects.toBeInstanceOf(InvalidOptionError)
    await expect(cache.getOrSet('k', loader, { signal: {} as never })).rejects.toMatchObject({ option: 'signal' })
    await expect(cache.getOrSet('k', 'value' as never)).rejects.toMatchObject({ code: 'ERR_INVALID_LOADER' })
    await expect(cache.set('k', 1, { ttl: 'soon' as never })).rejects.toMatchObject({ option: 'ttl' })
    await expect(cache.add('k', 1, { lease: 1 } as never)).rejects.toMatchObject({ option: 'lease' })
  })
})

it('every duration may be written out', () => {
  const durations = { ttl: '1h', lease: '2s', hardTimeout: '10s', waitTimeout: '1s', tagHold: 0 } as const
  expect(() => createCache({ store, ...durations, storeTimeout: { read: '20ms', write: '1s' } })).not.toThrow()
  expect(() => createCache({ store, ttl: Number.POSITIVE_INFINITY })).not.toThrow()
})
