import { describe, expect, it } from 'vitest'
import { httpCache } from '../../../src/frameworks/fetch.js'
import { createHttpCache } from '../../../src/http/engine/http-cache.js'
import { createCache, memoryStore } from '../../../src/index.js'

function newApplication() {
  const engine = createHttpCache(createCache({ store: memoryStore() }), { ttl: '1m' })
  let running = 0
  let most = 0
  const handler = httpCache(engine)(async (request: Request) => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    const { pathname } = new URL(request.url)
    if (pathname === '/broken') return new Response('broken', { status: 500 })
    const headers = pathname === '/private' ? { 'Cache-Control': 'private' } : {}
    return new Response(request.headers.get('accept-language'), { headers })
  })
  const fetch = (url: string, init: RequestInit) => handler(new Request(url, init))
  return {
    engine,
    fetch,
    status: async (url: string) => (await fetch(url, {})).headers.get('cache-status'),
    most: () => most,
  }
}

describe('warm', () => {
  it('asks the application for each URL, so that it is stored; a few at once', async () => {
    const { engine, fetch, status, most } = newApplication()
    const urls = Array.from({ length: 20 }, (_item, index) => `/products/${index}`)
    const warmed = await engine.warm(urls, { fetch, base: 'http://shop.example/x/', concurrency: 3 })
    expect(warmed).toEqual({ warmed: 20, failed: [] })
    expect(most()).toBe(3)
    expect(await status('http://shop.example/products/7')).toMatch(/hit/)
  })

  it('says which are not stored, and why', async () => {
    const { engine, fetch } = newApplication()
    const failing = (url: string, init: RequestInit) => {
      if (url.endsWith('/away')) throw new TypeError('no connection')
      return fetch(url, init)
    }
    const options = { fetch: failing, base: 'http://shop.example', concurrency: 1 }
    const { warmed, failed } = await engine.warm(new Set(['/', '/broken', '/private', '/away']), options)
    expect(warmed).toBe(1)
    expect(failed.map(({ url, error }) => [url, (error as Error).message])).toEqual([
      ['http://shop.example/broken', 'answered 500'],
      ['http://shop.example/private', 'was not stored: response says private'],
      ['http://shop.example/away', 'no connection'],
    ])
  })

  it('asks with the fields that it is given, and ends with its signal', async () => {
    const { engine, fetch } = newApplication()
    const asked: unknown[] = []
    const abort = new AbortController()
    const noting = (url: string, init: RequestInit) => {
      asked.push([url, init.headers])
      abort.abort(new Error('enough'))
      return fetch(url, { ...init, signal: null })
    }
    const options = { fetch: noting, headers: { 'accept-language': 'de' }, concurrency: 1, signal: abort.signal }
    await expect(engine.warm(['http://a.example/1', 'http://a.example/2'], options)).rejects.toThrow('enough')
    expect(asked).toEqual([['http://a.example/1', { 'accept-language': 'de' }]])
  })

  it.each([
    ['urls', ['/a'], {}],
    ['urls', ['ftp://a.example/'], {}],
    ['urls', 'http://a.example/', {}],
    ['urls', [7], {}],
    ['base', ['/a'], { base: '/b' }],
    ['concurrency', ['/a'], { base: 'http://a.example', concurrency: 0 }],
    ['fetch', ['/a'], { base: 'http://a.example', fetch: 'x' }],
    ['depth', ['/a'], { depth: 1 }],
  ])('what cannot be meant is an error that names %s, before anything is asked for', async (name, urls, options) => {
    const { engine } = newApplication()
    await expect(engine.warm(urls as never, options as never)).rejects.toThrow(new RegExp(name))
  })
})

it('waitUntil is told of what goes on behind each response', async () => {
  const told: Promise<unknown>[] = []
  const engine = createHttpCache(createCache({ store: memoryStore() }), {
    ttl: '1m',
    waitUntil: (work) => void told.push(work),
  })
  const handler = httpCache(engine)(() => new Response('x'))
  await (await handler(new Request('http://a.example/'))).text()
  await Promise.all(told)
  expect(told).toHaveLength(1)
  expect((await handler(new Request('http://a.example/'))).headers.get('cache-status')).toMatch(/hit/)
})
