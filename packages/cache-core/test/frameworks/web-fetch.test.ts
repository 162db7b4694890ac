import { describe, expect, it, vi } from 'vitest'
import { httpCache } from '../../src/frameworks/fetch.js'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import { memoryStore } from '../../src/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { newCache } from './support/apps.js'
import { A, cached, get, nextTurn, slowBody, status } from './support/over-fetch.js'
import { slowDeletes } from './support/slow-deletes.js'

describe('a response through fetch', () => {
  it('comes back as it was, without its handler', async () => {
    const headers = { 'content-type': 'text/x', 'x-a': '1', link: '</a>; rel=next' }
    const { ask, runs } = cached(() => new Response('body', { status: 203, statusText: 'Nearly', headers }))
    for (const expected of ['fwd=uri-miss; stored', 'hit']) {
      const response = await ask(get())
      expect([response.status, response.statusText, await response.text()]).toEqual([203, 'Nearly', 'body'])
      expect(Object.fromEntries(response.headers)).toMatchObject(headers)
      expect(status(response)).toBe(expected)
    }
    expect(runs()).toBe(1)
  })

  it('has its age, and goes when its time is over', async () => {
    const clock = new FakeClock()
    const handler = httpCache(newCache({ clock, store: memoryStore({ clock }) }), { ttl: '1m' })(
      (_request: Request, _ctx?: object) => new Response('x'),
    )
    const stored = new Promise((waitUntil) => void handler(get(), { waitUntil }))
    await await stored
    await clock.advance(20_000)
    expect((await handler(get())).headers.get('age')).toBe('20')
    await clock.advance(41_000)
    expect(status(await handler(get()))).toBe('fwd=uri-miss; stored')
  })

  it.each<[string, () => Response, number]>([
    ['null', () => new Response(null), 200],
    ['an empty string', () => new Response(''), 200],
    ['none of a 204', () => new Response(null, { status: 204 }), 204],
    [
      'none of a redirect with fields that cannot be changed',
      () => Response.redirect('http://shop.example/b', 301),
      301,
    ],
  ])('has a body that is %s', async (_what, make, code) => {
    const { ask, runs } = cached(make, { statuses: [200, 204, 301] })
    for (let round = 0; round < 2; round++) {
      const response = await ask(get())
      expect(response.status).toBe(code)
      expect(response.headers.get('location')).toBe(make().headers.get('location'))
      expect(await response.text()).toBe('')
    }
    expect(runs()).toBe(1)
  })

  it('is answered to HEAD without its body, and to a client that has it by 304', async () => {
    const { ask, runs } = cached(() => new Response('body'))
    const etag = (await ask(get())) && (await ask(get())).headers.get('etag')
    const head = await ask(new Request(A, { method: 'HEAD' }))
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['4', ''])
    const same = await ask(get(A, { 'if-none-match': etag ?? '' }))
    expect([same.status, same.body]).toEqual([304, null])
    expect(runs()).toBe(1)
  })

  it('has each Set-Cookie in a line of its own, and is not stored', async () => {
    const { ask, runs } = cached(() => {
      const response = new Response('x')
      response.headers.append('set-cookie', 'a=1; Expires=Wed, 09 Jun 2032 10:18:14 GMT')
      response.headers.append('set-cookie', 'b=2')
      return response
    })
    for (let round = 0; round < 2; round++) {
      const response = await ask(get())
      expect(response.headers.getSetCookie()).toEqual(['a=1; Expires=Wed, 09 Jun 2032 10:18:14 GMT', 'b=2'])
    }
    expect(runs()).toBe(2)
  })

  it('may be the same object every time, where it has no body', async () => {
    const none = new Response(null, { status: 404 })
    const { ask } = cached(() => none)
    for (let round = 0; round < 3; round++) {
      const response = await ask(get())
      expect(response.status).toBe(404)
      expect(response.headers.get('cache-status')).not.toContain(',')
    }
    expect([...none.headers]).toEqual([])
  })

  it.each<[string, () => unknown]>([
    ['Response.error()', () => Response.error()],
    ['an upgrade', () => ({ status: 101, headers: new Headers(), body: null, webSocket: {} })],
    ['nothing', () => undefined],
    ['an object', () => ({ made: 'by hand' })],
    ['a response whose body was read', () => Object.assign(new Response('x'), { read: true })],
    ['one that its server has sent already', () => new Response(null, { headers: { 'x-hono-already-sent': 'true' } })],
  ])('that is %s goes on as it is, and is not stored', async (_what, make) => {
    let given: unknown
    const { ask, runs } = cached(async () => {
      given = make()
      if (given instanceof Response && 'read' in given) await given.text()
      return given as Response
    })
    for (let round = 0; round < 2; round++) expect(await ask(get())).toBe(given)
    expect(runs()).toBe(2)
  })

  it('may be of a class or a realm of its own', async () => {
    class Special extends Response {}
    const foreign = {
      status: 200,
      statusText: '',
      headers: new Headers({ 'x-a': '1' }),
      body: new Response('foreign').body,
    }
    for (const [make, text] of [
      [() => new Special('special'), 'special'],
      [() => foreign, 'foreign'],
    ] as const) {
      const { ask, runs } = cached(make as () => Response)
      for (let round = 0; round < 2; round++) expect(await (await ask(get())).text()).toBe(text)
      expect(runs()).toBe(1)
    }
  })

  it('knows http from https, and two hosts', async () => {
    const { ask } = cached((request) => new Response(request.url))
    for (let round = 0; round < 2; round++) {
      for (const url of ['http://a.example/x', 'https://a.example/x', 'http://b.example/x', 'http://b.example:81/x']) {
        expect(await (await ask(get(url))).text()).toBe(url)
      }
    }
  })
})

describe('a write through fetch', () => {
  it('is answered when the old response cannot be found any more', async () => {
    let version = 1
    const { store, let: letThem } = slowDeletes()
    const cache = newCache({ store, storeTimeout: '10m' })
    const handler = httpCache(cache, { ttl: '1m' })((request) => {
      if (request.method === 'PUT') version++
      return new Response(`version ${version}`)
    })
    expect(await (await handler(get())).text()).toBe('version 1')
    let answered = false
    const written = handler(new Request(A, { method: 'PUT' })).then((response) => {
      answered = true
      return response
    })
    for (let turn = 0; turn < 5; turn++) await nextTurn()
    expect(answered).toBe(false)
    letThem()
    expect(await (await written).text()).toBe('version 2')
    expect(await (await handler(get())).text()).toBe('version 2')
  })

  it('evicts nothing when it is refused', async () => {
    const { ask, runs } = cached((request) => new Response('x', { status: request.method === 'GET' ? 200 : 403 }))
    await ask(get())
    await ask(new Request(A, { method: 'DELETE' }))
    expect(status(await ask(get()))).toBe('hit')
    expect(runs()).toBe(2)
  })
})

describe('a cache in front of a cache', () => {
  it('steps aside for the inner one', async () => {
    const cache = newCache()
    const inner = httpCache(cache, { ttl: '5m' })((request) => new Response(request.url))
    const outer = httpCache(cache, { ttl: '1m', query: [] })((request) => inner(request))
    for (const expected of ['fwd=uri-miss; stored', 'hit']) {
      const response = await outer(get(`${A}?q`))
      expect([status(response), await response.text()]).toEqual([expected, `${A}?q`])
    }
  })
})

describe('httpCache of fetch', () => {
  it('takes an engine in place of a cache, and then no options', () => {
    const engine = createHttpCache(newCache(), { ttl: '1m' })
    expect(() => httpCache(engine, { ttl: '2m' })).toThrow(/options/)
    expect(() => httpCache({} as never)).toThrow(/cache/)
  })

  it.each([
    ['a context beside the request', (ctx: object) => [get(), 'env', ctx]],
    ['the request', (ctx: object) => [Object.assign(get(), ctx)]],
  ])('asks %s to wait until all is stored', async (_where, given) => {
    const waited: Promise<unknown>[] = []
    const [request, ...rest] = given({ waitUntil: (work: Promise<unknown>) => waited.push(work) })
    const body = slowBody(['a', 'b'])
    const { ask } = cached(() => new Response(body.stream))
    const response = await ask(request as Request, ...rest)
    expect(waited).toHaveLength(1)
    await response.text()
    await waited[0]
    expect(status(await ask(get()))).toBe('hit')
  })

  it('asks the host where it keeps that for all requests', async () => {
    const symbol = Symbol.for('@vercel/request-context')
    const waitUntil = vi.fn()
    Object.assign(globalThis, { [symbol]: { get: () => ({ waitUntil }) } })
    try {
      await cached(() => new Response('x')).ask(get())
      expect(waitUntil).toHaveBeenCalledOnce()
    } finally {
      Reflect.deleteProperty(globalThis, symbol)
    }
  })
})
