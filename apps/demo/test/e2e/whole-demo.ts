import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Engine, type Server, startServer } from '@tiercel/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BERLIN } from '../support.js'
import { type Answer, DemoProcess, type Question } from './demo-process.js'

export interface WholeDemoOptions {
  /** How many servers or members. Default 1. */
  readonly count?: number
}

/** The whole demo as a process on one store: what every route answers, and what a careless cache gets wrong. */
export async function describeWholeDemo(
  engine: Engine | 'memory',
  { count = 1 }: WholeDemoOptions = {},
): Promise<void> {
  const server: Server | undefined = engine === 'memory' ? undefined : await startServer(engine, { count })
  const url = engine === 'memory' ? 'memory:' : server?.url

  describe.skipIf(url === undefined)(`the demo on ${engine}`, () => {
    let demo: DemoProcess
    const ask = (path: string, question?: Question): Promise<Answer> => demo.ask(path, question)
    /**
     * Without a run of its own: stored, or still being stored. A client has the end of a streamed answer before the
     * store has it, and a caller that asks in that moment is answered when it has.
     */
    const isCached = ({ headers }: Answer): boolean => /; (hit|collapsed)/.test(headers['cache-status'] ?? '')

    beforeAll(async () => {
      // Patient with the store: a busy machine is not mistaken for a dead one.
      demo = await new DemoProcess({
        CACHE_URL: url ?? '',
        CACHE_PREFIX: `demo-${randomUUID()}`,
        CACHE_TIMEOUT: '5s',
      }).ready()
    })
    afterAll(async () => {
      await demo?.stop()
      await server?.stop()
    })

    it('reaches its store', async () => {
      expect(await demo.json('/healthz')).toMatchObject({ status: 'ok', cities: 135_233, store: { reachable: true } })
    })

    const JSON_TYPE = 'application/json; charset=utf-8'
    it.each([
      ['/cities/near?lat=52.5&lon=13.4&limit=5', 200, JSON_TYPE],
      ['/search?q=z%C3%BCrich', 200, JSON_TYPE],
      ['/countries/fr', 200, JSON_TYPE],
      ['/countries/ZZ', 404, JSON_TYPE],
      [`/cities/${BERLIN}`, 200, JSON_TYPE],
      ['/cities/1', 404, JSON_TYPE],
      ['/patterns/route', 200, JSON_TYPE],
      ['/patterns/middleware/world.json', 200, JSON_TYPE],
      ['/patterns/middleware/world.html', 200, 'text/html; charset=utf-8'],
      ['/patterns/middleware/map.png', 200, 'image/png'],
      ['/patterns/middleware/created', 201, JSON_TYPE],
      ['/patterns/middleware/missing', 404, JSON_TYPE],
      ['/patterns/middleware/empty', 200, 'text/plain'],
    ])('answers %s out of the cache as without it: status, type and every byte', async (path, status, type) => {
      const first = await ask(path)
      const second = await ask(path)
      expect([isCached(first), isCached(second)]).toEqual([false, true])
      for (const answer of [first, second])
        expect([answer.status, answer.headers['content-type']]).toEqual([status, type])
      expect(second.body.equals(first.body)).toBe(true)
      expect(second.headers.location).toBe(first.headers.location)
    })

    it('answers /data out of the cache', async () => {
      const first = await demo.json<{ source: string; data: object }>('/data?key=york')
      const second = await demo.json<{ source: string; data: object }>('/data?key=york')
      expect([first.source, second.source]).toEqual(['database', 'cache'])
      expect(second.data).toEqual(first.data)
    })

    it('shows a city that was written at once, and its country', async () => {
      const path = '/cities/2000000002'
      const write = (population: number): Promise<Answer> =>
        ask(path, {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name: 'Utopia', country: 'UT', population, lat: 1, lon: 1 }),
        })
      expect((await ask(path)).status).toBe(404)
      for (const population of [7, 8]) {
        expect((await write(population)).status).toBe(population === 7 ? 201 : 200)
        for (let reads = 0; reads < 2; reads++) {
          expect(await demo.json(path)).toMatchObject({ population })
          expect(await demo.json('/countries/UT')).toMatchObject({ cities: 1, population })
        }
      }
      expect((await ask(path, { method: 'DELETE' })).status).toBe(204)
      expect([(await ask(path)).status, (await ask('/countries/UT')).status]).toEqual([404, 404])
    })

    it('serves its page and all that the page names', async () => {
      const page = await ask('/')
      expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
      const named = [...page.text.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path]) => path as string)
      const imported = [...(await ask('/page.js')).text.matchAll(/from '\.(\/[^']+)'/g)].map(
        ([, path]) => path as string,
      )
      expect(named.length + imported.length).toBeGreaterThan(8)
      for (const path of [...named, ...imported]) expect([path, (await ask(path)).status]).toEqual([path, 200])
    })

    describe('does what a careless cache does not:', () => {
      const NOTE = '/patterns/middleware/note'
      const TEXT = { 'content-type': 'text/plain' }

      it.each([['0'], ['false'], ['null'], ['']])('the body %j is an answer, not a miss', async (body) => {
        expect((await ask(NOTE, { method: 'PUT', headers: TEXT, body })).status).toBe(204)
        const [first, second] = [await ask(NOTE), await ask(NOTE)]
        expect([first.status, first.text, isCached(first)]).toEqual([200, body, false])
        expect([second.status, second.text, isCached(second)]).toEqual([200, body, true])
      })

      it.each(['0', '""', 'false', 'null', '[]', '{}'])('the value %s is found by hand', async (value) => {
        const path = '/patterns/by-hand/value'
        const headers = { 'content-type': 'application/json' }
        expect((await ask(path, { method: 'PUT', headers, body: value })).status).toBe(204)
        expect(await demo.json(path)).toMatchObject({ found: true, value: JSON.parse(value) })
        expect((await ask(path, { method: 'DELETE' })).status).toBe(204)
        expect((await ask(path)).status).toBe(404)
      })

      it('POST and PUT reach their handlers, and the next GET shows what they wrote', async () => {
        await ask(NOTE, { method: 'PUT', headers: TEXT, body: 'one' })
        expect([(await ask(NOTE)).text, isCached(await ask(NOTE))]).toEqual(['one', true])
        for (const expected of ['one, two', 'one, two, two']) {
          const posted = await ask(NOTE, { method: 'POST', headers: TEXT, body: ', two' })
          expect([posted.status, posted.text]).toEqual([204, ''])
          expect([(await ask(NOTE)).text, isCached(await ask(NOTE))]).toEqual([expected, true])
        }
        await ask(NOTE, { method: 'PUT', headers: TEXT, body: 'three' })
        expect((await ask(NOTE)).text).toBe('three')
      })

      it.each(['authorization', 'cookie'])("one user's answer reaches nobody else: %s", async (field) => {
        const path = '/patterns/middleware/visitor'
        const as = async (user: string): Promise<string | null> =>
          JSON.parse((await ask(path, { headers: { [field]: user } })).text)[field]
        const anonymous = async (): Promise<string | null> => JSON.parse((await ask(path)).text)[field]
        // A secret before anything stands in the cache, and after.
        expect(await as('secret=a')).toBe('secret=a')
        expect([await anonymous(), await anonymous()]).toEqual([null, null])
        expect([await as('secret=b'), await as('secret=a'), await anonymous()]).toEqual(['secret=b', 'secret=a', null])
        const together = ['secret=c', 'secret=d', 'secret=e']
        expect(await Promise.all(together.map(as))).toEqual(together)
      })

      it('an answer that varies is kept for each kind of request', async () => {
        const greet = (language: string): Promise<Answer> =>
          ask('/patterns/middleware/greeting', { headers: { 'accept-language': language } })
        for (const cached of [false, true]) {
          for (const [language, greeting] of [
            ['de', 'Guten Tag'],
            ['fr', 'Bonjour'],
            ['en', 'Good day'],
          ] as const) {
            const answer = await greet(language)
            expect([answer.text, isCached(answer)]).toEqual([greeting, cached])
            expect(answer.headers.vary).toMatch(/accept-language/i)
          }
        }
      })

      it('an answer that says no-store is not kept, not even for requests at the same time', async () => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => demo.json<{ ticket: number }>('/patterns/middleware/ticket')),
        )
        expect(new Set(answers.map(({ ticket }) => ticket)).size).toBe(20)
      })

      it('bytes that are no text come back as they were', async () => {
        const { body } = await ask('/patterns/middleware/map.png')
        expect(body.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
        // IEND and its checksum.
        expect(body.subarray(-8).toString('hex')).toBe('49454e44ae426082')
      })

      it('an error is answered as what it is, and not kept', async () => {
        const path = '/patterns/middleware/unsteady'
        const answers = [await ask(path), await ask(path), await ask(path)]
        // Each is a run of its own: after an answer that may not be kept, nobody queues for a while.
        expect(answers.map(({ status, text }) => [status, text])).toEqual([
          [503, '{"run":1}'],
          [200, '{"run":2}'],
          [503, '{"run":3}'],
        ])
        for (let attempt = 0; attempt < 2; attempt++) {
          expect((await ask('/cities/near?lat=91&lon=0')).status).toBe(400)
        }
      })

      it('a hit does not renew the lifetime', async () => {
        const path = '/patterns/by-hand/short'
        const headers = { 'content-type': 'application/json' }
        await ask(`${path}?ttl=2s`, { method: 'PUT', headers, body: '1' })
        const began = performance.now()
        const clocks = new Set<string>()
        const statuses = new Set<number>()
        while (clocks.size < 3 || !statuses.has(404)) {
          statuses.add((await ask(path)).status)
          clocks.add((await ask('/patterns/middleware/clock')).text)
          await delay(50)
        }
        expect([...statuses]).toEqual([200, 404])
        // An answer that may be a second old: not a new one for each question. The first may have been there before.
        expect(performance.now() - began).toBeGreaterThan(900 * (clocks.size - 2))
      })

      it.each([
        ['%1E', '/patterns/middleware/%1E'],
        ['%00', '/patterns/middleware/%00?a=%00'],
        ['two slashes', '//patterns//middleware/world.json'],
        ['a wrong escape', '/patterns/middleware/%E0%A4%A'],
        ['a wrong escape in the query', '/search?q=%E0%A4%A'],
        ['dots', '/patterns/middleware/../../healthz'],
        ['an absolute form', 'http://other.example/patterns/middleware/empty'],
        ['an asterisk', '*'],
        ['no slash', 'patterns'],
        ['emoji', `/search?q=${encodeURIComponent('🦅')}`],
        ['10 kB', `/patterns/middleware/world.json?long=${'x'.repeat(10_000)}`],
        ['100 kB', `/patterns/middleware/${'x'.repeat(100_000)}`],
      ])('an odd path is answered, and not by 500: %s', async (_name, path) => {
        for (let attempt = 0; attempt < 2; attempt++) {
          const status = await demo.statusOf(path)
          expect(status).toBeGreaterThanOrEqual(200)
          expect(status).toBeLessThan(500)
        }
        expect((await ask('/healthz')).status).toBe(200)
      })

      it.each([
        ['/cities/near?lat=7&lon=8', 'near'],
        ['/search?q=stan', 'search'],
        ['/countries/jp', 'country'],
        ['/data?key=bel', 'data'],
      ])('a cold key costs one load for 100 requests: %s', async (path, query) => {
        const before = await demo.loads(query)
        const answers = await Promise.all(Array.from({ length: 100 }, () => ask(path)))
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
        expect((await demo.loads(query)) - before).toBe(1)
      })
    })
  })
}
