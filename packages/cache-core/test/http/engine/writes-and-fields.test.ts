import { describe, expect, it } from 'vitest'
import { type Answered, type Asking, ask } from '../support/asking.js'
import { shared } from '../support/exchanges.js'

const FRESH = ['Cache-Control', 'max-age=60']
const TAGGED = [...FRESH, 'ETag', '"a"']

describe('a write, RFC 9111 section 4.4', () => {
  it.each<[string, string, number, readonly string[], boolean]>([
    ['POST', 'POST', 200, [], true],
    ['PUT', 'PUT', 204, [], true],
    ['DELETE', 'DELETE', 202, [], true],
    ['PATCH', 'PATCH', 200, [], true],
    ['an unknown method', 'FROB', 200, [], true],
    ['get in lower case', 'get', 200, [], true],
    ['a redirect', 'POST', 303, [], true],
    ['a 304', 'POST', 304, [], true],
    ['a 400', 'POST', 400, [], false],
    ['a 404', 'DELETE', 404, [], false],
    ['a 500', 'POST', 500, [], false],
    ['OPTIONS', 'OPTIONS', 200, [], false],
    ['TRACE', 'TRACE', 200, [], false],
    ['PROPFIND', 'PROPFIND', 207, [], false],
    ['QUERY', 'QUERY', 200, [], false],
    ['OPTIONS with a Location', 'OPTIONS', 200, ['Location', '/'], false],
  ])('makes its URL invalid, or not: %s', async (_, method, status, headers, gone) => {
    const { engine } = shared()
    await ask(engine, '/', { body: 'one', headers: FRESH })
    await ask(engine, '/', { method, status, headers })
    expect((await ask(engine, '/', { body: 'two' })).body).toBe(gone ? 'two' : 'one')
  })

  it.each<[string, readonly string[], number, boolean]>([
    ['Location', ['Location', '/'], 201, true],
    ['Content-Location', ['Content-Location', '/'], 200, true],
    ['a relative Location', ['Location', '../'], 201, true],
    ['an absolute one', ['Location', 'http://example.com/'], 201, true],
    ['one with a fragment', ['Location', '/#top'], 201, true],
    ['one with the port of its scheme', ['Location', 'http://example.com:80/'], 201, true],
    ['another host', ['Location', 'http://example.org/'], 201, false],
    ['another port', ['Location', 'http://example.com:81/'], 201, false],
    ['a host that only begins so', ['Location', '//example.com.evil.test/'], 201, false],
    ['another scheme', ['Location', 'ftp://example.com/'], 201, false],
    ['no URL', ['Location', 'http://[/'], 201, false],
    ['an error', ['Location', '/'], 409, false],
  ])('makes what it names invalid, or not: %s', async (_, headers, status, gone) => {
    const { engine } = shared()
    await ask(engine, '/', { body: 'one', headers: FRESH })
    await ask(engine, '/items/', { method: 'POST', status, headers })
    expect((await ask(engine, '/', { body: 'two' })).body).toBe(gone ? 'two' : 'one')
  })
})

/** What a client gets, with these conditions, of what is stored under these fields. */
async function hit(stored: readonly string[], asked: readonly string[], more: Asking = {}): Promise<Answered> {
  const { engine } = shared()
  await ask(engine, '/', { body: '0123456789', headers: stored, ...more })
  return ask(engine, '/', { body: 'two', asked })
}

describe('the fields of a hit', () => {
  it.each<[string, readonly string[], Readonly<Record<string, string | null>>]>([
    [
      'of one connection',
      [
        'Connection',
        'X-Hop, close',
        'X-Hop',
        '1',
        'Keep-Alive',
        'x',
        'Proxy-Authenticate',
        'x',
        'Upgrade',
        'x',
        'TE',
        'x',
        'Trailer',
        'x',
      ],
      {
        connection: null,
        'x-hop': null,
        'keep-alive': null,
        'proxy-authenticate': null,
        upgrade: null,
        te: null,
        trailer: null,
      },
    ],
    ['that are repeated', ['Link', '<a>', 'Link', '<b>', 'X-A', '1', 'X-A', '2'], { link: '<a>, <b>', 'x-a': '1, 2' }],
    [
      'that nobody knows',
      ['X-Unknown', '\u00fc', 'Clear-Site-Data', '"cache"'],
      { 'x-unknown': '\u00fc', 'clear-site-data': '"cache"' },
    ],
    [
      'that no-cache names',
      ['Cache-Control', 'no-cache="Set-Cookie, X-A"', 'Set-Cookie', 'a=b', 'X-A', '1', 'X-B', '2'],
      { 'set-cookie': null, 'x-a': null, 'x-b': '2' },
    ],
    ['that private names', ['Cache-Control', 'private="X-A"', 'X-A', '1'], { 'x-a': null }],
    ['Age in place of the handler’s', ['Age', '7'], { age: '7' }],
    ['Warning', ['Warning', '199 - "x"'], { warning: '199 - "x"' }],
  ])('are those that were stored: %s', async (_, fields, expected) => {
    const { headers } = await hit([...FRESH, ...fields], [])
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, headers.get(name)]))).toEqual(expected)
  })

  it('go to the first client with all that the handler set', async () => {
    const { engine } = shared()
    const headers = [...FRESH, 'Cache-Control', 'no-cache="Set-Cookie"', 'Set-Cookie', 'a=b']
    expect((await ask(engine, '/', { headers })).headers.get('set-cookie')).toBe('a=b')
  })

  it('of a 204 tell no length, and a HEAD tells that of the GET', async () => {
    expect((await hit(FRESH, [], { status: 204, body: '' })).headers.get('content-length')).toBeNull()
    const { engine } = shared()
    await ask(engine, '/', { body: '0123456789', headers: TAGGED })
    const head = await ask(engine, '/', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([200, '10', '"a"'])
  })
})
