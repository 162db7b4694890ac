import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { frameworks, gate, newCache, sleep } from './support/apps.js'
import { ask, open, read } from './support/client.js'

/** One run for many clients, and none of them waits for long. */
describe.each(frameworks)('%s: collapsing', (_, start) => {
  it('concurrent misses run the handler once, and all get the whole response', async () => {
    const { opened, open: finish } = gate()
    const cache = newCache()
    const app = await start(
      async (_req, res) => {
        await opened
        res.setHeader('X-Run', 'one')
        res.end('body')
      },
      { cache, options: { hardTimeout: '1h' } },
    )
    const all = Array.from({ length: 50 }, () => app.get('/'))
    await expect.poll(() => cache.stats().misses).toBe(50)
    finish()
    const replies = await Promise.all(all)
    expect(app.runs()).toBe(1)
    expect(new Set(replies.map((reply) => `${reply.header('x-run')} ${reply.text()}`))).toEqual(new Set(['one body']))
    const statuses = replies.map((reply) => reply.cacheStatus())
    expect(statuses.filter((status) => status === 'fwd=uri-miss; stored')).toHaveLength(1)
    expect(statuses.filter((status) => status === 'fwd=uri-miss; collapsed')).toHaveLength(49)
  })

  it('so do two processes on one store', async () => {
    // Two caches share nothing but the store.
    const store = memoryStore()
    const handler = async (_req: unknown, res: { end(body: string): unknown }): Promise<void> => {
      await sleep(100)
      res.end('body')
    }
    const apps = [
      await start(handler, { cache: newCache({ store }) }),
      await start(handler, { cache: newCache({ store }) }),
    ]
    const same = { Host: 'example.com' }
    const replies = await Promise.all(
      apps.flatMap(({ port }) => [ask(port, '/', { headers: same }), ask(port, '/', { headers: same })]),
    )
    expect(replies.map((reply) => reply.text())).toEqual(['body', 'body', 'body', 'body'])
    expect(new Set(apps.map((app) => app.runs()))).toEqual(new Set([0, 1]))
  })

  it('the first client reads the beginning before the handler has ended', async () => {
    const { opened, open: finish } = gate()
    const app = await start(async (_req, res) => {
      res.write('first ')
      await opened
      res.end('last')
    })
    const message = await open(app.port, '/')
    const [beginning] = (await message.iterator({ destroyOnReturn: false }).next()).value.toString().split(' ')
    expect(beginning).toBe('first')
    finish()
    expect((await read(message)).text()).toBe('last')
    expect((await app.get('/')).text()).toBe('first last')
  })

  it('who waits longer than waitTimeout runs by itself, uncached, and holds up nobody', async () => {
    const { opened, open: finish } = gate()
    let first = true
    const app = await start(
      async (_req, res) => {
        const slow = first
        first = false
        if (slow) await opened
        res.end(slow ? 'slow' : 'fast')
      },
      { options: { waitTimeout: 100 } },
    )
    const leader = app.get('/')
    await expect.poll(app.runs).toBe(1)
    const followers = await Promise.all([app.get('/'), app.get('/'), app.get('/')])
    expect(followers.map((reply) => reply.text())).toEqual(['fast', 'fast', 'fast'])
    for (const follower of followers) expect(follower.cacheStatus()).not.toContain('stored')
    finish()
    expect((await leader).text()).toBe('slow')
    expect((await app.get('/')).text()).toBe('slow')
  })

  it('a handler that takes 4 seconds runs once for 30 clients, by default', async () => {
    const { opened, open: finish } = gate()
    const clock = new FakeClock()
    let arrived = 0
    const app = await start(
      async (_req, res) => {
        await opened
        res.end('slow')
      },
      { cache: newCache({ clock }), outside: () => void arrived++ },
    )
    const replies = Promise.all(Array.from({ length: 30 }, () => app.get('/')))
    await expect.poll(() => arrived).toBe(30)
    await expect.poll(app.runs).toBe(1)
    for (let second = 0; second < 4; second++) await clock.advance(1_000)
    finish()
    expect(new Set((await replies).map((reply) => reply.text()))).toEqual(new Set(['slow']))
    expect(app.runs()).toBe(1)
  })

  it('a handler that stalls delays nobody for longer than half of hardTimeout, and those after them not at all', async () => {
    const { opened, open: finish } = gate()
    const clock = new FakeClock()
    let stalled = true
    const app = await start(
      async (_req, res) => {
        const stalls = stalled
        stalled = false
        if (stalls) await opened
        res.end(stalls ? 'stalled' : 'fast')
      },
      { cache: newCache({ clock }), options: { hardTimeout: '10s' } },
    )
    const leader = app.get('/')
    await expect.poll(app.runs).toBe(1)
    /** A request that waits by now: for its answer, and for the bound of waiting. */
    const waiter = async (): Promise<{ readonly reply: ReturnType<typeof app.get> }> => {
      const timers = clock.pending
      const reply = app.get('/')
      await expect.poll(() => clock.pending).toBeGreaterThanOrEqual(timers + 2)
      return { reply }
    }
    const first = await waiter()
    for (let half = 0; half < 10; half++) await clock.advance(500)
    expect((await first.reply).text()).toBe('fast')
    const next = await waiter()
    await clock.advance(1)
    expect((await next.reply).cacheStatus()).toContain('for too long')
    for (let second = 0; second < 6; second++) await clock.advance(1_000)
    await app.get('/')
    expect((await app.get('/')).cacheStatus()).toContain('hit')
    finish()
    expect((await leader).text()).toBe('stalled')
  })

  it('the wait is bounded over all that a request waits for', async () => {
    const cache = newCache()
    const { opened: arrived, open: start_ } = gate()
    let [running, most] = [0, 0]
    const app = await start(
      async (_req, res) => {
        most = Math.max(most, ++running)
        await arrived
        await sleep(80)
        running--
        res.destroy()
      },
      { cache, options: { waitTimeout: 120 } },
    )
    const all = Array.from({ length: 6 }, () => app.get('/'))
    await expect.poll(() => cache.stats().misses).toBe(6)
    start_()
    await Promise.allSettled(all)
    // Who begins to wait again with each handler that dies has one after the other run.
    expect(most).toBeGreaterThanOrEqual(4)
  })

  it('waiters of another variant are not given the first one’s', async () => {
    const app = await start(async (req, res) => {
      await sleep(30)
      res.setHeader('Vary', 'Accept-Language')
      res.end(req.headers['accept-language'])
    })
    const languages = Array.from({ length: 12 }, (_, index) => ['de', 'en', 'fr'][index % 3] as string)
    const replies = await Promise.all(languages.map((language) => app.get('/', { 'Accept-Language': language })))
    expect(replies.map((reply) => reply.text())).toEqual(languages)
    const again = await Promise.all(languages.map((language) => app.get('/', { 'Accept-Language': language })))
    expect(again.map((reply) => reply.text())).toEqual(languages)
  })

  it('a handler that never ends keeps nobody from an answer, and is given up after hardTimeout', async () => {
    let stuck = true
    const app = await start(
      (_req, res) => {
        if (!stuck) res.end('well')
      },
      { options: { hardTimeout: 200, waitTimeout: 50 } },
    )
    const abort = new AbortController()
    const hanging = ask(app.port, '/', { signal: abort.signal }).catch(() => undefined)
    await expect.poll(app.runs).toBe(1)
    stuck = false
    expect((await app.get('/')).text()).toBe('well')
    await expect.poll(async () => (await app.get('/')).cacheStatus()).toContain('hit')
    abort.abort()
    await hanging
  })
})
