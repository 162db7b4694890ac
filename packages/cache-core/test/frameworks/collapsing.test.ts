import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { frameworks, gate, newCache, newPlace, sleep } from './support/apps.js'
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
    const place = newPlace()
    const handler = async (_req: unknown, res: { end(body: string): unknown }): Promise<void> => {
      await sleep(100)
      res.end('body')
    }
    const apps = [
      await start(handler, { cache: newCache({ store: place() }) }),
      await start(handler, { cache: newCache({ store: place() }) }),
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
    await pass(clock, 4_000)
    finish()
    expect(new Set((await replies).map((reply) => reply.text()))).toEqual(new Set(['slow']))
    expect(app.runs()).toBe(1)
  })

  it('a handler that stalls delays nobody for longer than half of hardTimeout, and those after them not at all', async () => {
    const { opened, open: finish } = gate()
    const clock = new ToldClock()
    let stalled = true
    const app = await start(
      async (_req, res) => {
        const stalls = stalled
        stalled = false
        if (stalls) await opened
        res.end(stalls ? 'stalled' : 'fast')
      },
      { cache: newCache({ clock }), options: { hardTimeout: '12s' } },
    )
    const leader = app.get('/')
    await expect.poll(app.runs).toBe(1)
    const first = app.get('/')
    await expect.poll(() => clock.told).toContain(6_000)
    await pass(clock, 6_000)
    expect((await first).text()).toBe('fast')
    clock.told.length = 0
    const next = app.get('/')
    await expect.poll(() => clock.told).toContain(0)
    await clock.advance(1)
    expect((await next).cacheStatus()).toContain('for too long')
    expect(clock.told).not.toContain(6_000)
    await pass(clock, 6_000)
    await app.get('/')
    const runs = app.runs()
    expect((await app.get('/')).text()).toBe('fast')
    expect(app.runs()).toBe(runs)
    finish()
    expect((await leader).text()).toBe('stalled')
  })

  it('the wait is bounded over all that a request waits for', async () => {
    const clock = new FakeClock()
    const cache = newCache({ clock })
    const running: ServerResponse[] = []
    const app = await start((_req, res) => void running.push(res), { cache, options: { waitTimeout: 1_200 } })
    const all = Promise.allSettled(Array.from({ length: 6 }, () => app.get('/')))
    await expect.poll(() => cache.stats().misses).toBe(6)
    await expect.poll(app.runs).toBe(1)
    await pass(clock, 800)
    running[0]?.destroy()
    // One of the others runs, or will: that one does not end, and nobody waits for it as long as for the first.
    await pass(clock, 400)
    await expect.poll(app.runs).toBe(6)
    for (const res of running) res.destroy()
    await all
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

  it('a handler that never ends keeps no other request from an answer, and is given up after hardTimeout', async () => {
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

/** Says for how long it was asked to wait. */
class ToldClock extends FakeClock {
  readonly told: number[] = []

  override after(ms: number, callback: () => void): ReturnType<FakeClock['after']> {
    this.told.push(ms)
    return super.after(ms, callback)
  }
}

/** Lets time pass so that a server is heard meanwhile. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await clock.advance(Math.min(ms, 100))
    await sleep(1)
  }
}
