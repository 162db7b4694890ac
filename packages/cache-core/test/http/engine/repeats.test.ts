import { beforeEach, describe, expect, it } from 'vitest'
import type { CompleteResponse } from '../../../src/http/engine/exchange.js'
import { createHttpCache, type HttpCache } from '../../../src/http/engine/http-cache.js'
import type { CacheRequest } from '../../../src/http/message/message.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { type Cache, createCache, memoryStore } from '../../../src/index.js'
import { FakeClock, turn } from '../../../src/testing/fake-clock.js'
import { linked } from '../../support/near.js'
import { endsAfter, type SetUp, setUp } from '../../support/set-up.js'
import { ask, HIT } from '../support/asking.js'
import { get } from '../support/requests.js'

const URL = 'http://example.com/a'

/** What goes out at once; `undefined`: nothing. */
function atOnce(engine: HttpCache, request: CacheRequest): CompleteResponse | undefined {
  let sent: CompleteResponse | undefined
  void engine.handle({
    request,
    send: (head) => {
      sent = head
    },
    run: async () => ({ end: 'passed' }),
    write: () => expect.unreachable('a GET is no write'),
  })
  return sent
}

describe.each([
  ['in memory', {}],
  ['near', { near: {} }],
])('a hit %s that is repeated', (_, options) => {
  let clock: FakeClock
  let cache: Cache
  let engine: HttpCache

  function make(rules: HttpCacheOptions = {}): void {
    clock = new FakeClock()
    cache = createCache({ clock, store: memoryStore({ clock }), ...options })
    engine = createHttpCache(cache, { ttl: '1m', ...rules })
  }

  /** Stores what this handler answers, and asks until one and the same head goes out. */
  async function repeat(asking: Parameters<typeof ask>[2] = {}): Promise<CompleteResponse> {
    await ask(engine, '/a', asking)
    // As whole seconds stand, the next moment says something else.
    await clock.advance(1)
    const request = get('/a', Object.fromEntries([asking.asked ?? []].filter(({ length }) => length === 2)))
    for (let asked = 0; asked < 10; asked++) {
      const head = atOnce(engine, request)
      if (head !== undefined && head === atOnce(engine, request)) return head
      await turn()
    }
    throw new Error('nothing was repeated')
  }

  beforeEach(() => make())

  it('counts as each hit', async () => {
    await repeat()
    const before = cache.stats()
    for (let asked = 0; asked < 5; asked++) atOnce(engine, get('/a'))
    const { hits, nearHits } = cache.stats()
    expect(hits + nearHits - before.hits - before.nearHits).toBe(5)
  })

  it.each<[string, () => Promise<unknown>]>([
    ['a purge of its URL', () => engine.purge(URL)],
    ['a soft purge of its URL', () => engine.purge(URL, { soft: true })],
    ['a purge of its tag', () => engine.purgeTags(['red'])],
    ['a soft purge of its tag', () => engine.purgeTags(['red'], { soft: true })],
    ['a purge of all', () => engine.purgeAll()],
    ['a soft purge of all', () => engine.purgeAll({ soft: true })],
    ['a purge of its prefix', () => engine.purgePrefix('/a')],
    ['an invalidation of its tag below', () => cache.invalidateTags(['red'])],
    ['a write to its URL', () => ask(engine, '/a', { method: 'POST' })],
    ['a purge by another cache on the same URLs', () => createHttpCache(cache, { ttl: '1s' }).purge(URL)],
    ['the end of its life', () => clock.advance(60_000)],
    ['a wall clock that is set far ahead', async () => clock.setWall(clock.now() + 3_600_000)],
  ])('ends at %s', async (_what, change) => {
    make({ tags: ['red'], prefixDepth: 1 })
    await repeat()
    await change()
    expect(atOnce(engine, get('/a'))).toBeUndefined()
    expect((await ask(engine, '/a', { body: 'new' })).body).toBe('new')
  })

  it('tells its age and what is left of its life right, second by second', async () => {
    await repeat()
    for (let ms = 1; ms < 3_000; ms += 100) {
      const { headers } = atOnce(engine, get('/a')) as CompleteResponse
      const left = Math.floor((60_000 - ms) / 1_000)
      expect(headers.slice(-4)).toEqual([
        'Age',
        String(Math.floor(ms / 1_000)),
        'Cache-Status',
        `tiercel; hit; ttl=${left}`,
      ])
      await clock.advance(100)
    }
  })

  it('says no younger age after the wall clock was set back', async () => {
    await repeat()
    await clock.advance(5_500)
    await repeat()
    clock.setWall(clock.now() - 3_000)
    const { headers } = atOnce(engine, get('/a')) as CompleteResponse
    expect(headers.slice(-4, -2)).toEqual(['Age', '2'])
  })

  it.each<[string, Partial<CacheRequest>]>([
    ['a cookie', { headers: ['Host', 'example.com', 'cookie', 'a=b'] }],
    ['credentials', { headers: ['Host', 'example.com', 'AUTHORIZATION', 'Basic eA=='] }],
    ['an API key', { headers: ['Host', 'example.com', 'X-Api-Key', 'x'] }],
    ['content', { headers: ['Host', 'example.com', 'Content-Length', '1'] }],
    ['content without fields that tell so', { hasContent: true }],
    ['a client certificate', { credential: 'TLS client certificate' }],
    ['another host', { headers: ['Host', 'example.org'] }],
    ['two hosts', { headers: ['Host', 'example.com', 'Host', 'example.com'] }],
    ['another scheme', { scheme: 'https' }],
    ['another origin behind a proxy', { origin: { scheme: 'http', host: 'example.org' } }],
    ['another URL for its handler', { url: '/b' }],
    ['a constraint of its route', { constraints: ['version="1"'] }],
    ['a query', { target: '/a?b' }],
    ['another method', { method: 'OPTIONS' }],
    ['an event stream', { headers: ['Host', 'example.com', 'Accept', 'text/Event-Stream'] }],
    ['a WebSocket', { headers: ['Host', 'example.com', 'Upgrade', 'websocket'] }],
    ['another variant', { headers: ['Host', 'example.com', 'Accept-Language', 'de'] }],
    ['a variant of two lines', { headers: ['Host', 'example.com', 'Accept-Language', 'en', 'Accept-Language', 'en'] }],
    ['no variant', { headers: ['Host', 'example.com'] }],
  ])('is not for a request with %s', async (_what, more) => {
    const mine = await repeat({ headers: ['Vary', 'Accept-Language'], asked: ['Accept-Language', 'en'] })
    const { headers } = get('/a', { 'Accept-Language': 'en' })
    expect(atOnce(engine, { ...get('/a'), headers })).toBe(mine)
    expect(atOnce(engine, { ...get('/a'), headers, ...more })).toBeUndefined()
  })

  it('is for any other request that asks for the same', async () => {
    const mine = await repeat({ headers: ['Vary', 'Accept-Language'], asked: ['Accept-Language', 'en'] })
    const headers = ['user-agent', 'x', 'accept-language', 'en', 'Accept', 'text/html, */*', 'Host', 'example.com']
    expect(atOnce(engine, { ...get('/a'), headers })).toBe(mine)
  })

  it.each([
    ['If-None-Match', '"x"', 304],
    ['Range', 'bytes=0-0', 206],
    ['If-Match', '"y"', 412],
  ])('leaves a request with %s to what answers it otherwise', async (name, value, status) => {
    await repeat({ body: 'body', headers: ['ETag', '"x"'] })
    expect(atOnce(engine, get('/a', { [name]: value }))?.status).toBe(status)
  })

  it('leaves to its client what that asks of caches', async () => {
    make({ profile: 'rfc9111' })
    await repeat({ body: 'old' })
    for (const asked of [
      ['Cache-Control', 'no-cache'],
      ['Pragma', 'no-cache'],
      ['cache-control', 'min-fresh=61'],
    ]) {
      expect((await ask(engine, '/a', { asked, body: 'new' })).body).toBe('new')
    }
  })

  it('asks the functions of a route about each request', async () => {
    let bypassed = 0
    make({ bypass: () => bypassed++ > 20 })
    await ask(engine, '/a')
    for (let asked = 0; asked < 20; asked++) expect((await ask(engine, '/a')).cacheStatus).toEqual(HIT)
    expect((await ask(engine, '/a')).cacheStatus).toBe('fwd=bypass; detail="route asks for it"')
  })

  it('ends with the cache', async () => {
    await repeat()
    await cache.close()
    expect(atOnce(engine, get('/a'))).toBeUndefined()
  })

  it('is forgotten within a second, so that it keeps nothing in memory', async () => {
    await repeat()
    await clock.advance(1_000)
    const [, second, third, fourth] = Array.from({ length: 4 }, () => atOnce(engine, get('/a')))
    expect(third).not.toBe(second)
    expect(fourth).toBe(third)
  })
})

it.each<[string, (there: HttpCache) => Promise<unknown>]>([
  ['a purge of its URL', (there) => there.purge(URL)],
  ['a purge of all', (there) => there.purgeAll()],
])('%s by another process ends what is repeated near', async (_, purge) => {
  const parts = await linked(setUp({ tagHold: 0, near: {} }))
  const there = createHttpCache((await linked(parts.another())).cache, { ttl: '1m' })
  const here = createHttpCache(parts.cache, { ttl: '1m' })
  for (let asked = 0; asked < 3; asked++) await ask(here, '/a')
  await parts.clock.advance(1)
  const heads = Array.from({ length: 4 }, () => atOnce(here, get('/a')))
  expect(heads[3]).toBeDefined()
  expect(heads[3]).toBe(heads[2])
  await endsAfter(parts.clock, purge(there))
  expect(atOnce(here, get('/a'))).toBeUndefined()
})

describe('what is repeated near is found no more where its URL varies on more', () => {
  const ofLanguage = { headers: ['Vary', 'Accept-Language'], asked: ['Accept-Language', 'en'] }
  const ofMore = { headers: ['Vary', 'Accept-Language, X-V'], asked: ['Accept-Language', 'de'] }
  const english = get('/a', { 'Accept-Language': 'en' })

  async function repeats(parts: SetUp): Promise<HttpCache> {
    const engine = createHttpCache(parts.cache, { ttl: '1m' })
    for (let asked = 0; asked < 3; asked++) await ask(engine, '/a', ofLanguage)
    await parts.clock.advance(1)
    const heads = Array.from({ length: 4 }, () => atOnce(engine, english))
    expect(heads[3]).toBeDefined()
    expect(heads[3]).toBe(heads[2])
    return engine
  }

  it('since a response said so that the store did not take', async () => {
    const parts = await linked(setUp({ near: {}, storeTimeout: 10 }))
    const engine = await repeats(parts)
    parts.faulty.freeze()
    await endsAfter(parts.clock, ask(engine, '/a', ofMore))
    expect(atOnce(engine, english)).toBeUndefined()
  })

  it('since another process has found out, and there is no bus', async () => {
    const parts = setUp({ near: {} })
    Object.assign(parts.memory, { capabilities: { ...parts.memory.capabilities, bus: false } })
    const here = await repeats({ ...parts, ...parts.another() })
    await ask(createHttpCache(parts.another().cache, { ttl: '1m' }), '/a', ofMore)
    await ask(here, '/a', { asked: ['Accept-Language', 'de'] })
    expect(atOnce(here, english)).toBeUndefined()
  })
})

it('what is hit keeps its place in a store that is full, although hits are repeated', async () => {
  const clock = new FakeClock()
  const cache = createCache({ clock, store: memoryStore({ clock, maxEntries: 12 }) })
  const engine = createHttpCache(cache, { ttl: '1h' })
  await ask(engine, '/a')
  for (let url = 0; url < 12; url++) {
    for (let asked = 0; asked < 3; asked++) expect((await ask(engine, '/a')).cacheStatus).toEqual(HIT)
    await clock.advance(1_000)
    await ask(engine, `/other/${url}`)
  }
})

it('an entry that is evicted is not answered with any more', async () => {
  const clock = new FakeClock()
  const engine = createHttpCache(createCache({ clock, store: memoryStore({ clock, maxEntries: 10 }) }), { ttl: '1h' })
  await ask(engine, '/a')
  for (let asked = 0; asked < 5; asked++) expect(atOnce(engine, get('/a'))).toBeDefined()
  for (let url = 0; url < 10; url++) await ask(engine, `/other/${url}`)
  expect(atOnce(engine, get('/a'))).toBeUndefined()
})

it('a store whose reads are replaced is asked at once', async () => {
  const store = memoryStore()
  const engine = createHttpCache(createCache({ store }), { ttl: '1h' })
  await ask(engine, '/a')
  for (let asked = 0; asked < 5; asked++) expect(atOnce(engine, get('/a'))).toBeDefined()
  store.get = async () => undefined
  store.getMany = async (keys) => keys.map(() => undefined)
  expect(atOnce(engine, get('/a'))).toBeUndefined()
})
