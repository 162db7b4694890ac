import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../../src/base/errors.js'
import { createHttpCache, type HttpCache, toHttpCache } from '../../../src/http/engine/http-cache.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { type Cache, createCache, memoryStore } from '../../../src/index.js'
import type { Store } from '../../../src/store/store.js'
import { FakeClock, turn } from '../../../src/testing/fake-clock.js'
import { scriptedStore } from '../../support/scripted-store.js'
import { request } from '../support/ask-engine.js'

function newCache(store: Store = memoryStore(), more: { clock?: FakeClock; tagHold?: number } = {}): Cache {
  return createCache({ store, ...more })
}

const text = (body: string) => (): string => body
const HIT = expect.stringMatching(/^hit; ttl=/)
const MISS = 'fwd=uri-miss; stored'

describe('purge', () => {
  it('asks for an absolute URL where the key has a host, and takes a path where it has none', async () => {
    const cache = newCache()
    const engine = createHttpCache(cache, { ttl: '1m' })
    for (const url of ['/a', 'a', '', 'ftp://example.com/a', 'http://example.com/a#b', 'http://user@example.com/']) {
      await expect(engine.purge(url)).rejects.toMatchObject({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringContaining('url'),
      })
    }
    const hostless = engine.with({ host: false })
    await request(hostless, '/a', text('old'))
    expect(await hostless.purge('/a')).toBe('delivered')
    expect((await request(hostless, '/a', text('new'))).body).toBe('new')
    await expect(hostless.purge('a')).rejects.toThrow(/url/)
    await cache.close()
  })

  it('knows the URL by its host, whatever scheme and case it is written with', async () => {
    const engine = createHttpCache(newCache(), { ttl: '1m' })
    for (const url of ['http://example.com/a?b', 'https://EXAMPLE.com/a?b']) {
      await request(engine, '/a?b', text('old'))
      await engine.purge(url)
      expect((await request(engine, '/a?b', text('new'))).body).toBe('new')
    }
    await engine.purge('http://example.com/a')
    expect((await request(engine, '/a?b', text('other'))).cacheStatus).toEqual(HIT)
  })

  it('that the store does not hear is effective here, and delivered when the store is back', async () => {
    let down = false
    const { store } = scriptedStore()
    const fragile = new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        const fails = down && (name === 'delete' || name === 'set')
        return (...args: unknown[]) => (fails ? Promise.reject(new Error('down')) : member.apply(target, args))
      },
    })
    const clock = new FakeClock()
    const here = createHttpCache(newCache(fragile, { clock }), { ttl: '1m' })
    const there = createHttpCache(newCache(store, { clock, tagHold: 0 }), { ttl: '1m' })
    await request(here, '/a', text('old'))
    for (const purge of [() => here.purge('http://example.com/a'), () => here.purgeAll()]) {
      down = true
      expect(await purge()).toBe('journaled')
      const alone = await request(here, '/a', text('new'))
      expect([alone.body, alone.cacheStatus.split(';')[0]]).toEqual(['new', 'fwd=miss'])
      expect((await request(there, '/a', text('unused'))).body).toBe('old')
      down = false
      await clock.advance(100)
      expect((await request(there, '/a', text('new'))).body).toBe('new')
      await here.purgeAll()
      await request(here, '/a', text('old'))
    }
  })

  it('ends with the cache', async () => {
    const cache = newCache()
    const engine = createHttpCache(cache, { ttl: '1m' })
    await cache.close()
    await expect(engine.purge('http://example.com/')).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' })
    await expect(engine.purgeAll()).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' })
    expect((await request(engine, '/', text('still answered'))).body).toBe('still answered')
  })
})

describe('purgeAll', () => {
  it('and clear of the data cache do not touch each other', async () => {
    const cache = newCache()
    const engine = createHttpCache(cache, { ttl: '1m' })
    await cache.set('key', 'value')
    await request(engine, '/', text('x'))
    await cache.clear()
    expect(await cache.get('key')).toBeUndefined()
    expect((await request(engine, '/', text('y'))).body).toBe('x')
    await cache.set('key', 'value')
    expect(await engine.purgeAll()).toBe('delivered')
    expect((await request(engine, '/', text('y'))).body).toBe('y')
    expect(await cache.get('key')).toBe('value')
  })

  // A long ttl makes the fill rewrite the URL's slot after the purge, a Vary list puts the response into a slot that no
  // lease protects.
  it.each([
    ['within the life of the URL’s slot', '30s', []],
    ['beyond it', '1h', []],
    ['into a slot of its own', '1h', ['Vary', 'Accept']],
  ] as const)('voids what is loading: %s', async (_name, ttl, headers) => {
    const engine = createHttpCache(newCache(), { ttl })
    await request(engine, '/other', text('x'))
    for (const purge of [() => engine.purgeAll(), () => engine.purge('http://example.com/')]) {
      let finish!: (body: string) => void
      const loading = request(
        engine,
        '/',
        () =>
          new Promise((resolve) => {
            finish = resolve
          }),
        headers,
      )
      await expect.poll(() => finish).toBeDefined()
      await purge()
      finish('old')
      expect((await loading).body).toBe('old')
      await turn()
      const after = await request(engine, '/', text('new'), headers)
      expect([after.body, after.cacheStatus.split(';')[0]]).toEqual(['new', expect.stringMatching(/^fwd=/)])
      expect((await request(engine, '/', text('unused'), headers)).body).toBe('new')
      await engine.purgeAll()
    }
  })
})

describe('an engine', () => {
  it('gives its routes other options over its own, on the same entries', async () => {
    const clock = new FakeClock()
    const engine = createHttpCache(newCache(memoryStore(), { clock }), { ttl: '1m', query: ['id'] })
    const other = engine.with({ ttl: '1h' })
    expect((await request(engine, '/a?id=1&x=2', text('x'))).cacheStatus).toBe(MISS)
    expect((await request(other, '/a?id=1', text('y'))).cacheStatus).toBe('hit; ttl=60')
    expect((await request(other, '/b?id=1&x=1', text('z'))).cacheStatus).toBe(MISS)
    expect((await request(engine, '/b?id=1', text('z'))).cacheStatus).toBe('hit; ttl=3600')
    expect(() => engine.with({ ttl: -1 })).toThrow(/ttl/)
  })

  it('keeps URLs alive as long as their longest variant', async () => {
    const clock = new FakeClock()
    const engine = createHttpCache(newCache(memoryStore({ clock }), { clock }))
    const vary = ['Vary', 'Accept-Language']
    await request(engine, '/', text('short'), [...vary, 'Cache-Control', 'max-age=10'])
    await clock.advance(11_000)
    await request(engine, '/', text('long'), [...vary, 'Cache-Control', 'max-age=86400'])
    await clock.advance(80_000_000)
    expect((await request(engine, '/', text('unused'))).cacheStatus).toBe('hit; ttl=6400')
    await clock.advance(6_400_000)
    expect((await request(engine, '/', text('new'), vary)).body).toBe('new')
  })

  it('counts a lifetime from the head of a response, not from the end of its body', async () => {
    const clock = new FakeClock()
    const engine = createHttpCache(newCache(memoryStore({ clock }), { clock }))
    const headers = ['Cache-Control', 'max-age=5']
    for (const [seconds, expected] of [
      [3, 'hit; ttl=2'],
      [6, MISS],
    ] as const) {
      await request(engine, `/${seconds}`, text('x'), headers, () => clock.advance(seconds * 1_000))
      await turn()
      expect((await request(engine, `/${seconds}`, text('x'), headers)).cacheStatus).toBe(expected)
    }
  })

  it('counts hits and misses in the stats of its cache, and reports them by URL', async () => {
    const { subscribe, unsubscribe } = await import('node:diagnostics_channel')
    const seen: unknown[] = []
    const onHit = (message: unknown): void => void seen.push(message)
    subscribe('tiercel:hit', onHit)
    const cache = newCache()
    const engine = createHttpCache(cache, { ttl: '1m' })
    await request(engine, '/a', text('x'))
    await request(engine, '/a', text('x'))
    unsubscribe('tiercel:hit', onHit)
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 1, loads: 1, stores: 1 })
    expect(seen).toEqual([{ namespace: '//http', key: 'http:example.com:/a:' }])
  })

  it('holds ten times as many URLs as its store has room for', async () => {
    const store = memoryStore({ maxEntries: 600 })
    const engine = createHttpCache(newCache(store), { ttl: '1m' })
    for (let from = 0; from < 6_000; from += 100) {
      const targets = Array.from({ length: 100 }, (_, index) => `/${from + index}`)
      const answers = await Promise.all(targets.map((target) => request(engine, target, text(target))))
      expect(answers.map(({ body }) => body)).toEqual(targets)
    }
    expect((await request(engine, '/5999', text('unused'))).cacheStatus).toEqual(HIT)
    expect((await request(engine, '/0', text('again'))).body).toBe('again')
  })

  it.each<readonly [string, (index: number) => readonly [string, Record<string, string>]]>([
    ['URLs', (index) => [`/${index}`, {}]],
    ['query strings', (index) => [`/?${index}`, {}]],
    ['variants of one URL', (index) => ['/', { 'x-variant': String(index) }]],
  ])(
    'thousands of %s from one client take no more than maxBytes, and what is asked for now is kept',
    async (_, nth) => {
      let evicted = 0
      const onEviction = (): void => void evicted++
      subscribe('tiercel:eviction', onEviction)
      const engine = createHttpCache(newCache(memoryStore({ maxBytes: 400_000 })), { ttl: '1m' })
      const ask = (index: number) => {
        const [target, fields] = nth(index)
        return request(engine, target, text(`${index}`), ['Vary', 'X-Variant'], undefined, fields)
      }
      for (let index = 0; index < 2_000; index++) await ask(index)
      unsubscribe('tiercel:eviction', onEviction)
      // Each is an entry of 768 bytes at the least.
      expect(evicted).toBeGreaterThan(2_000 - 400_000 / 768)
      expect((await ask(1_999)).cacheStatus).toEqual(HIT)
      expect((await ask(0)).cacheStatus).toContain('stored')
    },
  )

  it('Vary lists of URLs are known in bounded memory: what is forgotten takes a read more', async () => {
    const { store, calls } = scriptedStore()
    const engine = createHttpCache(newCache(store), { ttl: '1m' })
    const vary = Array.from({ length: 30 }, (_, index) => `x-${index}-${'v'.repeat(125)}`).join(', ')
    const ask = (index: number) => request(engine, `/${index}`, text(`${index}`), ['Vary', vary])
    const readsOf = async (index: number): Promise<number> => {
      const before = calls.length
      expect((await ask(index)).cacheStatus).toEqual(HIT)
      return calls.length - before
    }
    // 4 MiB of characters hold about a thousand of them.
    for (let index = 0; index < 1_100; index++) await ask(index)
    expect([await readsOf(1_099), await readsOf(0), await readsOf(0)]).toEqual([1, 2, 1])
  })

  it('never lets two caches on one store load the same URL at once, and shares what either has', async () => {
    const store = memoryStore()
    const engines = [newCache(store), newCache(store)].map((cache) => createHttpCache(cache, { ttl: '1m' }))
    let runs = 0
    const respond = async (): Promise<string> => {
      runs++
      await turn()
      return 'x'
    }
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => request(engines[index % 2] as HttpCache, '/', respond)),
    )
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['x']))
    expect(runs).toBe(1)
  })
})

describe('an entry point that is given an engine', () => {
  const engine = createHttpCache(createCache({ store: memoryStore() }), { ttl: '1m' })

  it('takes it as it is, beside nothing or options that say nothing', () => {
    expect(toHttpCache(engine, undefined)).toBe(engine)
    expect(toHttpCache(engine, { ttl: undefined })).toBe(engine)
  })

  it.each([{ ttl: '1h' }, { tll: '1h' }, '1h', true, null])('refuses %j beside it', (options) => {
    expect(() => toHttpCache(engine, options as HttpCacheOptions)).toThrow(InvalidOptionError)
  })
})
