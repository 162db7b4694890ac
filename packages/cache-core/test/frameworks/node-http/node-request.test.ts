import { createServer, type IncomingMessage } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { cacheRequest, type MountedRequest, narrowRequest } from '../../../src/frameworks/node-http/node-request.js'
import { all, first } from '../../../src/http/message/headers.js'
import type { CacheRequest, Sight } from '../../../src/http/message/message.js'
import { narrow } from '../../../src/http/rules/narrowing.js'
import { keyOf, rulesOf } from '../../http/support/requests.js'
import { expectLinear } from '../../support/linear.js'
import { later } from '../support/apps.js'
import { sendRaw } from '../support/raw-client.js'

type Look = (req: IncomingMessage) => unknown

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  later(() => server.close())
  return (server.address() as AddressInfo).port
}

/** What `look` finds in a request that came as these lines. */
async function found<T>(look: (req: IncomingMessage) => T, target: string, ...lines: string[]): Promise<T> {
  let result: T | undefined
  let failure: unknown
  const server = createServer((req, res) => {
    try {
      result = look(req)
    } catch (error) {
      failure = error
    }
    res.end()
  })
  const head = [`GET ${target} HTTP/1.1`, 'Host: h', 'Connection: close', ...lines]
  await sendRaw(await listen(server), `${head.join('\r\n')}\r\n\r\n`)
  if (failure !== undefined) throw failure
  return result as T
}

function sightOf(request: CacheRequest): Sight {
  const options = { query: ['id'], cookies: ['lang'] }
  return narrow(request, keyOf(request, options), rulesOf(options))
}

/** A narrowed request as `look` finds it, and as it is when all has been put back. */
function narrowed(req: IncomingMessage, look: Look, meanwhile: Look = () => {}): [unknown, unknown] {
  const request = cacheRequest(req)
  const replaced = narrowRequest(req, [], request, sightOf(request))
  const seen = look(req)
  meanwhile(req)
  replaced.restore()
  replaced.restore()
  return [seen, look(req)]
}

describe('the field lines of a request', () => {
  const linesAfter = (change: Look, ...lines: string[]) =>
    found(
      (req) => {
        change(req)
        return cacheRequest(req).headers
      },
      '/',
      ...lines,
    )

  it('are those that came, where no layer has changed them', async () => {
    const lines = ['X-A: 1', 'User-Agent: a', 'user-agent: b', 'X-A: 2', 'Cookie: a=1', 'Cookie: b=2']
    const headers = await linesAfter(() => {}, ...lines)
    expect(headers).toEqual(['Host: h', 'Connection: close', ...lines].flatMap((line) => line.split(': ')))
  })

  it('are what a layer has made of them: changed, joined, listed, removed, added, of another sort', async () => {
    const headers = await linesAfter(
      ({ headers }) => {
        headers['x-a'] = 'changed'
        headers['x-b'] = ['1', '2']
        headers['user-agent'] = 'first, and more'
        delete headers['x-c']
        Object.assign(headers, { 'x-number': 7, 'x-null': null, 'x-undefined': undefined })
      },
      'X-A: 1',
      'X-A: 2',
      'X-B: 1',
      'User-Agent: first',
      'X-C: gone',
    )
    const named = (name: string) => all(headers, name)
    expect(named('x-a')).toEqual(['changed'])
    expect(named('x-b')).toEqual(['1', '2'])
    expect(named('user-agent')).toEqual(['first, and more'])
    expect(named('x-number')).toEqual(['7'])
    for (const name of ['x-c', 'x-null', 'x-undefined']) expect(named(name)).toEqual([])
  })

  it('are with what a layer has added, although a line of which node keeps one came twice', async () => {
    const add: Look = ({ headers }) => Object.assign(headers, { 'x-tenant': 'mine' })
    const headers = await linesAfter(add, 'User-Agent: a', 'X: 1', 'User-Agent: a')
    expect(first(headers, 'x-tenant')).toBe('mine')
    expect(all(headers, 'user-agent')).toEqual(['a', 'a'])
  })

  it('may have any name', async () => {
    const headers = await linesAfter(() => {}, '__proto__: a', 'constructor: b', 'toString: c', 'X: d')
    // Node itself has no room for the first one.
    expect(all(headers, '__proto__')).toEqual([])
    expect([first(headers, 'constructor'), first(headers, 'tostring'), first(headers, 'x')]).toEqual(['b', 'c', 'd'])
  })
})

describe('a narrowed request of node', () => {
  const look: Look = (req) => [req.url, req.headers.cookie, req.headersDistinct.cookie, req.rawHeaders.includes('X')]

  it('shows one thing in all its forms, and is as it was when it is restored', async () => {
    const target = '/p?id=1&utm=2'
    expect(await found((req) => narrowed(req, look), target, 'Cookie: lang=de; id=1', 'X: y')).toEqual([
      ['/p?id=1', 'lang=de', ['lang=de'], true],
      [target, 'lang=de; id=1', ['lang=de; id=1'], true],
    ])
  })

  it('keeps what somebody else has put in its place meanwhile, but for the query of a URL that a router has cut', async () => {
    const change: Look = (req) => {
      req.url = '/cut?id=1'
      req.headers = { mine: 'yes' }
    }
    const seen: Look = (req) => [req.url, req.headers]
    const [, after] = await found((req) => narrowed(req, seen, change), '/p?id=1&utm=2')
    expect(after).toEqual(['/cut?id=1&utm=2', { mine: 'yes' }])
    const [, moved] = await found(
      (req) => narrowed(req, seen, () => Object.assign(req, { url: '/other?x=1' })),
      '/p?id=1&utm=2',
    )
    expect((moved as string[])[0]).toBe('/other?x=1')
  })

  it('shows the same in what was parsed of it, under whatever name, and even where it cannot be assigned', async () => {
    const parse: Look = (req) => {
      const { search, pathname } = new URL(req.url ?? '', 'http://h')
      const query = Object.freeze({ id: '1', utm: '2', utmSource: '3' })
      Object.defineProperty(req, 'query', { value: query, configurable: true, enumerable: true })
      Object.assign(req, {
        queryPolluted: { id: ['1', '2'], utm: ['3'] },
        search,
        querystring: search.slice(1),
        _parsedUrl: { pathname, search, query: search.slice(1), href: req.url, _raw: req.url },
      })
    }
    const names = ['query', 'queryPolluted', 'search', 'querystring', '_parsedUrl']
    const pick: Look = (req) => names.map((name) => Reflect.get(req, name))
    const [seen, after] = await found((req) => {
      parse(req)
      return narrowed(req, pick)
    }, '/p?id=1&utm=2')
    expect(seen).toEqual([
      { id: '1' },
      { id: ['1', '2'] },
      '?id=1',
      'id=1',
      { pathname: '/p', search: '?id=1', query: 'id=1', href: '/p?id=1', _raw: '/p?id=1' },
    ])
    expect((after as object[])[0]).toEqual({ id: '1', utm: '2', utmSource: '3' })
    expect((after as object[])[4]).toMatchObject({ search: '?id=1&utm=2', query: 'id=1&utm=2' })
  })
})

describe('a request of HTTP/2', () => {
  it('has the fields of HTTP/1.1, and is narrowed in its pseudo-fields, too', async () => {
    const results: unknown[] = []
    const server = createHttp2Server((req, res) => {
      const request = cacheRequest(req as unknown as IncomingMessage)
      const replaced = narrowRequest(req as unknown as IncomingMessage, [], request, sightOf(request))
      results.push([request.headers, request.target, req.url, { ...req.headers }])
      replaced.restore()
      results.push([req.url, req.headers[':path'], req.headers.cookie])
      res.end('done')
    })
    const port = await listen(server)
    const session = connect(`http://127.0.0.1:${port}`)
    later(() => session.destroy())
    const stream = session.request({ ':path': '/p?id=1&utm=2', cookie: 'lang=de; id=1', 'x-a': '1' })
    expect(await text(stream)).toBe('done')
    const host = `127.0.0.1:${port}`
    expect(results).toEqual([
      [
        ['Host', host, 'cookie', 'lang=de; id=1', 'x-a', '1'],
        '/p?id=1&utm=2',
        '/p?id=1',
        expect.objectContaining({ ':path': '/p?id=1', ':authority': host, host, cookie: 'lang=de', 'x-a': '1' }),
      ],
      ['/p?id=1&utm=2', '/p?id=1&utm=2', 'lang=de; id=1'],
    ])
  })
})

it('a field of many lines is read in a time that grows with them, not with their square', async () => {
  const reading = (count: number): (() => void) => {
    const lines = Array.from({ length: count }, (_, i) => `c${i}=${i}`)
    const rawHeaders = ['Host', 'a.example', ...lines.flatMap((line) => ['Cookie', line])]
    const headers = { host: 'a.example', cookie: lines.join('; ') }
    const req = { method: 'GET', url: '/', httpVersionMajor: 1, rawHeaders, headers, socket: null }
    return () => expect(cacheRequest(req as unknown as MountedRequest).headers).toEqual(rawHeaders)
  }
  await expectLinear(reading, { small: 200, large: 1_600 })
})
