import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { HttpCacheOptions } from '../../src/http/rules/options.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { type App, frameworks, gate, newCache, newPlace, onNode, type Setup, type Start } from './support/apps.js'
import { ask, open } from './support/client.js'

const WINDOWS = { ttl: '1s', staleWhileRevalidate: '10s' } as const

type Answer = (req: IncomingMessage, res: ServerResponse, run: number) => unknown

interface Aged {
  readonly app: App
  readonly clock: FakeClock
}

/** An application whose `/` was answered with run 1, so long ago. */
async function aged(
  start: Start,
  agedMs: number,
  options: HttpCacheOptions = WINDOWS,
  answer: Answer = (_req, res, run) => void res.end(`run ${run}`),
  setup: Omit<Setup, 'cache' | 'options'> = {},
): Promise<Aged> {
  const clock = new FakeClock()
  const cache = newCache({ clock })
  let runs = 0
  const handler = (req: IncomingMessage, res: ServerResponse): unknown => {
    runs++
    return runs === 1 ? void res.end('run 1') : answer(req, res, runs)
  }
  const app = await start(handler, { ...setup, cache, options })
  expect((await app.get('/')).text()).toBe('run 1')
  await clock.advance(agedMs)
  return { app, clock }
}

/** When what was stored is there: the answer after the one that was stale. */
function settled(app: App, text: string): Promise<void> {
  return expect.poll(async () => (await app.get('/')).text()).toBe(text)
}

/** What is stale is answered at once, and the handler runs behind it: in a framework with a request of the cache's own. */
describe.each(frameworks)('%s: staleWhileRevalidate', (_, start) => {
  it('answers with what is stale, and runs the handler behind the answer', async () => {
    const { opened, open: finish } = gate()
    const { app } = await aged(start, 3_000, WINDOWS, async (_req, res, run) => {
      await opened
      res.setHeader('X-Run', String(run))
      res.end(`run ${run}`)
    })
    const stale = await app.get('/')
    expect([stale.text(), stale.cacheStatus(), stale.header('age')]).toEqual(['run 1', 'hit; ttl=-2', '3'])
    expect(stale.header('warning')).toBeUndefined()
    await expect.poll(app.runs).toBe(2)
    // Who comes meanwhile is answered, too.
    expect((await app.get('/')).text()).toBe('run 1')
    finish()
    await settled(app, 'run 2')
    const fresh = await app.get('/')
    expect([fresh.header('x-run'), fresh.cacheStatus(), fresh.header('age')]).toEqual(['2', 'hit; ttl=1', '0'])
    expect(app.runs()).toBe(2)
  })

  it('the run sees what the key covers, and nothing of the client', async () => {
    const seen: unknown[] = []
    const options = { ...WINDOWS, headers: ['x-tenant'], query: ['page'] }
    const { app, clock } = await aged(start, 0, options, (req, res, run) => {
      const { cookie, 'x-tenant': tenant, 'x-forwarded-for': from, 'if-none-match': condition, host } = req.headers
      seen.push({ method: req.method, url: req.url, cookie, tenant, from, condition, host })
      res.end(`run ${run}`)
    })
    const host = 'shop.example'
    await app.get('/a?page=1&utm=x', { Host: host, 'X-Tenant': 'red' })
    const [first] = seen.splice(0)
    await clock.advance(3_000)
    const other = { 'X-Forwarded-For': '10.0.0.1', 'If-None-Match': '"x"', 'X-Tenant': 'red', Host: host }
    expect((await app.get('/a?page=1&utm=y', other)).text()).toBe('run 2')
    await expect.poll(app.runs).toBe(3)
    expect(seen).toEqual([first])
    expect(seen[0]).toMatchObject({ method: 'GET', tenant: 'red', cookie: undefined, condition: undefined })
  })

  it('whose client goes away at once has its run all the same', async () => {
    const { app } = await aged(start, 3_000)
    const abort = new AbortController()
    const reply = open(app.port, '/', { signal: abort.signal }).then(
      () => abort.abort(),
      () => {},
    )
    await reply
    await settled(app, 'run 2')
    expect(app.runs()).toBe(2)
  })

  it('a HEAD is answered so, too, and what is stored is the whole', async () => {
    const { app } = await aged(start, 3_000)
    const head = await app.ask('/', { method: 'HEAD' })
    expect([head.header('content-length'), head.text(), head.cacheStatus()]).toEqual(['5', '', 'hit; ttl=-2'])
    await settled(app, 'run 2')
  })

  it('a part, or a 304, is answered from what is stale', async () => {
    const { app } = await aged(start, 3_000)
    const part = await app.get('/', { Range: 'bytes=0-2' })
    expect([part.status, part.text()]).toEqual([206, 'run'])
    await settled(app, 'run 2')
  })

  it('of several caches in a row the innermost has the run', async () => {
    const { app, clock } = await aged(start, 3_000, { ttl: '1h' }, undefined, { route: WINDOWS })
    await app.get('/')
    await settled(app, 'run 2')
    expect((await app.get('/')).cacheStatus()).toBe('hit; ttl=1')
    await clock.advance(3_000)
    expect((await app.get('/')).text()).toBe('run 2')
    await settled(app, 'run 3')
    expect(app.runs()).toBe(3)
  })

  it('past the window the client waits for its run', async () => {
    const { app } = await aged(start, 12_000)
    expect((await app.get('/')).text()).toBe('run 2')
  })

  it.each(['must-revalidate', 'proxy-revalidate', 's-maxage=1'])('not what says %s', async (directive) => {
    const clock = new FakeClock()
    let runs = 0
    const app = await start(
      (_req, res) => {
        res.setHeader('Cache-Control', `max-age=1, stale-while-revalidate=60, ${directive}`)
        res.end(`run ${++runs}`)
      },
      { cache: newCache({ clock }), options: WINDOWS },
    )
    await app.get('/')
    await clock.advance(3_000)
    expect((await app.get('/')).text()).toBe('run 2')
  })

  it('what the response says of it itself beats the route', async () => {
    const clock = new FakeClock()
    let runs = 0
    const app = await start(
      (_req, res) => {
        res.setHeader('Cache-Control', 'max-age=1, stale-while-revalidate=60')
        res.end(`run ${++runs}`)
      },
      { cache: newCache({ clock }) },
    )
    await app.get('/')
    await clock.advance(50_000)
    expect((await app.get('/')).text()).toBe('run 1')
    await settled(app, 'run 2')
  })

  it('of two processes one runs the handler', async () => {
    const place = newPlace()
    const clock = new FakeClock()
    const caches = [newCache({ store: place(), clock }), newCache({ store: place(), clock })]
    const { opened, open: finish } = gate()
    const answer = async (_req: unknown, res: ServerResponse): Promise<void> => {
      if (clock.now() > startedAt + 1_000) await opened
      res.end('same')
    }
    const startedAt = clock.now()
    const apps = await Promise.all(caches.map((cache) => start(answer, { cache, options: WINDOWS })))
    const headers = { Host: 'shop.example' }
    const askAll = () => Promise.all(apps.flatMap(({ port }) => [1, 2, 3].map(() => ask(port, '/', { headers }))))
    await ask(apps[0]?.port as number, '/', { headers })
    const runs = () => apps.reduce((sum, app) => sum + app.runs(), 0)
    expect(runs()).toBe(1)
    await clock.advance(3_000)
    for (let round = 0; round < 3; round++) {
      for (const reply of await askAll()) expect(reply.cacheStatus()).toBe('hit; ttl=-2')
    }
    await expect.poll(runs).toBe(2)
    finish()
    await expect
      .poll(async () => (await askAll()).map((reply) => reply.cacheStatus()))
      .toEqual(Array(6).fill('hit; ttl=1'))
    expect(runs()).toBe(2)
  })

  it.each([
    ['answers 500', (_req: unknown, res: ServerResponse) => void res.writeHead(500).end('broken')],
    ['answers 429', (_req: unknown, res: ServerResponse) => void res.writeHead(429).end('slowly')],
    ['breaks off', (_req: unknown, res: ServerResponse) => void res.destroy()],
  ])('a run that %s leaves what is stale, and is not repeated at once', async (_how, answer) => {
    const { app, clock } = await aged(start, 3_000, { ...WINDOWS, staleWhileRevalidate: '1m' }, answer)
    await app.get('/')
    await expect.poll(app.runs).toBe(2)
    await clock.advance(1_000)
    for (let i = 0; i < 5; i++) expect((await app.get('/')).text()).toBe('run 1')
    expect(app.runs()).toBe(2)
    // A lease later.
    await clock.advance(6_000)
    expect((await app.get('/')).text()).toBe('run 1')
    await expect.poll(app.runs).toBe(3)
  })

  it('what is gone, or private now, is not served any more', async () => {
    const { app } = await aged(start, 3_000, WINDOWS, (_req, res, run) => void res.writeHead(404).end(`gone ${run}`))
    await app.get('/')
    await expect.poll(async () => (await app.get('/')).status).toBe(404)
  })

  it.each(['an unsafe method', 'a purge'])('%s during the run wins', async (how) => {
    const { opened, open: finish } = gate()
    const { app } = await aged(start, 3_000, { ...WINDOWS, host: false }, async (req, res, run) => {
      if (run === 2) await opened
      res.end(req.method === 'POST' ? 'written' : `run ${run}`)
    })
    expect((await app.get('/')).text()).toBe('run 1')
    await expect.poll(app.runs).toBe(2)
    if (how === 'a purge') await app.engine.purge('/')
    else await app.ask('/', { method: 'POST' })
    finish()
    const after = how === 'a purge' ? 'run 3' : 'run 4'
    expect((await app.get('/')).text()).toBe(after)
    expect((await app.get('/')).text()).toBe(after)
  })

  it('a client with credentials that the route does not name has no run behind its answer', async () => {
    const { app } = await aged(start, 3_000, WINDOWS, (req, res, run) => {
      res.setHeader('Cache-Control', 'public')
      res.end(`run ${run} for ${req.headers.authorization ?? 'anyone'}`)
    })
    expect((await app.get('/', { Authorization: 'Bearer x' })).text()).toBe('run 2 for Bearer x')
    expect((await app.get('/')).text()).toBe('run 1')
    await settled(app, 'run 3 for anyone')
  })
})

/** Beyond that a failure of the handler is worth less than what is stale. */
describe.each(frameworks)('%s: staleIfError', (framework, start) => {
  const options = { ttl: '1s', staleIfError: '1m' } as const

  it.each([500, 502, 503, 504])('what is stale stands in for a %d', async (status) => {
    const { app } = await aged(start, 3_000, options, (_req, res) => void res.writeHead(status).end('broken'))
    const reply = await app.get('/')
    expect([reply.status, reply.text(), reply.header('age')]).toEqual([200, 'run 1', '3'])
    expect(reply.cacheStatus()).toBe(`fwd=stale; fwd-status=${status}; detail="the handler failed"`)
    // And for the others until a lease is over, without another run.
    expect((await app.get('/')).text()).toBe('run 1')
    expect(app.runs()).toBe(2)
  })

  it('a handler that answers is waited for, once by all', async () => {
    const { opened, open: finish } = gate()
    let arrived = 0
    const { app } = await aged(
      start,
      3_000,
      options,
      async (_req, res, run) => {
        await opened
        res.end(`run ${run}`)
      },
      {
        outside: () => {
          // The first one has come before, and one of these is the cache's own.
          if (++arrived === 10) setTimeout(finish, 20)
        },
      },
    )
    const replies = await Promise.all(Array.from({ length: 9 }, () => app.get('/')))
    expect(new Set(replies.map((reply) => reply.text()))).toEqual(new Set(['run 2']))
    expect(replies.map((reply) => reply.cacheStatus())).toContain('fwd=stale; stored')
    expect(app.runs()).toBe(2)
    expect((await app.get('/')).cacheStatus()).toBe('hit; ttl=1')
  })

  it.each([
    ['breaks off', (_req: unknown, res: ServerResponse) => void res.destroy()],
    [
      'dies midway',
      (_req: unknown, res: ServerResponse) => {
        res.write('begun')
        setTimeout(() => res.destroy(), 5)
      },
    ],
  ])('what is stale stands in for a handler that %s', async (_how, answer) => {
    const { app } = await aged(start, 3_000, options, answer)
    const reply = await app.get('/')
    expect([reply.text(), reply.complete]).toEqual(['run 1', true])
  })

  it('and for one that does not answer within hardTimeout', async () => {
    const { app, clock } = await aged(start, 3_000, { ...options, hardTimeout: '2s' }, () => {})
    const waiting = app.get('/')
    await expect.poll(app.runs).toBe(2)
    await clock.advance(2_000)
    expect((await waiting).text()).toBe('run 1')
  })

  it.each([429, 501, 529])('a %d is the answer to its client, and leaves what is stale', async (status) => {
    const { app, clock } = await aged(
      start,
      3_000,
      options,
      (req, res) => void res.writeHead(req.headers['x-busy'] === undefined ? 503 : status).end('not now'),
    )
    const busy = { 'X-Busy': 'yes' }
    // Behind it first; for the length of a lease then by the client's own run alone, since each would cost two.
    expect([(await app.get('/', busy)).status, app.runs()]).toEqual([status, 3])
    expect([(await app.get('/', busy)).status, app.runs()]).toEqual([status, 4])
    expect((await app.get('/')).text()).toBe('run 1')
    await clock.advance(6_000)
    expect([(await app.get('/', busy)).status, app.runs()]).toEqual([status, 7])
    expect((await app.get('/')).text()).toBe('run 1')
  })

  it('past the window the failure is the answer', async () => {
    const { app } = await aged(start, 62_000, options, (_req, res) => void res.writeHead(503).end('broken'))
    expect((await app.get('/')).status).toBe(503)
  })

  it('other answers are the client’s own, and what is private now is not shared', async () => {
    const { app } = await aged(start, 3_000, options, (_req, res, run) => {
      res.setHeader('Cache-Control', 'private')
      res.end(`run ${run}`)
    })
    const replies = [await app.get('/'), await app.get('/')]
    expect(replies.map((reply) => reply.text())).toEqual(['run 3', 'run 4'])
    expect(replies.map((reply) => reply.cacheStatus())).toEqual(
      Array(2).fill(expect.stringContaining('detail="response says private"')),
    )
  })

  if (onNode(framework)) return
  it('what throws has failed', async () => {
    const { app } = await aged(start, 3_000, options, (_req, res) => void res.socket?.destroy())
    expect((await app.get('/')).text()).toBe('run 1')
  })
})
