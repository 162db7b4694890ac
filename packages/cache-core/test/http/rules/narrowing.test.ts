import { describe, expect, it } from 'vitest'
import { all, first } from '../../../src/http/message/headers.js'
import type { CacheRequest } from '../../../src/http/message/message.js'
import { narrow, visibleLines } from '../../../src/http/rules/narrowing.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { expectLinear } from '../../support/linear.js'
import { get, keyOf, rulesOf } from '../support/requests.js'

const seen = (request: CacheRequest, options: HttpCacheOptions = {}) =>
  narrow(request, keyOf(request, options), rulesOf(options))

const CLAIMS = {
  'X-Forwarded-Host': 'evil',
  'X-Forwarded-Proto': 'gopher',
  'X-Forwarded-For': '6.6.6.6',
  'x-forwarded-anything': 'evil',
  Forwarded: 'host=evil',
  'X-Real-IP': '6.6.6.6',
  'X-Original-URL': '/admin',
  'X-Rewrite-URL': '/admin',
  'X-HTTP-Method-Override': 'DELETE',
  'X-Host': 'evil',
  'CF-Connecting-IPv6': '::6',
  'CF-Visitor': '{"scheme":"https"}',
  'CloudFront-Viewer-Address': '6.6.6.6:66',
  'Fly-Client-IP': '6.6.6.6',
  'X-Azure-ClientIP': '6.6.6.6',
  'Proxy-Connection': 'keep-alive',
}

const CONDITIONS = {
  Range: 'bytes=0-9',
  'If-Range': '"a"',
  'If-Match': '"a"',
  'If-None-Match': '"a"',
  'If-Modified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT',
  'If-Unmodified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT',
}

describe('a narrowed request', () => {
  it('has no claims of proxies, no conditions, no wishes about caches', () => {
    const request = get('/', {
      ...CLAIMS,
      ...CONDITIONS,
      'Cache-Control': 'no-cache',
      Pragma: 'no-cache',
      Accept: 'a/b',
    })
    expect(seen(request).headers).toEqual(['Host', 'example.com', 'Accept', 'a/b'])
  })

  it('keeps other fields with order, case and repeated lines: Vary covers them', () => {
    const headers = ['Host', 'example.com', 'X-A', '1', 'ACCEPT-language', 'de', 'x-a', '2']
    expect(seen(get('/', {}, { headers })).headers).toEqual(headers)
  })

  it('keeps what the route names, a claim too', () => {
    const request = get('/', { 'X-Real-IP': '1.2.3.4', Authorization: 'Bearer x' })
    expect(seen(request, { headers: ['x-real-ip', 'AUTHORIZATION'] }).headers).toEqual([...request.headers])
  })

  it('has the cookies that the route names, as written, and no Cookie field when none is there', () => {
    const request = get('/', { Cookie: ['session=1; lang=de', 'lang="fr"; langx=no'] })
    expect(first(seen(request, { cookies: ['lang'] }).headers, 'cookie')).toBe('lang=de; lang="fr"')
    expect(first(seen(request, { cookies: ['other'] }).headers, 'cookie')).toBeUndefined()
    expect(first(seen(request, { cookies: [] }).headers, 'cookie')).toBeUndefined()
  })

  it('has the whole Cookie field where the route names the field', () => {
    const request = get('/', { Cookie: 'a=1; b=2' })
    expect(first(seen(request, { headers: ['cookie'] }).headers, 'cookie')).toBe('a=1; b=2')
  })

  it('keeps credentials where the route names other headers, and hides them where it depends on none', () => {
    const request = get('/', { Authorization: 'Bearer x', 'X-API-Key': 'y' })
    expect(seen(request, { headers: ['accept-language'] }).headers).toEqual([...request.headers])
    expect(seen(request, { headers: [] }).headers).toEqual(['Host', 'example.com'])
  })

  it('keeps credentials that the route says nothing about: such a request passes with them', () => {
    const request = get('/', { Cookie: 'a=1', Authorization: 'Bearer x' })
    expect(seen(request).headers).toEqual([...request.headers])
  })

  it('has the query of the key, as written', () => {
    expect(seen(get('/p?utm=1&a=%31&b=2'), { query: ['a'] }).target).toBe('/p?a=%31')
    expect(seen(get('/p?a=1'), { query: false }).target).toBe('/p')
    expect(seen(get('/p?a=1&&b')).target).toBe('/p?a=1&&b')
  })

  it('has its target in origin form', () => {
    expect(seen(get('http://example.com/p?a')).target).toBe('/p?a')
  })

  it('has the host of the key, or one for all where hosts share entries', () => {
    expect(first(seen(get('/', { Host: 'EXAMPLE.com:80' })).headers, 'host')).toBe('example.com')
    expect(all(seen(get('/'), { host: false }).headers, 'host')).toEqual(['localhost'])
    expect(all(seen(get('/'), { host: 'shop.example' }).headers, 'host')).toEqual(['shop.example'])
    expect(all(seen(get('/', {}, { headers: [] }), { host: false }).headers, 'host')).toEqual(['localhost'])
  })

  it('has its url narrowed as its target, where a mount has cut it or a layer rewritten it', () => {
    const mounted = get('/api/p?a=1&b=2', {}, { url: '/p?a=1&b=2' })
    expect(seen(mounted, { query: ['a'] })).toMatchObject({ target: '/api/p?a=1', url: '/p?a=1' })
    const rewritten = get('/i/42?utm=x', {}, { url: '/items?id=42&utm=x' })
    expect(seen(rewritten, { query: ['id'] })).toMatchObject({ target: '/i/42', url: '/items?id=42' })
    expect(seen(rewritten)).toMatchObject({ target: '/i/42?utm=x', url: '/items?id=42&utm=x' })
  })

  it('has one coding in Accept-Encoding where the route names those that it knows', () => {
    const coding = (value: string) =>
      first(seen(get('/', { 'Accept-Encoding': value }), { encodings: ['br', 'gzip'] }).headers, 'accept-encoding')
    expect(coding('gzip, deflate, br;q=0.5')).toBe('br')
    expect(coding('gzip;q=1.0, *;q=0')).toBe('gzip')
    expect(coding('*')).toBe('br')
    expect(coding('identity, deflate')).toBeUndefined()
  })

  it('has, behind a trusted proxy, the scheme and host of the key under all their names', () => {
    const request = get(
      '/',
      { ...CLAIMS, 'X-Forwarded-Host': ['shop.example', 'evil'] },
      { origin: { scheme: 'https', host: 'shop.example' } },
    )
    expect(seen(request).headers).toEqual([
      'Host',
      'shop.example',
      'X-Forwarded-Host',
      'shop.example',
      'X-Forwarded-Proto',
      'https',
    ])
  })
})

describe('a request of many lines', () => {
  it('is narrowed in a time that grows with them, not with their square', async () => {
    const narrowing = (lines: number): (() => void) => {
      const headers = Array.from({ length: lines }, (_, i) => ['Cookie', `c${i}=${i}`]).flat()
      const request = get('/', {}, { headers: ['Host', 'example.com', ...headers] })
      const options: HttpCacheOptions = { cookies: ['c1'] }
      const [key, rules] = [keyOf(request, options), rulesOf(options)]
      return () => expect(first(narrow(request, key, rules).headers, 'cookie')).toBe('c1=1')
    }
    await expectLinear(narrowing, { small: 2_000, large: 16_000 })
  })
})

describe('strict narrowing', () => {
  it('leaves Host and what the route names', () => {
    const request = get('/', {
      Accept: 'a/b',
      'User-Agent': 'x',
      Cookie: 'a=1; b=2',
      Authorization: 'Bearer x',
      'X-Tenant': '7',
    })
    expect(seen(request, { narrow: 'strict' }).headers).toEqual(['Host', 'example.com'])
    expect(seen(request, { narrow: 'strict', headers: ['x-tenant'], cookies: ['b'] }).headers).toEqual([
      'Host',
      'example.com',
      'Cookie',
      'b=2',
      'X-Tenant',
      '7',
    ])
  })
})

describe('without narrowing', () => {
  it('only conditions and ranges are taken away, so that the answer is whole', () => {
    const request = get('http://example.com/p?a=1', { ...CLAIMS, Cookie: 'a=1', Authorization: 'x' })
    const withConditions = get(request.target, { ...CLAIMS, Cookie: 'a=1', Authorization: 'x', ...CONDITIONS })
    const options: HttpCacheOptions = { narrow: false, query: false, cookies: [] }
    expect(seen(withConditions, options)).toEqual({
      target: request.target,
      url: request.target,
      headers: [...request.headers],
    })
  })
})

describe('the value that Vary compares', () => {
  it('is the value that the handler gets, for every field', () => {
    const request = get(
      '/?a',
      { ...CLAIMS, ...CONDITIONS, Cookie: 'a=1; b=2', Accept: ['a/b', 'c/d'] },
      { origin: { scheme: 'https', host: 'shop.example' } },
    )
    for (const options of [
      {},
      { cookies: ['b'] },
      { headers: [] },
      { narrow: 'strict' },
      { narrow: false },
      { host: false },
    ] as HttpCacheOptions[]) {
      const key = keyOf(request, options)
      const { headers } = seen(request, options)
      for (const line of request.headers.filter((_, i) => i % 2 === 0)) {
        const name = line.toLowerCase()
        const seenLines = all(headers, name)
        expect(visibleLines(request, key, name, rulesOf(options)), `${name} ${JSON.stringify(options)}`).toEqual(
          seenLines,
        )
      }
    }
  })
})
