import { AsyncLocalStorage } from 'node:async_hooks'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import { frameworks, gate, newCache, onNode, sleep } from './support/apps.js'

/** What went wrong in front of real applications, one case of each kind, on every entry point. */
describe.each(frameworks)('%s: cases from the field', (name, start) => {
  /** As `on-headers` does it, on which sessions, CSRF and timing layers stand. */
  function whenHeadIsWritten(res: ServerResponse, listener: () => void): void {
    const { writeHead } = res
    let isWritten = false
    res.writeHead = ((...rest: Parameters<typeof writeHead>) => {
      if (!isWritten) listener()
      isWritten = true
      return writeHead.apply(res, rest)
    }) as typeof writeHead
  }

  it('K0: a layer inside sets its cookie when the head of a write goes out', async () => {
    const app = await start((_req, res) => {
      whenHeadIsWritten(res, () => res.setHeader('Set-Cookie', 'session=1'))
      res.setHeader('Content-Type', 'application/json')
      res.end('{}')
    })
    const reply = await app.ask('/login', { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: 'x' })
    expect([reply.status, reply.lines('set-cookie'), reply.text()]).toEqual([200, ['session=1'], '{}'])
  })

  it('K2: what a layer outside made of a field counts, and is what the handler sees', async () => {
    const users = new Map([
      ['key a', 'ann'],
      ['key b', 'bob'],
    ])
    const app = await start((req, res) => res.end(`for ${req.headers['x-user']}`), {
      options: { headers: ['x-user'] },
      outside: (req) => {
        req.headers['x-user'] = users.get(String(req.headers['x-ticket'])) ?? 'nobody'
      },
    })
    for (let pass = 0; pass < 2; pass++) {
      expect((await app.get('/', { 'X-Ticket': 'key a' })).text()).toBe('for ann')
      expect((await app.get('/', { 'X-Ticket': 'key b' })).text()).toBe('for bob')
      expect((await app.get('/', { 'X-User': 'admin' })).text()).toBe('for nobody')
    }
    expect(app.runs()).toBe(3)
  })

  it.runIf(onNode(name))('K6: a read of which a layer inside makes a write runs each time', async () => {
    let version = 1
    const app = await start((req, res) => {
      if (req.url?.endsWith('_method=PUT')) req.method = 'PUT'
      if (req.method === 'PUT') version++
      res.end(`version ${version}`)
    })
    for (const now of [2, 3]) expect((await app.get('/i/1?_method=PUT')).text()).toBe(`version ${now}`)
    await app.get('/i/1')
    expect((await app.get('/i/1')).cacheStatus().slice(0, 3)).toBe('hit')
    expect(app.runs()).toBe(3)
  })

  it('K2: an API key is a credential', async () => {
    const app = await start((req, res) => res.end(`for ${req.headers['x-api-key']}`))
    for (const key of ['a', 'b']) expect((await app.get('/', { 'X-API-Key': key })).text()).toBe(`for ${key}`)
    expect((await app.get('/')).text()).toBe('for undefined')
  })

  it.runIf(onNode(name))(
    'K3: a field that the handler takes away is away on hits, and one that it sets stays',
    async () => {
      const app = await start(
        (_req, res) => {
          res.removeHeader('X-Frame-Options')
          res.setHeader('X-Same', 'value')
          res.setHeader('Vary', 'Accept-Encoding')
          res.end('x')
        },
        {
          outside: (req, res) => {
            res.setHeader('X-Frame-Options', 'DENY')
            if (req.headers.origin) {
              res.setHeader('Vary', 'Origin')
              res.setHeader('X-Same', 'value')
            }
          },
        },
      )
      await app.get('/')
      const hit = await app.get('/', { Origin: 'https://a.example' })
      expect([hit.cacheStatus().slice(0, 3), hit.header('x-frame-options'), hit.header('x-same')]).toEqual([
        'hit',
        undefined,
        'value',
      ])
      expect(hit.lines('vary').join(', ').toLowerCase().split(', ').sort()).toEqual(['accept-encoding', 'origin'])
    },
  )

  it('K4: a part of what is never stored is a part each time', async () => {
    const app = await start((req, res) => {
      res.setHeader('Cache-Control', 'private, no-store')
      if (req.headers.range === 'bytes=0-1') {
        res.writeHead(206, { 'Content-Range': 'bytes 0-1/4' }).end('bo')
      } else res.end('body')
    })
    for (let pass = 0; pass < 3; pass++) {
      const reply = await app.get('/', { Range: 'bytes=0-1' })
      expect([reply.status, reply.text()]).toEqual([206, 'bo'])
    }
  })

  it('K5: a cookie that a layer outside sets for new visitors is there on hits', async () => {
    const app = await start((_req, res) => res.end('x'), {
      options: { cookies: [] },
      outside: (req, res) => {
        if (req.headers.cookie === undefined) res.setHeader('Set-Cookie', 'visitor=new')
      },
    })
    await app.get('/', { Cookie: 'visitor=known' })
    const hit = await app.get('/')
    expect([hit.cacheStatus().slice(0, 3), hit.lines('set-cookie')]).toEqual(['hit', ['visitor=new']])
    expect((await app.get('/', { Cookie: 'visitor=known' })).header('set-cookie')).toBeUndefined()
  })

  it('K6: a write is heard in every spelling of its URL', async () => {
    let version = 1
    const app = await start((req, res) => {
      if (req.method === 'PUT') version++
      res.end(String(version))
    })
    for (const [read, written] of [
      ['/i/1/', '/i/1'],
      ['/I/2', '/i/2'],
    ] as const) {
      const before = (await app.get(read)).text()
      await app.ask(written, { method: 'PUT' })
      expect((await app.get(read)).text()).toBe(String(Number(before) + 1))
    }
  })

  it('K7: what a purge says it removed is removed', async () => {
    const engine = createHttpCache(newCache(), { ttl: '1m' })
    const app = await start((_req, res) => res.end('x'), { engine })
    const headers = { Host: 'h.example' }
    await app.get('/caf%C3%A9', headers)
    expect(await engine.purge('http://h.example/café')).toBe('delivered')
    expect((await app.get('/caf%C3%A9', headers)).cacheStatus()).toContain('stored')
  })

  it('K8: Accept may list an event stream among others', async () => {
    const app = await start((_req, res) => res.end('x'))
    const headers = { Accept: 'application/json, text/event-stream, multipart/mixed' }
    await app.get('/', headers)
    expect((await app.get('/', headers)).cacheStatus()).toContain('hit')
  })

  it('K9: a slow handler runs once for all that wait', async () => {
    const { opened, open: finish } = gate()
    const cache = newCache()
    const app = await start(
      async (_req, res) => {
        await opened
        res.end('x')
      },
      { cache, options: { hardTimeout: '1h' } },
    )
    const all = Array.from({ length: 30 }, () => app.get('/'))
    await expect.poll(() => cache.stats().misses).toBe(30)
    finish()
    const replies = await Promise.all(all)
    expect([app.runs(), new Set(replies.map((reply) => reply.text()))]).toEqual([1, new Set(['x'])])
  })

  it('K10: `host: false` answers, and one entry serves all hosts', async () => {
    const app = await start((req, res) => res.end(`at ${req.headers.host}`), { options: { host: false } })
    const [miss, hit] = [await app.get('/', { Host: 'a.example' }), await app.get('/', { Host: 'b.example' })]
    expect([miss.status, hit.cacheStatus().slice(0, 3), hit.text()]).toEqual([200, 'hit', miss.text()])
  })

  it.runIf(onNode(name))('a handler finds the async context that a layer outside has entered', async () => {
    const users = new AsyncLocalStorage<string>()
    const app = await start(
      async (_req, res) => {
        await sleep(20)
        res.end(users.getStore() ?? 'nobody')
      },
      { outside: (req) => users.enterWith(String(req.headers['x-ticket'])) },
    )
    const ask = (user: string) => app.get('/', { 'X-Ticket': user, 'Cache-Control': 'no-cache', Cookie: 'a=1' })
    expect((await Promise.all(['ann', 'bob'].map(ask))).map((reply) => reply.text())).toEqual(['ann', 'bob'])
    expect((await app.get('/shared', { 'X-Ticket': 'eve' })).text()).toBe('eve')
  })
})
