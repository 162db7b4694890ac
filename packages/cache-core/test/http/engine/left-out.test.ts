import { describe, expect, it } from 'vitest'
import { type Asking, ask } from '../support/asking.js'
import { second, shared } from '../support/exchanges.js'

/** Rules that the suite leaves out, on a hit. */
describe('a stored response', () => {
  const BODY = '0123456789'
  const first = {
    body: BODY,
    headers: [
      'ETag',
      '"a"',
      'Connection',
      'close, X-Hop',
      'Connection',
      'x-other',
      'X-Hop',
      '1',
      'X-Other',
      '2',
      'X',
      '3',
    ],
  }
  const stored = (asked: readonly string[], method = 'GET') =>
    second([], 1, { first: { ...first, headers: [...first.headers, 'Cache-Control', 'max-age=60'] }, asked, method })

  it.each<[readonly string[], number, string]>([
    [['If-None-Match', '*'], 304, ''],
    [['If-None-Match', '"b", W/"a"'], 304, ''],
    [['If-None-Match', '"b"', 'If-Modified-Since', 'Fri, 31 Dec 2100 00:00:00 GMT'], 200, BODY],
    [['If-Match', '*'], 200, BODY],
    [['If-Match', '"b", "a"'], 200, BODY],
    [['If-Match', '"b"'], 412, ''],
    [['If-Match', 'W/"a"'], 412, ''],
    [['If-Match', '"b"', 'If-None-Match', '"a"'], 412, ''],
    [['If-Range', '"a"', 'Range', 'bytes=-2'], 206, '89'],
    [['If-Range', '"b"', 'Range', 'bytes=-2'], 200, BODY],
    [['If-Range', 'W/"a"'], 200, BODY],
    [['Range', 'bytes=10-'], 416, ''],
    [['Range', 'bytes=0-1', 'If-None-Match', '"a"'], 304, ''],
    [['Range', 'bytes=2-1'], 200, BODY],
    [['Range', 'pages=1-2'], 200, BODY],
  ])('answers %j with %d', async (asked, status, body) => {
    const answer = await stored(asked)
    expect([answer.status, answer.body]).toEqual([status, body])
    expect(answer.cacheStatus).toMatch(/^hit/)
  })

  it('has no field that Connection names, on whatever line', async () => {
    const { headers } = await stored([])
    expect(['connection', 'x-hop', 'x-other', 'x'].map((name) => headers.get(name))).toEqual([null, null, null, '3'])
  })

  it('answers a HEAD with a range as one without', async () => {
    const { status, headers } = await stored(['Range', 'bytes=0-1'], 'HEAD')
    expect([status, headers.get('content-length')]).toEqual([200, '10'])
  })

  it.each<[string, Asking, boolean]>([
    ['a POST', {}, false],
    ['an unknown method', { method: 'FROB' }, false],
    ['a POST that leads to it', { headers: ['Location', '/'] }, false],
    ['a POST whose answer is that of it', { headers: ['Content-Location', 'http://example.com/'] }, false],
    ['a POST that leads to another host', { headers: ['Location', 'http://evil.example/'] }, true],
    ['a POST that leads to another port', { headers: ['Location', 'http://example.com:81/'] }, true],
    ['a POST that was refused', { headers: ['Location', '/'], status: 403 }, true],
    ['a POST that failed', { headers: ['Content-Location', '/'], status: 500 }, true],
    ['a safe method', { method: 'OPTIONS', headers: ['Location', '/'] }, true],
  ])('is what it was, or not, after %s', async (_, write, hit) => {
    const { engine } = shared()
    await ask(engine, '/', { headers: ['Cache-Control', 'max-age=60'] })
    const target = write.headers === undefined ? '/' : '/other'
    await ask(engine, target, { method: 'POST', ...write })
    expect((await ask(engine, '/')).cacheStatus.startsWith('hit')).toBe(hit)
  })
})
