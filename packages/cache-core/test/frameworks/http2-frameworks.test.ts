import type { OutgoingHttpHeaders } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { gate, newCache } from './support/apps.js'
import { askOver, http2Frameworks, sessionTo } from './support/http2.js'

type Asked = readonly [headers: OutgoingHttpHeaders, content?: string]

describe.each(http2Frameworks)('%s over HTTP/2', (_, start) => {
  it('a hit, a write, another host and HEAD', async () => {
    let version = 1
    const port = await start(newCache({ clock: new FakeClock() }), (req, res) => {
      if (req.method === 'PUT') version++
      res.end(`${req.url} ${version}`)
    })
    const session = sessionTo(port)
    const ask = async (headers = {}) => Object.values(await askOver(session, '/p', headers))
    expect(await ask()).toEqual([200, 'fwd=uri-miss; stored', '/p 1'])
    expect(await ask()).toEqual([200, 'hit; ttl=60', '/p 1'])
    expect(await ask({ ':method': 'HEAD' })).toEqual([200, 'hit; ttl=60', ''])
    expect(await ask({ ':method': 'PUT' })).toEqual([200, 'fwd=method', '/p 2'])
    expect(await ask()).toEqual([200, 'fwd=uri-miss; stored', '/p 2'])
    expect(await ask({ ':authority': 'other.example' })).toEqual([200, 'fwd=uri-miss; stored', '/p 2'])
  })

  const HOST = { ':authority': 'a.example' }
  const REQUESTS: readonly Asked[] = [
    [HOST],
    [{ host: 'a.example' }],
    [{ ...HOST, host: 'a.example' }],
    [{ ...HOST, host: 'b.example' }],
    [{ ':authority': 'b.example', host: 'a.example' }],
    [{ ':authority': 'A.example' }],
    [{ ':authority': 'a.example:80' }],
    [{ ':authority': 'user@a.example' }],
    [{ ...HOST, ':scheme': 'https' }],
    [{ ...HOST, ':scheme': 'other' }],
    // What is no path of HTTP is let through with another scheme.
    [{ ...HOST, ':scheme': 'other', ':path': 'http://a.example/p' }],
    [{ ...HOST, ':scheme': 'other', ':path': 'http://b.example/p' }],
    [{ ...HOST, ':scheme': 'other', ':path': 'p' }],
    [HOST, 'a body'],
    [{ ...HOST, cookie: ['a=1', 'sid=2'] }],
    [{ ...HOST, cookie: 'a=1; sid=2' }],
    [{ ...HOST, cookie: ['sid=2', 'sid=3'] }],
  ]
  /** Where `narrow` is off, such fields are for the route to name. */
  const NARROWED: Asked = [{ ...HOST, 'x-forwarded-host': 'b.example', te: 'trailers' }]

  it.each([
    ['by default', {}, [...REQUESTS, NARROWED]],
    ['with narrow: false', { narrow: false as const }, REQUESTS],
    ['with narrow: strict and a cookie', { narrow: 'strict' as const, cookies: ['sid'] }, [...REQUESTS, NARROWED]],
  ])('each request is answered as its handler would answer it alone: %s', async (_name, options, requests) => {
    const app = async (): Promise<(asked: Asked) => Promise<string>> => {
      const session = sessionTo(
        await start(
          newCache(),
          async (req, res) => {
            let body = ''
            for await (const piece of req) body += piece
            const { authority, scheme } = req as typeof req & { authority?: string; scheme?: string }
            // In whatever order.
            const fields = Object.entries(req.headers).sort(([a], [b]) => (a < b ? -1 : 1))
            res.end(JSON.stringify([req.method, req.url, authority, scheme, fields, req.headersDistinct?.host, body]))
          },
          options,
        ),
      )
      return async ([headers, content]) => {
        try {
          const { cacheStatus, body } = await askOver(session, '/p', headers, content)
          return cacheStatus.startsWith('hit') ? `hit ${body}` : body
        } catch (error) {
          // By Node itself: newer versions take less.
          return `refused: ${(error as Error).message}`
        }
      }
    }
    const alone = await Promise.all(requests.map(async (asked) => (await app())(asked)))
    const ask = await app()
    const shared: string[] = []
    // The second time each meets what all others have stored.
    for (const asked of [...requests, ...requests.toReversed()]) shared.push(await ask(asked))
    const expected = [...alone, ...alone.toReversed()]
    expect(shared.map((answer) => answer.replace(/^hit /, ''))).toEqual(expected)
    expect(shared.filter((answer) => answer.startsWith('hit')).length).toBeGreaterThan(requests.length / 2)
  })

  it('hundreds of streams on a cold URL, most of them reset, are one run', async () => {
    const { opened, open } = gate()
    const cache = newCache({ waitTimeout: '1h' })
    let runs = 0
    const port = await start(cache, async (_req, res) => {
      runs++
      await opened
      res.end('page')
    })
    const session = sessionTo(port)
    const first = askOver(session, '/p')
    await expect.poll(() => runs).toBe(1)
    const streams = Array.from({ length: 300 }, () => session.request({ ':path': '/p' }).on('error', () => {}))
    const staying = askOver(session, '/p')
    // The first, those that are reset, and the one that stays.
    await expect.poll(() => cache.stats().misses).toBe(302)
    const closed = streams.map((stream) => new Promise((resolve) => stream.on('close', resolve)))
    for (const stream of streams) stream.close(8)
    await Promise.all(closed)
    open()
    expect([(await first).body, (await staying).body, runs]).toEqual(['page', 'page', 1])
    expect(cache.stats().captureBytes).toBe(0)
  })

  it('a handler that answers on the stream beneath makes nobody wait', async () => {
    const port = await start(newCache({ clock: new FakeClock() }), (_req, res) => {
      const { stream } = res as unknown as import('node:http2').Http2ServerResponse
      stream.respond({ ':status': 200 })
      stream.end('beneath')
    })
    const session = sessionTo(port)
    const ask = async () => (await askOver(session, '/p')).body
    expect([await ask(), ...(await Promise.all([ask(), ask(), ask()]))]).toEqual(Array(4).fill('beneath'))
  })
})
