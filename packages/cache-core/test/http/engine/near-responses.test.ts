import { describe, expect, it } from 'vitest'
import { createHttpCache, type HttpCache } from '../../../src/http/engine/http-cache.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import type { Cache, CacheOptions } from '../../../src/index.js'
import { type FakeClock, turn } from '../../../src/testing/fake-clock.js'
import { linked } from '../../support/near.js'
import { endsAfter, gate, setUp } from '../../support/set-up.js'
import { request } from '../support/ask-engine.js'

const text = (body: string) => (): string => body
const unused = text('a handler that should not run')
const URL = 'http://example.com/a'

/** Two processes with near caches on one store, and what the first one asks of it. */
async function twoProcesses(options: HttpCacheOptions = {}, near: Partial<CacheOptions> = { near: {} }) {
  const parts = await linked(setUp({ tagHold: 0, ...near }))
  const other = await linked(parts.another())
  const httpCacheOver = (cache: Cache): HttpCache => createHttpCache(cache, { ttl: '1m', ...options })
  return {
    ...parts,
    here: httpCacheOver(parts.cache),
    there: httpCacheOver(other.cache),
    asked: () => parts.faulty.calls.length,
  }
}

/** While time passes. */
async function timed<T>(clock: FakeClock, call: Promise<T>): Promise<T> {
  await endsAfter(clock, call)
  return call
}

/** Stored, and near: the first hit reads the store. */
async function warmed(engine: HttpCache, body = 'old', headers: readonly string[] = []): Promise<void> {
  await request(engine, '/a', text(body), headers)
  expect((await request(engine, '/a', unused)).body).toBe(body)
}

describe('a response that is near', () => {
  it('is answered with without asking the store, and at once', async () => {
    const { here, cache, asked } = await twoProcesses()
    await warmed(here)
    const before = asked()
    expect(await request(here, '/a', unused)).toEqual({ body: 'old', cacheStatus: 'hit; ttl=60' })
    expect(asked()).toBe(before)
    expect(cache.stats()).toMatchObject({ nearHits: 1, nearEntries: 1 })
  })

  it.each([
    ['a purge of the URL', (engine: HttpCache) => engine.purge(URL)],
    ['a soft purge of the URL', (engine: HttpCache) => engine.purge(URL, { soft: true })],
    ['a purge of all', (engine: HttpCache) => engine.purgeAll()],
    ['a purge of its tag', (engine: HttpCache) => engine.purgeTags(['red'])],
    ['a purge of its prefix', (engine: HttpCache) => engine.purgePrefix('/a')],
  ])('leaves every process at %s', async (_, purge) => {
    const { here, there } = await twoProcesses({ tags: () => ['red'], prefixDepth: 1 })
    await warmed(here)
    expect((await request(there, '/a', unused)).body).toBe('old')
    expect((await request(there, '/a', unused)).body).toBe('old')
    await purge(here)
    expect((await request(here, '/a', text('new'))).body).toBe('new')
    expect((await request(there, '/a', unused)).body).toBe('new')
  })

  it('leaves at a purge that the store does not hear', async () => {
    const { here, faulty, clock } = await twoProcesses()
    await warmed(here)
    faulty.freeze()
    expect(await timed(clock, here.purge(URL))).toBe('journaled')
    expect((await request(here, '/a', text('new'))).body).toBe('new')
  })

  it('does not enter when it was purged while it was read', async () => {
    const { here, there, faulty } = await twoProcesses()
    await request(here, '/a', text('old'))
    const answered = gate()
    faulty.faultOf = (operation) => (operation.startsWith('get') ? { answerAfter: answered.promise } : undefined)
    const reading = request(here, '/a', unused)
    await turn()
    faulty.thaw()
    await there.purge(URL)
    answered.open()
    expect((await reading).body).toBe('old')
    expect((await request(here, '/a', text('new'))).body).toBe('new')
  })

  it('is that of its variant, and goes when the URL has more of them', async () => {
    const { here, there } = await twoProcesses({ headers: [] })
    await warmed(here, 'for all')
    await request(there, '/a', unused)
    await here.purge(URL)
    await request(here, '/a', text('by language'), ['Vary', 'Accept-Language'])
    expect((await request(there, '/a', unused)).body).toBe('by language')
    expect((await request(there, '/a', unused)).body).toBe('by language')
  })

  it('is not for a client with credentials, unless it is public', async () => {
    const { here } = await twoProcesses()
    await warmed(here)
    expect((await request(here, '/a', text('own'), [], undefined, { Cookie: 'a=b' })).body).toBe('own')
    await here.purge(URL)
    await warmed(here, 'public', ['Cache-Control', 'public'])
    expect((await request(here, '/a', unused, [], undefined, { Cookie: 'a=b' })).body).toBe('public')
  })

  it('is not longer there than the near ttl, and not fresh for longer than it is', async () => {
    const { here, clock, asked } = await twoProcesses({ ttl: '10s' }, { near: { ttl: '2s' } })
    await warmed(here)
    await clock.advance(2_000)
    const before = asked()
    expect((await request(here, '/a', unused)).cacheStatus).toBe('hit; ttl=8')
    expect(asked()).toBeGreaterThan(before)
    await clock.advance(8_000)
    expect((await request(here, '/a', text('new'))).body).toBe('new')
  })
})

describe('while the store does not answer', () => {
  it('what is near is answered with, and what handlers answer is near from then on', async () => {
    const { here, faulty, clock } = await twoProcesses()
    await warmed(here)
    faulty.freeze()
    expect((await request(here, '/a', unused)).body).toBe('old')
    expect((await timed(clock, request(here, '/b', text('b')))).body).toBe('b')
    expect((await request(here, '/b', unused)).body).toBe('b')
    expect(await timed(clock, here.purge('http://example.com/b'))).toBe('journaled')
    expect((await request(here, '/b', text('new'))).body).toBe('new')
  })

  it('what was near when the bus was lost is answered with to the end of its near ttl, but for what is purged here', async () => {
    const { here, cache, faulty, clock } = await twoProcesses({ ttl: '1m' }, { near: { ttl: '10s' } })
    await warmed(here)
    faulty.freeze()
    await clock.advance(4_000)
    expect((await timed(clock, request(here, '/a', unused))).body).toBe('old')
    expect(cache.stats()).toMatchObject({ nearHits: 1 })
    expect(await timed(clock, here.purge(URL))).toBe('journaled')
    expect((await timed(clock, request(here, '/a', text('new')))).body).toBe('new')
    await clock.advance(10_100)
    expect((await timed(clock, request(here, '/a', text('newer')))).body).toBe('newer')
  })

  it.each([
    ['a tag', (engine: HttpCache) => engine.purgeTags(['red'])],
    ['a prefix', (engine: HttpCache) => engine.purgePrefix('/b')],
    ['all, softly', (engine: HttpCache) => engine.purgeAll({ soft: true })],
  ])('what handlers have answered meanwhile leaves this process at a purge of %s', async (_, purge) => {
    const { here, faulty, clock } = await twoProcesses({ tags: () => ['red'], prefixDepth: 1 })
    faulty.freeze()
    await timed(clock, request(here, '/b', text('b')))
    expect((await request(here, '/b', unused)).body).toBe('b')
    expect(await timed(clock, purge(here))).toBe('journaled')
    expect((await timed(clock, request(here, '/b', text('new')))).body).toBe('new')
  })

  it('what is stale is answered with, within its window', async () => {
    const { here, faulty, clock } = await twoProcesses({ ttl: '1s', staleWhileRevalidate: '10s' })
    await warmed(here)
    await clock.advance(3_000)
    faulty.freeze()
    const stale = await timed(clock, request(here, '/a', unused))
    expect(stale).toEqual({ body: 'old', cacheStatus: 'hit; ttl=-3' })
  })

  it.each([
    ['must-revalidate', 'max-age=1, must-revalidate'],
    ['proxy-revalidate', 'max-age=1, proxy-revalidate'],
    ['s-maxage', 's-maxage=1'],
    ['nothing of stale windows', 'max-age=1'],
  ])('what is stale and says %s is not, however long it is kept to be validated', async (_, directives) => {
    const options: HttpCacheOptions = { profile: 'rfc9111', ttl: undefined, staleIfError: 0, keepStale: '1d' }
    const { here, faulty, clock } = await twoProcesses(options)
    await warmed(here, 'old', ['Cache-Control', directives, 'ETag', '"a"'])
    await clock.advance(3_000)
    faulty.freeze()
    expect((await timed(clock, request(here, '/a', text('new')))).body).toBe('new')
  })

  describe('and the handler fails', () => {
    const failing = (engine: HttpCache) => request(engine, '/a', text('down'), [], undefined, {}, 503)
    const STOOD_IN = /fwd=stale; fwd-status=503/
    /** Stale, and no longer near in itself. */
    async function longAgo() {
      const parts = await twoProcesses({ ttl: '10s', staleIfError: '1m' }, { near: { ttl: '2s' } })
      await warmed(parts.here)
      await parts.clock.advance(15_000)
      return parts
    }

    it('what was near stands in within staleIfError, and nobody runs the handler again for a lease', async () => {
      const { here, faulty, clock } = await longAgo()
      faulty.freeze()
      expect((await timed(clock, failing(here))).cacheStatus).toMatch(STOOD_IN)
      expect((await timed(clock, request(here, '/a', unused))).body).toBe('old')
      await clock.advance(5_000)
      expect((await timed(clock, failing(here))).cacheStatus).toMatch(STOOD_IN)
      await clock.advance(5_000)
      expect((await timed(clock, request(here, '/a', text('new')))).body).toBe('new')
      expect((await timed(clock, request(here, '/a', unused))).body).toBe('new')
    })

    it('nothing stands in beyond staleIfError', async () => {
      const { here, faulty, clock } = await longAgo()
      await clock.advance(55_100)
      faulty.freeze()
      expect((await timed(clock, failing(here))).cacheStatus).not.toMatch(STOOD_IN)
    })

    it('nothing stands in for what this process has purged', async () => {
      const { here, faulty, clock } = await longAgo()
      faulty.freeze()
      expect(await timed(clock, here.purge(URL))).toBe('journaled')
      expect((await timed(clock, failing(here))).cacheStatus).not.toMatch(STOOD_IN)
    })

    it('nothing stands in that the store was seen to have no more', async () => {
      const { here, faulty, clock, memory } = await longAgo()
      await memory.purge()
      expect((await failing(here)).cacheStatus).not.toMatch(STOOD_IN)
      faulty.freeze()
      expect((await timed(clock, failing(here))).cacheStatus).not.toMatch(STOOD_IN)
    })
  })

  it('what a client with credentials gets is nobody else’s', async () => {
    const { here, faulty, clock } = await twoProcesses()
    faulty.freeze()
    const own = request(here, '/a', text('own'), [], undefined, { Cookie: 'a=b' })
    expect((await timed(clock, own)).body).toBe('own')
    expect((await timed(clock, request(here, '/a', text('for all')))).body).toBe('for all')
  })
})
