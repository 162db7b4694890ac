import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it, vi } from 'vitest'
import { type FetchHandler, httpCache } from '../../src/frameworks/fetch.js'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import type { HttpCacheOptions } from '../../src/http/rules/options.js'
import { memoryStore } from '../../src/index.js'
import { FakeClock } from '../support/fake-clock.js'
import { gate, newCache } from './support/apps.js'

const A = 'http://shop.example/a'
type Fields = Record<string, string>

/** A handler behind a cache, and how often it has run. */
function cached<R extends Request>(handler: FetchHandler<R, unknown[]>, options: HttpCacheOptions = {}) {
  let runs = 0
  const wrapped = httpCache(newCache(), { ttl: '1m', ...options })((request: R, ...rest: unknown[]) => {
    runs++
    return handler(request, ...rest)
  })
  return { ask: wrapped as (request: Request, ...rest: unknown[]) => Promise<Response>, runs: () => runs }
}

function get(url = A, headers: Fields = {}, signal?: AbortSignal): Request {
  return new Request(url, { headers, ...(signal && { signal }) })
}

/** Cache-Status without the name of the cache and what time does to it. */
function status(response: Response): string | undefined {
  return response.headers
    .get('cache-status')
    ?.replace(/^tiercel; /, '')
    .replace(/; ttl=\d+/, '')
}

const encoder = new TextEncoder()
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A body that gives its pieces one by one, a turn of the event loop apart, and counts what was asked of it. */
function slowBody(pieces: readonly string[], end: 'close' | 'error' = 'close') {
  const seen = { pulled: 0, cancelled: undefined as unknown }
  const left = [...pieces]
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        seen.pulled++
        await nextTurn()
        const piece = left.shift()
        if (piece !== undefined) controller.enqueue(encoder.encode(piece))
        else if (end === 'error') controller.error(new Error('midway'))
        else controller.close()
      },
      cancel(reason) {
        seen.cancelled = reason
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, seen }
}

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

describe('a handler behind fetch', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('boom')
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
  ])('that %s does so to its caller, each time', async (_how, handler) => {
    const { ask, runs } = cached(handler)
    for (const method of ['GET', 'GET', 'POST']) {
      await expect(ask(new Request(A, { method }))).rejects.toThrow('boom')
    }
    expect(runs()).toBe(3)
  })

  it('gets what its host gives beside the request, and its own this', async () => {
    const host = {
      name: 'host',
      fetch: httpCache(newCache(), { ttl: '1m' })(async function (
        this: unknown,
        request: Request,
        env: string,
        ctx: { n: number },
      ) {
        return Response.json([(this as { name: string }).name, request.method, env, ctx.n])
      }),
    }
    expect(await (await host.fetch(get(), 'env', { n: 1 })).json()).toEqual(['host', 'GET', 'env', 1])
    const posted = new Request(A, { method: 'POST', body: 'x' })
    expect(await (await host.fetch(posted, 'env', { n: 2 })).json()).toEqual(['host', 'POST', 'env', 2])
  })

  it('gets the body and all fields of a write', async () => {
    const { ask } = cached(async (request) => new Response(`${request.headers.get('cookie')} ${await request.text()}`))
    const response = await ask(new Request(A, { method: 'PUT', body: 'content', headers: { cookie: 'a=1' } }))
    expect([await response.text(), status(response)]).toEqual(['a=1 content', 'fwd=method'])
  })

  it('sees only what the key covers', async () => {
    const { ask, runs } = cached(
      (request) => Response.json({ url: request.url, ...Object.fromEntries(request.headers) }),
      {
        query: ['id'],
        cookies: ['lang'],
        headers: ['x-tenant'],
      },
    )
    const url = 'https://shop.example/a?id=1&utm=x'
    const fields = {
      cookie: 'lang=de; session=1',
      'x-forwarded-host': 'evil',
      'x-tenant': 't',
      accept: 'a',
    }
    for (let round = 0; round < 2; round++) {
      expect(await (await ask(get(url, fields))).json()).toEqual({
        url: 'https://shop.example/a?id=1',
        cookie: 'lang=de',
        'x-tenant': 't',
        accept: 'a',
      })
    }
    expect(runs()).toBe(1)
  })

  it('sees one host for all where hosts share entries, and the scheme of the request', async () => {
    const { ask, runs } = cached((request) => new Response(request.url), { host: false })
    for (const url of ['http://a.example/x?y', 'https://a.example/x?y', 'http://b.example/x?y']) {
      const { host, protocol } = new URL(url)
      expect(await (await ask(get(url, { host }))).text()).toBe(`${protocol}//localhost/x?y`)
    }
    expect(runs()).toBe(2)
  })

  it('sees all of a request that it answers for one client alone', async () => {
    const given: Request[] = []
    const { ask } = cached((request) => {
      given.push(request)
      return new Response('x')
    })
    const request = get(A, { cookie: 'session=1' })
    expect(status(await ask(request))).toBe('fwd=bypass; detail="request has cookies, route names none"')
    expect(given).toEqual([request])
  })

  it('is told when its client goes', async () => {
    const client = new AbortController()
    const { ask } = cached(async (request) => {
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
      return new Response('late')
    })
    const asked = ask(get(A, {}, client.signal))
    await nextTurn()
    client.abort()
    expect(await (await asked).text()).toBe('late')
  })

  it('keeps the async context of its own client', async () => {
    const context = new AsyncLocalStorage<string>()
    let made = 0
    const dying = cached(() => {
      const name = context.getStore()
      return new Response(made++ === 0 ? slowBody(['half'], 'error').stream : name)
    })
    const [first, second] = ['a', 'b'].map((name) => context.run(name, async () => (await dying.ask(get())).text()))
    await expect(first).rejects.toThrow('midway')
    expect(await second).toBe('b')
    const open = gate()
    const { ask } = cached(async () => {
      await open.opened
      return new Response(context.getStore(), { headers: { 'cache-control': 'private' } })
    })
    const asked = ['a', 'b', 'c'].map((name) => context.run(name, async () => (await ask(get())).text()))
    open.open()
    expect(await Promise.all(asked)).toEqual(['a', 'b', 'c'])
  })
})

describe('what others have put on a request', () => {
  /** As Next's: made of a URL, with the parsed forms of it. */
  class NextLike extends Request {
    readonly nextUrl: URL
    readonly cookies: ReadonlyMap<string, string>
    constructor(url: string | URL, init?: RequestInit) {
      super(url, init)
      this.nextUrl = new URL(url)
      this.cookies = new Map(
        (this.headers.get('cookie') ?? '').split('; ').map((pair) => pair.split('=') as [string, string]),
      )
    }
  }

  it('is narrowed in a class of its own', async () => {
    const { ask } = cached<NextLike>(
      (request) => Response.json([request.nextUrl.search, [...request.cookies], request instanceof NextLike]),
      { query: ['id'], cookies: ['lang'] },
    )
    const request = new NextLike(`${A}?id=1&x=2`, { headers: { cookie: 'lang=de; session=1' } })
    expect(await (await ask(request)).json()).toEqual(['?id=1', [['lang', 'de']], true])
    expect([request.nextUrl.search, request.cookies.size]).toEqual(['?id=1&x=2', 2])
  })

  it('is not lost where the class is made of something else', async () => {
    class Other extends Request {
      constructor(made: { readonly from: string }) {
        super(made.from)
      }
    }
    const { ask } = cached((request) => new Response(request.url))
    expect(await (await ask(new Other({ from: `${A}?x` }))).text()).toBe(`${A}?x`)
  })

  it('goes along, without the parameters, cookies and facts of the client that are hidden', async () => {
    type Extended = Request & Record<'params' | 'query' | 'cookies' | 'user' | 'ip', unknown>
    const { ask } = cached<Extended>(
      ({ params, query, cookies, user, ip }) => Response.json({ params, query, cookies, user, ip }),
      { query: ['id'], cookies: ['lang'] },
    )
    const extras = {
      params: { name: 'a' },
      query: { id: '1', x: '2' },
      cookies: { lang: 'de', session: '1' },
      user: 'of a layer',
      ip: '192.0.2.1',
    }
    const request = Object.assign(get(`${A}?id=1&x=2`, { cookie: 'lang=de; session=1' }), extras)
    expect(await (await ask(request)).json()).toEqual({
      params: { name: 'a' },
      query: { id: '1' },
      cookies: { lang: 'de' },
      user: 'of a layer',
    })
    expect(request).toMatchObject(extras)
  })

  it('is made anew where it reads the Cookie field itself', async () => {
    class CookieMap {
      readonly #field: string
      constructor(field: string) {
        this.#field = field
      }
      all(): string {
        return this.#field
      }
    }
    type Extended = Request & { readonly cookies: CookieMap }
    const { ask } = cached<Extended>(({ cookies }) => new Response(cookies.all()), { cookies: ['lang'] })
    const field = 'lang=de; session=1'
    const request = Object.assign(get(A, { cookie: field }), { cookies: new CookieMap(field) })
    expect(await (await ask(request)).text()).toBe('lang=de')
  })
})

describe('a body that streams through fetch', () => {
  it('reaches the first client piece by piece, and the next one whole', async () => {
    const body = slowBody(['one ', 'two ', 'three'])
    const { ask, runs } = cached(() => new Response(body.stream))
    const reader = (await ask(get())).body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? [])).toEqual(Buffer.from('one '))
    while (!(await reader?.read())?.done);
    await vi.waitFor(async () => expect(status(await ask(get()))).toBe('hit'))
    expect(await (await ask(get())).text()).toBe('one two three')
    expect(runs()).toBe(1)
  })

  it('is not read ahead of a client that reads nothing', async () => {
    const body = slowBody(Array.from({ length: 100 }, () => 'piece'))
    const { ask } = cached(() => new Response(body.stream))
    const response = await ask(get())
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    expect(body.seen.pulled).toBeLessThanOrEqual(2)
    await response.body?.cancel('enough')
  })

  it('is cancelled by its client: its source hears of it, nothing is stored, the next one runs', async () => {
    const bodies = [slowBody(['a', 'b', 'c']), slowBody(['d'])]
    let made = 0
    const { ask } = cached(() => new Response(bodies[made++]?.stream))
    const reader = (await ask(get())).body?.getReader()
    await reader?.read()
    await reader?.cancel('enough')
    expect(bodies[0]?.seen.cancelled).toBe('enough')
    expect(await (await ask(get())).text()).toBe('d')
  })

  it('that fails midway fails for its client, and is not stored', async () => {
    let made = 0
    const { ask } = cached(() => new Response(made++ === 0 ? slowBody(['half'], 'error').stream : 'whole'))
    await expect((await ask(get())).text()).rejects.toThrow('midway')
    expect(await (await ask(get())).text()).toBe('whole')
  })

  it('that fails at once fails for its client, too', async () => {
    const failing = () => new ReadableStream({ start: (controller) => controller.error(new Error('at once')) })
    const { ask } = cached(() => new Response(failing()))
    await expect((await ask(get())).text()).rejects.toThrow('at once')
  })

  it.each([
    ['in pieces', () => slowBody(['12345', '67890']).stream],
    ['at once', () => '1234567890'],
  ])('that is larger than maxBodyBytes, %s, passes whole and is not stored', async (_how, make) => {
    const { ask, runs } = cached(() => new Response(make()), { maxBodyBytes: 9 })
    for (let round = 0; round < 2; round++) expect(await (await ask(get())).text()).toBe('1234567890')
    expect(runs()).toBe(2)
  })

  it('may be made in one buffer, again and again', async () => {
    const buffer = new Uint8Array(3)
    let pulled = 0
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          await nextTurn()
          if (pulled++ === 3) return controller.close()
          controller.enqueue(buffer.fill(pulled))
        },
      },
      { highWaterMark: 0 },
    )
    const { ask } = cached(() => new Response(body))
    const reader = (await ask(get())).body?.getReader()
    while (!(await reader?.read())?.done);
    await vi.waitFor(async () => expect(status(await ask(get()))).toBe('hit'))
    expect([...new Uint8Array(await (await ask(get())).arrayBuffer())]).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3])
  })

  it.each(['text/event-stream', 'multipart/x-mixed-replace; boundary=x'])('of %s passes untouched', async (type) => {
    const { stream } = slowBody(['data: 1\n\n'])
    const { ask } = cached(() => new Response(stream, { headers: { 'content-type': type } }))
    const response = await ask(get())
    expect(response.body).toBe(stream)
    expect(status(response)).toContain('stream without end')
  })

  it('goes on for others when its client leaves before it begins, and not when it leaves later', async () => {
    const open = gate()
    const body = slowBody(['for ', 'others'])
    const { ask, runs } = cached(async () => {
      await open.opened
      return new Response(body.stream)
    })
    const client = new AbortController()
    const leaving = ask(get(A, {}, client.signal))
    const staying = ask(get())
    await nextTurn()
    client.abort()
    open.open()
    expect(await (await staying).text()).toBe('for others')
    await (await leaving).body?.cancel()
    expect(runs()).toBe(1)

    const late = new AbortController()
    const reader = (
      await cached(() => new Response(slowBody(['a', 'b']).stream)).ask(get(A, {}, late.signal))
    ).body?.getReader()
    await reader?.read()
    late.abort()
    await expect(reader?.read()).resolves.toMatchObject({ done: false })
  })
})

describe('a write through fetch', () => {
  it('is answered when the old response cannot be found any more', async () => {
    let version = 1
    const store = memoryStore()
    const deleting = gate()
    const slow = Object.assign(Object.create(store), {
      delete: async (key: string) => {
        await deleting.opened
        return store.delete(key)
      },
    })
    const cache = newCache({ store: slow, storeTimeout: '5s' })
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
    deleting.open()
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
