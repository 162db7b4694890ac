import { describe, expect, it } from 'vitest'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import { frameworks, newCache } from './support/apps.js'

/** What a route says of its responses by functions of request and response, and what is purged by it. */
describe.each(frameworks)('%s: tags', (_, start) => {
  it('come from the route, and from what the handler answers; each purges what carries it', async () => {
    const engine = createHttpCache(newCache(), {
      ttl: '1m',
      prefixDepth: 1,
      tags: (_req, res) => [`status ${res.status}`, ...(res.headers.get('x-entity')?.split(';') ?? [])],
      cacheable: (_req, res) => res.headers.get('x-draft') === null,
    })
    const app = await start(
      (req, res) => {
        if (req.url === '/draft') res.setHeader('X-Draft', '1')
        if (req.url === '/groups') res.setHeader('Cache-Groups', '"news, local", "News"')
        if (req.url === '/entity') res.setHeader('X-Entity', 'a b;c')
        res.end(req.url)
      },
      { engine },
    )
    const paths = ['/plain', '/groups', '/entity', '/draft']
    const hits = async () => {
      const found: string[] = []
      for (const path of paths) if ((await app.get(path)).cacheStatus().startsWith('hit')) found.push(path)
      return found
    }
    await hits()
    expect(await hits()).toEqual(['/plain', '/groups', '/entity'])
    expect((await app.get('/draft')).cacheStatus()).toContain('route says that it is not cacheable')
    for (const [purge, kept] of [
      [() => engine.purgeTags(['news', 'local', 'a', 'b']), ['/plain', '/groups', '/entity']],
      [() => engine.purgeTags(['news, local']), ['/plain', '/entity']],
      [() => engine.purgeTags(['a b']), ['/plain', '/groups']],
      [() => engine.purgeTags(['status 200']), []],
      [() => engine.purgePrefix('/plain/'), ['/groups', '/entity']],
      [() => engine.purgeAll({ soft: true }), []],
    ] as const) {
      expect(await purge()).toBe('delivered')
      expect(await hits()).toEqual(kept)
    }
  })

  it('a soft purge leaves what is stale to be served while it is refreshed', async () => {
    const options = { ttl: '1m', staleWhileRevalidate: '1m', tags: ['news'], prefixDepth: 1 } as const
    const engine = createHttpCache(newCache(), options)
    let version = 1
    const app = await start((_req, res) => res.end(`version ${version}`), { engine })
    await app.get('/a/b')
    for (const purge of [
      () => engine.purge(`http://127.0.0.1:${app.port}/a/b`, { soft: true }),
      () => engine.purgeTags(['news'], { soft: true }),
      () => engine.purgePrefix('/a', { soft: true }),
      () => engine.purgeAll({ soft: true }),
    ]) {
      const before = await app.get('/a/b')
      expect([before.text(), before.cacheStatus().slice(0, 8)]).toEqual([`version ${version}`, 'hit; ttl'])
      version++
      expect(await purge()).toBe('delivered')
      const stale = await app.get('/a/b')
      expect([stale.text(), stale.cacheStatus()]).toEqual([
        `version ${version - 1}`,
        expect.stringMatching(/^hit; ttl=(0|-\d+)/),
      ])
      await expect.poll(async () => (await app.get('/a/b')).text()).toBe(`version ${version}`)
    }
  })

  it('a write invalidates what its route says, and the groups that its answer names', async () => {
    const engine = createHttpCache(newCache(), {
      ttl: '1m',
      prefixDepth: 1,
      invalidate: (_req, res) => ({ urls: ['/list?page=2'], prefixes: [`/${res.headers.get('x-shop')}/`] }),
    })
    const app = await start(
      (req, res) => {
        if (req.method === 'PUT') res.setHeader('X-Shop', 'shop').setHeader('Cache-Group-Invalidation', '"news"')
        if (req.url === '/news') res.setHeader('Cache-Groups', '"news"')
        res.end(req.url)
      },
      { engine },
    )
    const paths = ['/list?page=2', '/list', '/shop/1', '/news']
    const hits = async () => {
      const found: string[] = []
      for (const path of paths) if ((await app.get(path)).cacheStatus().startsWith('hit')) found.push(path)
      return found
    }
    await hits()
    expect(await hits()).toEqual(paths)
    expect((await app.ask('/written', { method: 'PUT' })).text()).toBe('/written')
    expect(await hits()).toEqual(['/list'])
  })
})
