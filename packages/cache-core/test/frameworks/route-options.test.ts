import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { frameworks, gate, newCache } from './support/apps.js'

/** A route that says itself how it is cached, in an application that says something else. */
describe.each(frameworks)('%s: options of a route', (_, start) => {
  it('rule over those of the application, for lifetime and key', async () => {
    const cache = newCache({ clock: new FakeClock() })
    const app = await start((req, res) => res.end(`${req.url} ${req.headers.cookie ?? 'nobody'}`), {
      cache,
      route: { ttl: '5m', query: ['id'], cookies: [] },
    })
    const first = await app.get('/p?id=1&x=1', { Cookie: 'user=a' })
    expect([first.text(), first.cacheStatus()]).toEqual(['/p?id=1 nobody', 'fwd=uri-miss; stored'])
    const second = await app.get('/p?id=1&x=2', { Cookie: 'user=b' })
    expect([second.text(), second.cacheStatus()]).toEqual(['/p?id=1 nobody', 'hit; ttl=300'])
    expect((await app.get('/p?id=2')).text()).toBe('/p?id=2 nobody')
  })

  it('rule where both have the same key', async () => {
    const app = await start((_req, res) => res.end('x'), { route: { ttl: '5m' } })
    expect((await app.get('/')).cacheStatus()).toBe('fwd=uri-miss; stored')
    // What is left of it, or how long the test has taken.
    expect((await app.get('/')).cacheStatus()).toMatch(/^hit; ttl=(300|2\d\d)$/)
  })

  it('`false` is no cache at all: the handler sees the whole request each time', async () => {
    const app = await start(
      (req, res) => res.end(`${req.url} ${req.headers.cookie} ${req.headers['x-forwarded-for']}`),
      {
        options: { query: [], cookies: [] },
        route: false,
      },
    )
    const headers = { Cookie: 'user=a', 'X-Forwarded-For': '10.0.0.1' }
    for (let pass = 0; pass < 2; pass++) {
      const reply = await app.get('/p?x=1', headers)
      expect([reply.text(), reply.header('cache-status')]).toEqual(['/p?x=1 user=a 10.0.0.1', undefined])
    }
    expect(app.runs()).toBe(2)
  })

  it('`false` makes nobody wait for anybody', async () => {
    const { opened, open } = gate()
    const app = await start(
      async (_req, res) => {
        await opened
        res.end('x')
      },
      { route: false },
    )
    const all = Array.from({ length: 5 }, () => app.get('/'))
    await expect.poll(app.runs).toBe(5)
    open()
    await Promise.all(all)
  })

  it('of many at once one runs the handler', async () => {
    const { opened, open } = gate()
    const app = await start(
      async (_req, res) => {
        await opened
        res.end('x')
      },
      { route: { ttl: '5m', host: false } },
    )
    const all = Array.from({ length: 10 }, () => app.get('/'))
    await expect.poll(app.runs).toBe(1)
    setTimeout(open, 50)
    expect(new Set((await Promise.all(all)).map((reply) => reply.text()))).toEqual(new Set(['x']))
    expect(app.runs()).toBe(1)
  })

  it('a write is heard by both', async () => {
    let version = 1
    const app = await start(
      (req, res) => {
        if (req.method === 'PUT') version++
        res.end(String(version))
      },
      { route: { ttl: '5m', host: false } },
    )
    await app.get('/')
    expect((await app.ask('/', { method: 'PUT' })).text()).toBe('2')
    expect((await app.get('/')).text()).toBe('2')
  })
})
