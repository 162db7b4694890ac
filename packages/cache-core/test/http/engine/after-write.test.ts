import { describe, expect, it } from 'vitest'
import { createHttpCache, type HttpCache } from '../../../src/http/engine/http-cache.js'
import type { Invalidated } from '../../../src/http/rules/after-write.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { createCache, memoryStore } from '../../../src/index.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { listenTo } from '../../support/diagnostics.js'
import { type Asking, ask, HIT } from '../support/asking.js'

function newEngine(options: HttpCacheOptions = {}, clock?: FakeClock) {
  const cache = createCache({ store: memoryStore(clock && { clock }), ...(clock && { clock }) })
  return { cache, engine: createHttpCache(cache, { ttl: '1m', prefixDepth: 1, ...options }) }
}

const pages = ['/list', '/list?page=2', '/tree/a', '/tagged', '/other']

/** Which pages are gone after a write to another URL. */
async function goneAfter(engine: HttpCache, write: Asking): Promise<string[]> {
  const load = async (path: string) => {
    const headers = path === '/tagged' ? ['Cache-Groups', '"news, local"'] : []
    return (await ask(engine, path, { headers })).cacheStatus.startsWith('hit')
  }
  for (const path of pages) await load(path)
  await ask(engine, '/written', { method: 'POST', ...write })
  const gone: string[] = []
  for (const path of pages) if (!(await load(path))) gone.push(path)
  return gone
}

describe('invalidate', () => {
  it.each<[string, Invalidated | undefined, string[]]>([
    ['nothing', undefined, []],
    ['nothing named', {}, []],
    ['URLs, on its own host', { urls: ['/list', '/x/../list?page=2'] }, ['/list', '/list?page=2']],
    ['an absolute URL', { urls: ['http://example.com/list'] }, ['/list']],
    ['a URL of another host', { urls: ['http://example.org/list'] }, []],
    ['a prefix', { prefixes: ['/tree/'] }, ['/tree/a']],
    ['a tag', { tags: ['news, local'] }, ['/tagged']],
    ['all of these', { urls: ['/list'], prefixes: ['/tree'], tags: ['news, local'] }, ['/list', '/tree/a', '/tagged']],
    ['the root of all paths', { prefixes: ['/'] }, pages],
    [
      'as stale',
      { urls: ['/list'], prefixes: ['/tree'], tags: ['news, local'], soft: true },
      ['/list', '/tree/a', '/tagged'],
    ],
  ])('of %s', async (_, invalidated, expected) => {
    const { engine } = newEngine({ invalidate: () => invalidated })
    expect(await goneAfter(engine, {})).toEqual(expected)
  })

  it('is asked about the write and its answer, when that is no error and no redirect of the write', async () => {
    const asked: unknown[] = []
    const { engine } = newEngine({
      invalidate: (req, res) => {
        asked.push([(req as { target: string }).target, res.status, res.headers.get('x-id')])
        return undefined
      },
    })
    for (const status of [200, 303, 307, 308, 400, 404, 500]) {
      await ask(engine, '/written', { method: 'PUT', status, headers: ['X-Id', '7'] })
    }
    await ask(engine, '/written')
    expect(asked).toEqual([
      ['/written', 200, '7'],
      ['/written', 303, '7'],
    ])
  })

  it('reaches the values of the data cache by their tags', async () => {
    const { cache, engine } = newEngine({ invalidate: () => ({ tags: ['product'], prefixes: ['/'] }) })
    await cache.set('a', 1, { tags: ['product'] })
    await ask(engine, '/written', { method: 'DELETE' })
    expect(await cache.get('a')).toBeUndefined()
  })

  it.each<[string, () => Invalidated | undefined]>([
    ['throws', () => expect.unreachable('after a write') as never],
    ['returns a text', () => 'news' as never],
    ['names what there is not', () => ({ tag: ['news'] }) as never],
    ['names a URL that is none', () => ({ urls: ['list'] })],
    ['names a prefix deeper than responses are marked', () => ({ prefixes: ['/tree/a'] })],
  ])('where it %s its developer is told, and the write is answered and heard', async (_, invalidate) => {
    const { engine } = newEngine({ invalidate })
    const errors = listenTo('route-error')
    await ask(engine, '/written')
    expect(await goneAfter(engine, {})).toEqual([])
    expect((await ask(engine, '/written')).cacheStatus).not.toEqual(HIT)
    expect(errors()).toMatchObject([{ option: 'invalidate', error: expect.any(Error) }])
  })
})

describe('Cache-Group-Invalidation', () => {
  const named = (field: string) => ['Cache-Group-Invalidation', field]

  it.each([
    ['a group', { headers: named('"news, local"') }, ['/tagged']],
    ['several', { headers: named('"x", "news, local";y=1, ""') }, ['/tagged']],
    ['parts of its name', { headers: named('"news", "local"') }, []],
    ['another case', { headers: named('"News, Local"') }, []],
    ['what is no list of strings', { headers: named('"news, local", token') }, []],
    ['an answer that is an error', { headers: named('"news, local"'), status: 409 }, []],
    ['a safe method', { headers: named('"news, local"'), method: 'OPTIONS' }, []],
  ])('of %s', async (_, write, expected) => {
    expect(await goneAfter(newEngine().engine, write)).toEqual(expected)
  })
})

describe('eviction', () => {
  const written = { method: 'PUT', headers: ['Cache-Group-Invalidation', '"news, local"'] }

  it('by time: a write invalidates nothing', async () => {
    const clock = new FakeClock()
    const { engine } = newEngine({ eviction: 'time', invalidate: () => ({ tags: ['news, local'] }) }, clock)
    await ask(engine, '/written')
    expect(await goneAfter(engine, written)).toEqual([])
    expect((await ask(engine, '/written')).cacheStatus).toEqual(HIT)
    await clock.advance(60_000)
    expect((await ask(engine, '/written')).cacheStatus).not.toEqual(HIT)
  })

  it('by writes: no lifetime ends a response, a write does, and what may not be stored is not', async () => {
    const clock = new FakeClock()
    const { engine } = newEngine({ eviction: 'writes' }, clock)
    await ask(engine, '/written', { headers: ['Cache-Control', 'max-age=1'] })
    await clock.advance(86_400_000)
    expect((await ask(engine, '/written')).cacheStatus).toBe('hit')
    await ask(engine, '/written', { method: 'PUT' })
    const headers = ['Cache-Control', 'no-store']
    expect((await ask(engine, '/written', { headers })).cacheStatus).toMatch(/response says no-store/)
  })
})
