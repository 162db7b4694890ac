import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { startServer } from '@tiercel/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BERLIN } from '../support.js'
import { type Answer, DemoProcess } from './demo-process.js'

const server = await startServer('redis')
const ask = (demo: DemoProcess, path: string): Promise<Answer> => demo.ask(path)
const put = (demo: DemoProcess, path: string, population: number): Promise<Answer> =>
  demo.ask(path, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Utopia', country: 'UT', population, lat: 1, lon: 1 }),
  })

/** Two demos on one Redis, ready; ended after the tests of the group. */
function startTwo(cacheTimeout: string): { one: DemoProcess; other: DemoProcess } {
  const demos = {} as { one: DemoProcess; other: DemoProcess }
  beforeAll(async () => {
    const environment = {
      CACHE_URL: server?.url ?? '',
      CACHE_PREFIX: `demo-${randomUUID()}`,
      CACHE_TIMEOUT: cacheTimeout,
    }
    demos.one = new DemoProcess(environment)
    demos.other = new DemoProcess(environment)
    await Promise.all([demos.one.ready(), demos.other.ready()])
  })
  afterAll(() => Promise.all([demos.one?.stop(), demos.other?.stop()]))
  return demos
}

afterAll(() => server?.stop())

describe.skipIf(server === undefined)('two demos on one Redis', () => {
  // Patient: a busy machine is not mistaken for a dead store.
  const demos = startTwo('5s')

  it.each([
    ['/cities/near?lat=48.1&lon=11.6', 'near'],
    ['/search?q=ville', 'search'],
    ['/countries/br', 'country'],
    ['/data?key=los', 'data'],
    ['/patterns/route', 'world'],
  ])('load a cold key once for 80 requests over both: %s', async (path, query) => {
    const { one, other } = demos
    const loads = async (): Promise<number> => (await one.loads(query)) + (await other.loads(query))
    const before = await loads()
    const answers = await Promise.all(Array.from({ length: 80 }, (_, n) => ask(n % 2 === 0 ? one : other, path)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await loads()) - before).toBe(1)
  })

  it.each([
    '/cities/near?lat=40.7&lon=-74',
    '/search?q=porto',
    '/countries/se',
    `/cities/${BERLIN}`,
    '/patterns/middleware/world.json',
    '/patterns/middleware/map.png',
  ])('give each other their answers, though their ports differ: %s', async (path) => {
    const { one, other } = demos
    expect(one.address).not.toBe(other.address)
    const loaded = await ask(one, path)
    const shared = await ask(other, path)
    expect(loaded.headers['cache-status']).toContain('miss')
    expect(shared.headers['cache-status']).toMatch(/; (hit|collapsed)/)
    expect(shared.body.equals(loaded.body)).toBe(true)
  })

  it('see what either wrote, through the cache', async () => {
    const { one, other } = demos
    const path = '/cities/2000000003'
    for (const [writer, reader, population] of [
      [one, other, 1],
      [one, other, 2],
      [other, one, 3],
    ] as const) {
      await put(writer, path, population)
      // Each has a database of its own: who wrote answers first, and leaves its answer in the cache.
      expect(await writer.json(path)).toMatchObject({ population })
      expect(await reader.json(path)).toMatchObject({ population })
      expect((await ask(reader, path)).headers['cache-status']).toBe('tiercel-data; hit')
    }
  })
})

describe.skipIf(server === undefined || server.external)('two demos whose Redis', () => {
  const READ_MS = 200
  /** What a request costs by itself, and what busy cores add to it. */
  const MARGIN_MS = 600
  const demos = startTwo(`${READ_MS}ms`)
  afterAll(() => server?.thaw())

  it('freezes for 4 s answer on: no error, no long wait, writes are seen', () =>
    surviveOutage(
      () => server?.freeze(),
      () => server?.thaw(),
      4_000,
    ))

  it('dies answer on: no error, no long wait, writes are seen', () =>
    surviveOutage(
      () => server?.kill(),
      () => server?.restart(),
      1_500,
    ))

  async function surviveOutage(
    begin: () => Promise<void> | undefined,
    end: () => Promise<void> | undefined,
    lastsMs: number,
  ): Promise<void> {
    const { one, other } = demos
    const path = '/cities/2000000004'
    await put(one, path, 1)
    for (const demo of [one, other]) expect(await demo.json(path)).toMatchObject({ population: 1 })
    const traffic = [one, other].map((demo) => new Traffic(demo))
    await delay(500)

    await begin()
    const outage = delay(lastsMs)
    await delay(200)
    const written = await put(one, path, 2)
    expect(written.status).toBe(200)
    expect(await one.json(path)).toMatchObject({ population: 2 })
    await outage
    expect(await one.json(path)).toMatchObject({ population: 2 })
    await end()

    for (let attempt = 0; ; attempt++) {
      const fresh = `/cities/near?lat=${attempt % 90}&lon=${Math.floor(lastsMs / 100)}&limit=1`
      await ask(one, fresh)
      expect(await one.json(path)).toMatchObject({ population: 2 })
      if ((await ask(other, fresh)).headers['cache-status']?.includes('; hit')) break
    }
    await expect.poll(() => journaled(one)).toBe(0)
    // First who wrote: the other has a database that knows nothing of it.
    expect(await one.json(path)).toMatchObject({ population: 2 })
    expect(await other.json(path)).toMatchObject({ population: 2 })

    await delay(300)
    for (const each of traffic) {
      await each.stop()
      expect(each.errors).toEqual([])
      expect(each.answers).toBeGreaterThan(50)
      expect(each.slowestMs).toBeLessThan(READ_MS + MARGIN_MS + each.slowestAloneMs)
    }
  }
})

/** Invalidations that its store has not heard yet. */
async function journaled(demo: DemoProcess): Promise<number> {
  return (await demo.json<{ cache: { journaled: number } }>('/stats')).cache.journaled
}

const HEALTH = '/healthz'

/** Clients that ask one question after another, of the answer cache and the data cache alike. */
class Traffic {
  answers = 0
  slowestMs = 0
  /** Of what the demo answers by itself, without a cache: the machine's doing. */
  slowestAloneMs = 0
  readonly errors: string[] = []
  readonly #demo: DemoProcess
  readonly #clients: readonly Promise<void>[]
  #running = true

  constructor(demo: DemoProcess) {
    this.#demo = demo
    const paths = [
      `/cities/${BERLIN}`,
      '/patterns/middleware/clock',
      '/patterns/middleware/greeting',
      '/patterns/by-hand/nothing',
      '/cities/2988507',
    ]
    this.#clients = [...paths, HEALTH].map((path) => this.#ask(path))
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#clients)
  }

  async #ask(path: string): Promise<void> {
    const expected = path.startsWith('/patterns/by-hand') ? 404 : 200
    while (this.#running) {
      try {
        const { status, ms } = await this.#demo.ask(path)
        if (status !== expected) this.errors.push(`${path}: ${status}`)
        if (path === HEALTH) this.slowestAloneMs = Math.max(this.slowestAloneMs, ms)
        else this.slowestMs = Math.max(this.slowestMs, ms)
        this.answers++
      } catch (error) {
        this.errors.push(`${path}: ${error}`)
      }
      await delay(10)
    }
  }
}
