import { describe, expect, it } from 'vitest'
import { EVERYTHING } from '../../../src/base/tags.js'
import { createHttpCache, type HttpCache } from '../../../src/http/engine/http-cache.js'
import { Resources } from '../../../src/http/engine/resource.js'
import { urlText } from '../../../src/http/engine/slot-texts.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { type Cache, createCache, memoryStore } from '../../../src/index.js'
import { handleOf } from '../../../src/protocol/engine.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { listenTo } from '../../support/diagnostics.js'
import { ask, HIT } from '../support/asking.js'

function newEngine(options: HttpCacheOptions = {}, cache: Cache = createCache({ store: memoryStore() })) {
  return { cache, engine: createHttpCache(cache, { ttl: '1m', ...options }) }
}

const MISS = expect.stringMatching(/^fwd=(uri-)?miss; stored$/)

/** What stands in the store of a URL's plain variant: gone, or stale beyond its windows, of which these routes have none. */
async function standing(cache: Cache, path: string): Promise<string> {
  const resources = new Resources(handleOf(cache))
  const { variant } = await resources.locate(urlText(['example.com', path, '']), () => [], [EVERYTHING])
  const { state } = variant
  return state.is === 'dead' && state.outlived !== undefined ? 'stale' : state.is === 'fresh' ? 'fresh' : 'gone'
}

describe('a soft purge', () => {
  it.each<[string, HttpCacheOptions, (engine: HttpCache, soft: boolean) => Promise<string>]>([
    ['of a URL', {}, (engine, soft) => engine.purge('http://example.com/a', { soft })],
    ['of a tag', { tags: ['news'] }, (engine, soft) => engine.purgeTags(['news'], { soft })],
    ['of a prefix', { prefixDepth: 1 }, (engine, soft) => engine.purgePrefix('/a/', { soft })],
    ['of all', {}, (engine, soft) => engine.purgeAll({ soft })],
  ])('%s keeps what is stored as stale, a hard one does not', async (_, options, purge) => {
    const { cache, engine } = newEngine(options)
    for (const [soft, expected] of [
      [true, 'stale'],
      [false, 'gone'],
      [true, 'stale'],
    ] as const) {
      await ask(engine, '/a')
      expect(await standing(cache, '/a')).toBe('fresh')
      expect(await purge(engine, soft)).toBe('delivered')
      expect(await standing(cache, '/a')).toBe(expected)
      expect((await ask(engine, '/a')).cacheStatus).toEqual(MISS)
      expect((await ask(engine, '/a')).cacheStatus).toEqual(HIT)
    }
  })

  it('of a URL is another one each time, keeps its variants apart, and touches no other URL', async () => {
    const { engine } = newEngine()
    const headers = ['Vary', 'Accept-Language']
    const load = (language: string) => ask(engine, '/a', { headers, asked: ['Accept-Language', language] })
    const all = async () => [(await load('de')).cacheStatus, (await load('en')).cacheStatus]
    await ask(engine, '/b')
    for (let pass = 0; pass < 3; pass++) {
      await all()
      expect(await all()).toEqual([HIT, HIT])
      await engine.purge('http://example.com/a', { soft: true })
      expect(await all()).toEqual([MISS, MISS])
    }
    expect((await ask(engine, '/b')).cacheStatus).toEqual(HIT)
  })

  it('of a URL that is not stored is nothing; what cannot be stored is an error', async () => {
    const { engine } = newEngine()
    expect(await engine.purge('http://example.com/nothing', { soft: true })).toBe('delivered')
    await expect(engine.purge('/nothing', { soft: true })).rejects.toThrow(/url/)
  })

  it('of a URL makes stale from birth what is loading', async () => {
    const { cache, engine } = newEngine()
    let finish: (body: string) => void = () => {}
    const loading = ask(engine, '/a', { body: new Promise<string>((resolve) => (finish = resolve)) })
    await new Promise((resolve) => setImmediate(resolve))
    await engine.purge('http://example.com/a', { soft: true })
    finish('old')
    await loading
    expect(await standing(cache, '/a')).toBe('stale')
  })

  it('that the store does not take is a hard one, kept until the store is back', async () => {
    const clock = new FakeClock()
    const { store, fail, heal } = brokenWrites(clock)
    const { engine } = newEngine({}, createCache({ store, clock }))
    await ask(engine, '/a')
    fail()
    expect(await engine.purge('http://example.com/a', { soft: true })).toBe('journaled')
    expect((await ask(engine, '/a')).cacheStatus).toMatch(/a purge of this URL has not reached the store yet/)
    heal()
    await clock.advance(100)
    expect((await ask(engine, '/a')).cacheStatus).toEqual(MISS)
  })

  it('is told to diagnostics as one', async () => {
    const { engine } = newEngine({ tags: ['news'] })
    await ask(engine, '/a')
    const told = listenTo('invalidation')
    await engine.purge('http://example.com/a', { soft: true })
    await engine.purgeTags(['news'], { soft: true })
    await engine.purge('http://example.com/a')
    expect(told().map(({ soft, tags }) => [soft, tags])).toEqual([
      [true, undefined],
      [true, ['news']],
      [undefined, undefined],
    ])
  })
})

function brokenWrites(clock: FakeClock) {
  let down = false
  const memory = memoryStore({ clock })
  const store = new Proxy(memory, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      const fails = down && (name === 'delete' || name === 'set' || name === 'compareAndSet')
      return (...args: unknown[]) => (fails ? Promise.reject(new Error('down')) : member.apply(target, args))
    },
  })
  return { store, fail: () => (down = true), heal: () => (down = false) }
}

describe('purgePrefix', () => {
  const paths = ['/', '/shop', '/shop/1', '/shop/1/reviews', '/shopping', '/Shop/2?page=1', '/shop//3/', '/caf%C3%A9/4']

  async function purged(prefix: string): Promise<readonly string[]> {
    const { engine } = newEngine({ prefixDepth: 2 })
    for (const path of paths) await ask(engine, path)
    expect(await engine.purgePrefix(prefix)).toBe('delivered')
    const gone: string[] = []
    for (const path of paths) if (!(await ask(engine, path)).cacheStatus.startsWith('hit')) gone.push(path)
    return gone
  }

  it.each([
    ['/shop/', ['/shop', '/shop/1', '/shop/1/reviews', '/Shop/2?page=1', '/shop//3/']],
    ['/shop', ['/shop', '/shop/1', '/shop/1/reviews', '/Shop/2?page=1', '/shop//3/']],
    ['/shop/1', ['/shop/1', '/shop/1/reviews']],
    ['/x/../SHOP/1/', ['/shop/1', '/shop/1/reviews']],
    ['/café', ['/caf%C3%A9/4']],
    ['/caf%c3%a9/', ['/caf%C3%A9/4']],
    ['/sho', []],
    ['/', paths],
  ])('%s', async (prefix, expected) => {
    expect(await purged(prefix)).toEqual(expected)
  })

  it('is one write on each mark, whatever the number of URLs, and needs no list of them', async () => {
    const { engine, cache } = newEngine({ prefixDepth: 1 })
    for (let index = 0; index < 20; index++) await ask(engine, `/a/${index}`)
    const told = listenTo('invalidation')
    await engine.purgePrefix('/a')
    expect(told()).toHaveLength(1)
    expect(await standing(cache, '/a/7')).toBe('gone')
  })

  it('deeper than a cache of this process marks its responses is an error that says what to set', async () => {
    const { cache, engine } = newEngine({ prefixDepth: 2 })
    await expect(engine.purgePrefix('/a/b/c')).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining('needs prefixDepth: 3'),
    })
    createHttpCache(cache, { bypass: true })
    await engine.purgePrefix('/a/b')
    createHttpCache(cache)
    await expect(engine.purgePrefix('/a')).rejects.toThrow(/needs prefixDepth: 1 on every httpCache of this cache/)
    await engine.purgePrefix('/')
  })

  it.each(['', 'a', 'http://example.com/a', '/a?b', '/a#b', 7])('of %j is an error', async (prefix) => {
    await expect(newEngine({ prefixDepth: 1 }).engine.purgePrefix(prefix as string)).rejects.toThrow(/prefix/)
  })

  it('takes a long one as any other', async () => {
    const { engine } = newEngine({ prefixDepth: 1 })
    const [one, other] = [`/${'a'.repeat(400)}b`, `/${'a'.repeat(400)}c`]
    await ask(engine, `${one}/1`)
    await ask(engine, `${other}/1`)
    await engine.purgePrefix(one)
    expect((await ask(engine, `${one}/1`)).cacheStatus).toEqual(MISS)
    expect((await ask(engine, `${other}/1`)).cacheStatus).toEqual(HIT)
  })

  it('touches no tag of the application, and no tag a prefix', async () => {
    const { engine } = newEngine({ prefixDepth: 1, tags: ['/a', '/'] })
    await ask(engine, '/b/1')
    await engine.purgePrefix('/a')
    expect((await ask(engine, '/b/1')).cacheStatus).toEqual(HIT)
    await expect(engine.purgeTags(['\0/b'])).rejects.toThrow(/NUL/)
  })
})

it.each([{ hard: true }, 7, null])('options of a purge that cannot be meant are an error: %j', async (options) => {
  const { engine } = newEngine()
  await expect(engine.purgeAll(options as never)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
})

it('purges end with the cache', async () => {
  const { cache, engine } = newEngine({ prefixDepth: 1 })
  await cache.close()
  for (const purge of [
    () => engine.purge('http://example.com/a', { soft: true }),
    () => engine.purgeTags(['a']),
    () => engine.purgePrefix('/a'),
    () => engine.purgeAll({ soft: true }),
  ]) {
    await expect(purge()).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' })
  }
})
