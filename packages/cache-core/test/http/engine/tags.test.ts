import { describe, expect, it } from 'vitest'
import { createHttpCache } from '../../../src/http/engine/http-cache.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { createCache, memoryStore } from '../../../src/index.js'
import { listenTo } from '../../support/diagnostics.js'
import { ask, HIT } from '../support/asking.js'

const groups = (field: string) => ['Cache-Groups', field]

function newEngine(options: HttpCacheOptions = {}) {
  const cache = createCache({ store: memoryStore() })
  return { cache, engine: createHttpCache(cache, { ttl: '1m', ...options }) }
}

describe('tags of a response', () => {
  it('are those of the route, of its function and of Cache-Groups; each purges it, and nothing else', async () => {
    const { engine } = newEngine({ tags: ['all of it'] })
    const dynamic = engine.with({
      tags: (req, res) => [(req as { target: string }).target, `status ${res.status}`, res.headers.get('x-tag') ?? ''],
    })
    const pages = [
      [engine, '/fixed', []],
      [dynamic, '/made', ['X-Tag', 'made']],
      [engine, '/named', groups('"news, local", "News";a=1')],
    ] as const
    const load = () => Promise.all(pages.map(([by, target, headers]) => ask(by, target, { headers })))
    const hits = async () => (await load()).map(({ cacheStatus }) => cacheStatus.startsWith('hit'))
    await load()
    expect(await hits()).toEqual([true, true, true])
    for (const [tag, kept] of [
      ['all of it', [false, true, false]],
      ['/made', [true, false, true]],
      ['status 200', [true, false, true]],
      ['made', [true, false, true]],
      ['news, local', [true, true, false]],
      ['News', [true, true, false]],
      ['news', [true, true, true]],
      ['local', [true, true, true]],
      ['all', [true, true, true]],
    ] as const) {
      expect(await engine.purgeTags([tag])).toBe('delivered')
      expect([tag, await hits()]).toEqual([tag, kept])
      await load()
    }
  })

  it('are the marks of the data cache: either way of invalidating reaches both, of this namespace', async () => {
    const { cache, engine } = newEngine({ tags: ['product:7'] })
    const other = createHttpCache(cache.namespace('shop'), { ttl: '1m', tags: ['product:7'] })
    const load = async () => {
      await ask(engine, '/a')
      await ask(other, '/a')
      await cache.set('a', 1, { tags: ['product:7'] })
    }
    const kept = async () => [(await ask(engine, '/a')).cacheStatus, await cache.get('a')]
    await load()
    await cache.invalidateTags(['product:7'])
    expect(await kept()).toEqual(['fwd=uri-miss; stored', undefined])
    await load()
    await engine.purgeTags(['product:7'])
    expect(await kept()).toEqual(['fwd=uri-miss; stored', undefined])
    expect((await ask(other, '/a')).cacheStatus).toEqual(HIT)
  })

  it('a tag is one tag, whatever stands in it', async () => {
    const { engine } = newEngine({ tags: () => ['a b,c', 'x"y'] })
    await ask(engine, '/a')
    await engine.purgeTags(['a', 'b', 'c', 'b,c', 'a b', 'x', 'y', 'A B,C'])
    expect((await ask(engine, '/a')).cacheStatus).toEqual(HIT)
    await engine.purgeTags(['x"y'])
    expect((await ask(engine, '/a')).cacheStatus).toBe('fwd=uri-miss; stored')
  })

  it.each([
    ['a token', 'news'],
    ['a number', '"news", 1'],
    ['an inner list', '("news")'],
    ['a comma at the end', '"news",'],
    ['no quotes at the end', '"news'],
    ['what is no ASCII', '"n\u00e9ws"'],
    ['a wrong escape', '"n\\ews"'],
  ])('Cache-Groups with %s is as good as absent', async (_, field) => {
    const { engine } = newEngine()
    await ask(engine, '/a', { headers: groups(field) })
    await engine.purgeTags(['news'])
    expect((await ask(engine, '/a')).cacheStatus).toEqual(HIT)
  })

  it('64 are kept, over several lines; with one more the response is not stored, since it could not be purged', async () => {
    const { engine } = newEngine({ tags: ['route'] })
    const names = Array.from({ length: 63 }, (_, index) => `"${index}"`)
    const lines = [...groups(names.slice(0, 40).join(', ')), ...groups(names.slice(40).join())]
    await ask(engine, '/a', { headers: lines })
    await engine.purgeTags(['62'])
    expect((await ask(engine, '/a', { headers: lines })).cacheStatus).toBe('fwd=uri-miss; stored')
    await ask(engine, '/a')
    const more = await ask(engine, '/b', { headers: [...lines, ...groups('"one more"')] })
    expect(more.cacheStatus).toBe('fwd=uri-miss; detail="response has more than 64 tags"')
  })

  it.each([['""'], [`"${'a'.repeat(201)}"`]])(
    'a group that cannot be a tag, %s, keeps the response out',
    async (field) => {
      const { engine } = newEngine()
      expect((await ask(engine, '/a', { headers: groups(field) })).cacheStatus).toMatch(/Cache-Groups holds a name/)
    },
  )

  it.each([
    ['throws', () => expect.unreachable('no tags') as never],
    ['returns no list', () => 'news' as never],
    ['returns a tag of none', () => ['']],
    ['returns too many', () => Array.from({ length: 65 }, (_item, index) => String(index))],
  ])('where the function %s, the client is answered, nothing is stored, and its developer is told', async (_, tags) => {
    const { engine } = newEngine({ tags })
    const errors = listenTo('route-error')
    const answered = await ask(engine, '/a', { body: 'answer' })
    expect(answered).toMatchObject({
      body: 'answer',
      cacheStatus: 'fwd=uri-miss; detail="the route\'s function tags failed"',
    })
    expect(errors()).toHaveLength(1)
  })

  it('a load that a purge of its tags overtakes leaves nothing behind, whenever the tags were known', async () => {
    for (const tags of [['news'], () => ['news']]) {
      const { engine } = newEngine({ tags })
      let finish: (body: string) => void = () => {}
      const loading = ask(engine, '/a', { body: new Promise<string>((resolve) => (finish = resolve)) })
      await expect.poll(() => finish).not.toBe(undefined)
      await new Promise((resolve) => setImmediate(resolve))
      await engine.purgeTags(['news'])
      finish('old')
      expect((await loading).body).toBe('old')
      expect((await ask(engine, '/a', { body: 'new' })).body).toBe('new')
    }
  })

  it('an invalidation of another tag while its handler runs keeps a response out once at most', async () => {
    const { cache, engine } = newEngine({ tags: () => ['news'] })
    const loadBeside = async (headers: readonly string[]) => {
      let finish: (body: string) => void = () => {}
      const body = new Promise<string>((resolve) => {
        finish = resolve
      })
      const loading = ask(engine, '/a', { body, headers })
      await new Promise((resolve) => setImmediate(resolve))
      await cache.invalidateTags(['sport'])
      finish('body')
      await loading
      const kept = (await ask(engine, '/a')).cacheStatus.startsWith('hit')
      await engine.purge('http://example.com/a')
      return kept
    }
    expect(await loadBeside([])).toBe(false)
    expect(await loadBeside([])).toBe(true)
    // A tag that was not known before is only believed with proof.
    expect(await loadBeside(groups('"a group"'))).toBe(false)
    expect(await loadBeside([])).toBe(true)
  })

  it('other processes see a purge after tagHold, at once without it', async () => {
    const store = memoryStore()
    const here = createHttpCache(createCache({ store }), { ttl: '1m' })
    const there = createHttpCache(createCache({ store, tagHold: 0 }), { ttl: '1m' })
    await ask(there, '/a', { headers: groups('"news"') })
    await ask(there, '/a')
    await here.purgeTags(['news'])
    expect((await ask(there, '/a')).cacheStatus).toBe('fwd=uri-miss; stored')
  })
})

describe('cacheable', () => {
  it('decides by request and response, and leaves a pass mark', async () => {
    const { engine } = newEngine({ cacheable: (_req, res) => res.headers.get('x-final') === 'yes' })
    const refused = 'fwd=uri-miss; detail="route says that it is not cacheable"'
    expect((await ask(engine, '/a')).cacheStatus).toBe(refused)
    expect((await ask(engine, '/a')).cacheStatus).toBe('fwd=miss; detail="route says that it is not cacheable"')
    await ask(engine, '/b', { headers: ['X-Final', 'yes'] })
    expect((await ask(engine, '/b')).cacheStatus).toEqual(HIT)
  })

  it('beats no rule: what may not be stored it is not asked about', async () => {
    let asked = 0
    const { engine } = newEngine({ cacheable: () => ++asked > 0 })
    const headers = ['Cache-Control', 'private']
    expect((await ask(engine, '/a', { headers })).cacheStatus).toMatch(/response says private/)
    expect(asked).toBe(0)
  })

  it('that fails keeps the response out, and its developer is told', async () => {
    for (const cacheable of [() => 1 as never, () => expect.unreachable('of no response') as never]) {
      const { engine } = newEngine({ cacheable })
      const errors = listenTo('route-error')
      expect((await ask(engine, '/a')).cacheStatus).toMatch(/function cacheable failed/)
      expect(errors()).toHaveLength(1)
    }
  })
})
