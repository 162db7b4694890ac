import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { httpCache } from '../../src/frameworks/fetch.js'
import { gate, newCache } from './support/apps.js'
import { A, cached, get, nextTurn, slowBody, status } from './support/over-fetch.js'

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

  it.each([
    ['nothing', undefined],
    ['a response', Response.json('answer')],
  ])('that is no function is refused at once: %s', (_what, handler) => {
    const wrap = (): unknown => httpCache(newCache(), { ttl: '1m' })(handler as never)
    expect(wrap).toThrow(/^handler: expected a function that answers a Request, got (undefined|a Response\b)/)
  })

  it('gets what its host passes along with the request, and its own this', async () => {
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
