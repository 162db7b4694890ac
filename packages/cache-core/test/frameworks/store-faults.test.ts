import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/store/store.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { scriptedStore } from '../support/scripted-store.js'
import { frameworks, newCache, newPlace } from './support/apps.js'

/** What a cache asks of a store for requests and writes; the rest tells at once what the store is like. */
const ASKED = new Set<string | symbol>(['get', 'getMany', 'set', 'add', 'compareAndSet', 'delete', 'compareAndDelete'])

/** Stores that are slow, dead, or full of what others wrote. */
describe.each(frameworks)('%s: store faults', (_, start) => {
  it.each(['get', 'add', 'everything'])(
    'a store whose %s never answers costs one deadline and no answer',
    async (which) => {
      const never = (): Promise<never> => new Promise(() => {})
      const names = ['get', 'getMany', 'add', 'compareAndSet', 'set', 'delete', 'compareAndDelete'] as const
      const dead = which === 'everything' ? names : which === 'get' ? (['get', 'getMany'] as const) : (['add'] as const)
      const script: Partial<Store> = Object.fromEntries(dead.map((name) => [name, never]))
      const clock = new FakeClock()
      const { store, calls } = scriptedStore(script, newPlace()())
      const app = await start((_req, res) => res.end('answer'), {
        cache: newCache({ store, clock, storeTimeout: 500 }),
      })
      const reply = app.get('/')
      await expect.poll(() => calls.some((call) => dead.some((name) => call.startsWith(name)))).toBe(true)
      await clock.advance(500)
      expect((await reply).text()).toBe('answer')
      const written = app.ask('/', { method: 'PUT' })
      await expect.poll(() => calls.some((call) => call.startsWith('delete'))).toBe(true)
      await clock.advance(500)
      expect((await written).text()).toBe('answer')
    },
  )

  it('a store that fails, also in the middle, costs no answer and stores nothing', async () => {
    let fails = true
    const { store } = scriptedStore({}, newPlace()())
    const failing = new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function' || !ASKED.has(name)) return member
        return (...args: unknown[]) => (fails ? Promise.reject(new Error('down')) : member.apply(target, args))
      },
    })
    const app = await start((_req, res) => res.end('answer'), { cache: newCache({ store: failing }) })
    expect((await app.get('/')).cacheStatus()).toBe('fwd=miss; detail="the store does not answer"')
    fails = false
    // Perhaps its circuit breaker has opened: it closes by itself.
    await expect.poll(async () => (await app.get('/')).cacheStatus()).toContain('hit')
    fails = true
    expect((await app.get('/')).text()).toBe('answer')
  })

  it('foreign bytes in the store are a miss, and are replaced', async () => {
    const { store } = scriptedStore({}, newPlace()())
    const keys = new Set<string>()
    const spy = new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target)
        if (name !== 'compareAndSet' && name !== 'add')
          return typeof member === 'function' ? member.bind(target) : member
        return (key: string, ...rest: unknown[]) => {
          keys.add(key)
          return (member as (...args: unknown[]) => unknown).call(target, key, ...rest)
        }
      },
    })
    const app = await start((_req, res) => res.end('answer'), { cache: newCache({ store: spy }) })
    await app.get('/')
    for (const damage of [
      (b: Buffer) => b.subarray(0, 30),
      (b: Buffer) => Buffer.concat([b, b]),
      () => Buffer.from('{"__proto__":1}'),
    ]) {
      expect((await app.get('/')).cacheStatus()).toContain('hit')
      for (const key of keys) {
        const entry = await store.get(key)
        if (entry) await store.set(key, damage(Buffer.from(entry.bytes)))
      }
      expect((await app.get('/')).text()).toBe('answer')
      await app.get('/')
    }
  })
})
