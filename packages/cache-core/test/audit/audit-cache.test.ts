import { afterEach, describe, expect, it, vi } from 'vitest'
import { type AuditOptions, auditCache, type CacheAudit, type StaleEntry } from '../../src/audit/index.js'
import { InvalidOptionError } from '../../src/base/errors.js'
import { type Cache, createCache } from '../../src/data/cache.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { FakeClock, turn } from '../../src/testing/fake-clock.js'

const open: { audits: CacheAudit[]; caches: Cache[] } = { audits: [], caches: [] }
afterEach(async () => {
  for (const audit of open.audits.splice(0)) audit.stop()
  await Promise.all(open.caches.splice(0).map((cache) => cache.close()))
})

interface SetUp {
  readonly clock: FakeClock
  readonly cache: Cache
  readonly database: Map<string, unknown>
  readonly found: StaleEntry[]
  audit(options?: Partial<AuditOptions>, of?: Cache): CacheAudit
}

function setUp(): SetUp {
  const clock = new FakeClock()
  const cache = createCache({ store: memoryStore({ clock }), clock, jitter: 0, near: true })
  open.caches.push(cache)
  const database = new Map<string, unknown>()
  const found: StaleEntry[] = []
  return {
    clock,
    cache,
    database,
    found,
    audit(options = {}, of = cache) {
      const source = (key: unknown): unknown => database.get(String(key))
      const audit = auditCache(of, {
        sample: 1,
        within: '5s',
        source,
        onStale: (entry) => found.push(entry),
        ...options,
      })
      open.audits.push(audit)
      return audit
    },
  }
}

describe('an audit', () => {
  it('finds a change that the cache was not told of, when its time is over', async () => {
    const { clock, cache, database, found, audit } = setUp()
    await cache.set('k', { price: 1 })
    database.set('k', { price: 2 })
    const auditing = audit()
    expect(await cache.get('k')).toEqual({ price: 1 })
    await turn()
    await turn()
    expect(auditing.report()).toMatchObject({ hits: 2, compared: 1, stale: 0, pending: 1 })
    await clock.advance(4_999)
    expect(found).toEqual([])
    await clock.advance(1)
    expect(found).toEqual([{ key: 'k', cached: { price: 1 }, present: { price: 2 }, lateMs: 5_000 }])
    expect(auditing.report()).toMatchObject({ stale: 1, caughtUp: 0, pending: 0 })
  })

  it('says nothing of what is the same, by value', async () => {
    const { cache, database, found, audit } = setUp()
    database.set('k', { list: [1, { two: 2 }] })
    const auditing = audit()
    await cache.set('k', { list: [1, { two: 2 }] })
    await cache.get('k')
    await turn()
    await turn()
    expect(auditing.report()).toMatchObject({ compared: 1, same: 1, pending: 0 })
    expect(found).toEqual([])
  })

  it.each([
    ['the cache was told in time', async (cache: Cache): Promise<unknown> => cache.delete('k')],
    ['the value was replaced in time', async (cache: Cache): Promise<unknown> => cache.set('k', 'new')],
    [
      'the source went back',
      async (_: Cache, database: Map<string, unknown>): Promise<unknown> => database.set('k', 'old'),
    ],
  ])('says nothing where %s', async (_, change) => {
    const { clock, cache, database, found, audit } = setUp()
    await cache.set('k', 'old')
    database.set('k', 'new')
    const auditing = audit()
    await cache.get('k')
    await turn()
    await turn()
    await change(cache, database)
    await clock.advance(5_000)
    expect(found).toEqual([])
    expect(auditing.report()).toMatchObject({ compared: 1, caughtUp: 1, stale: 0 })
  })

  it('says nothing where the source has nothing, fails, or the value is stale by the application’s own wish', async () => {
    const { clock, cache, database, found, audit } = setUp()
    await cache.set('nothing', 1)
    await cache.set('stale', 1, { ttl: '1s', staleWhileRevalidate: '1h' })
    database.set('stale', 2)
    const auditing = audit({
      source: (key) => {
        if (key === 'fails') throw new Error('database')
        return database.get(String(key))
      },
    })
    await cache.set('fails', 1)
    await clock.advance(2_000)
    for (const key of ['nothing', 'fails']) await cache.get(key)
    await cache.getOrSet('stale', () => new Promise(() => {}), { staleWhileRevalidate: '1h' })
    await turn()
    await turn()
    await clock.advance(10_000)
    expect(found).toEqual([])
    expect(auditing.report()).toMatchObject({ skipped: 1, failed: 1, stale: 0, pending: 0 })
  })

  it('looks at the share of hits that it was told, with few at a time', async () => {
    const { cache, database, audit } = setUp()
    const source = vi.fn((key: unknown) => database.get(String(key)))
    for (let index = 0; index < 2_000; index++) {
      database.set(`k${index}`, 'new')
      await cache.set(`k${index}`, 'old')
    }
    const sampled = audit({ sample: 0.1, source, maxPending: 10_000 })
    const bounded = audit({ maxPending: 3 })
    for (let index = 0; index < 2_000; index++) await cache.get(`k${index}`)
    for (let index = 0; index < 10; index++) await turn()
    expect(sampled.report().hits).toBeGreaterThanOrEqual(2_000)
    expect(sampled.report().compared).toBeGreaterThan(100)
    expect(sampled.report().compared).toBeLessThan(400)
    expect(bounded.report().pending).toBe(3)
  })

  it('belongs to one namespace, sees near hits, hits of getOrSet and of batches, and keys in parts', async () => {
    const { clock, cache, database, found, audit } = setUp()
    const users = cache.namespace('users')
    const auditing = audit({}, users)
    database.set('a,1', 'new')
    database.set('b', 'new')
    await cache.set('b', 'old')
    await cache.get('b')
    expect(auditing.report().hits).toBe(0)
    await users.getOrSet(['a', 1], () => 'old')
    await clock.advance(1)
    await users.getOrSet(['a', 1], () => 'other')
    await users.set('b', 'old')
    await users.getMany(['b'])
    await turn()
    await turn()
    await clock.advance(5_000)
    expect(found.map(({ key }) => key)).toEqual([['a', 1], 'b'])
  })

  it('ends when it is stopped', async () => {
    const { clock, cache, database, found, audit } = setUp()
    await cache.set('k', 'old')
    database.set('k', 'new')
    const auditing = audit()
    await cache.get('k')
    await turn()
    await turn()
    auditing.stop()
    await clock.advance(10_000)
    await cache.get('k')
    expect(found).toEqual([])
    expect(auditing.report()).toMatchObject({ pending: 0, stale: 0 })
  })

  it('refuses options that cannot be meant', () => {
    const { cache } = setUp()
    expect(() => auditCache(cache, {} as AuditOptions)).toThrow(InvalidOptionError)
    expect(() => auditCache(cache, { source: () => 1, sample: 2 })).toThrow('sample')
    expect(() => auditCache({} as Cache, { source: () => 1 })).toThrow('cache')
  })
})
