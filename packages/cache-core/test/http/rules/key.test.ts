import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CacheRequest } from '../../../src/http/message/message.js'
import { targetOf, urlKey } from '../../../src/http/rules/key.js'
import { get, keyOf, rulesOf } from '../support/requests.js'

const isRefused = (request: CacheRequest) => !urlKey(request, rulesOf()).ok

describe('the key of a resource', () => {
  it('is host, path and query', () => {
    expect(keyOf(get('/a?b=1'))).toEqual(['', 'example.com', '/a', '?b=1'])
    expect(targetOf(keyOf(get('/a?b=1')))).toBe('/a?b=1')
  })

  it('is the same for GET and HEAD', () => {
    expect(keyOf(get('/a', {}, { method: 'HEAD' }))).toEqual(keyOf(get('/a')))
  })

  it('differs between any two targets, octet by octet', () => {
    const targets = [
      '/p',
      '/p/',
      '/%70',
      '//p',
      '/p;x.css',
      '/p/x.css',
      '/p%00',
      '/P',
      '/./p',
      '/a/../p',
      '/p?',
      '/p??',
      '/%1E',
      '/\x00',
      '/\r\n',
      '/ ',
      '/',
    ]
    expect(new Set(targets.map((target) => JSON.stringify(keyOf(get(target))))).size).toBe(targets.length)
  })

  it('differs between any two queries', () => {
    const queries = [
      '?a=1%26b=2',
      '?a=1&b=2',
      '?b=2&a=1',
      '?a=1;b=2',
      '?id=1&id=2',
      '?id=2&id=1',
      '?A=1',
      '?a',
      '?a=',
      '?',
      '',
    ]
    expect(new Set(queries.map((query) => JSON.stringify(keyOf(get(`/p${query}`))))).size).toBe(queries.length)
  })

  it('differs between any two targets in origin form', () => {
    const target = fc
      .string({ unit: fc.constantFrom('/', '?', '&', '=', '%', '2', 'F', 'a', ':', '\n') })
      .map((text) => `/${text}`)
    fc.assert(
      fc.property(target, target, (a, b) => {
        expect(JSON.stringify(keyOf(get(a))) === JSON.stringify(keyOf(get(b)))).toBe(a === b)
      }),
    )
  })

  it('differs between hosts and ports, not by their case', () => {
    expect(keyOf(get('/', { Host: 'evil.example' }))).not.toEqual(keyOf(get('/')))
    expect(keyOf(get('/', { Host: 'example.com:8080' }))).not.toEqual(keyOf(get('/')))
    expect(keyOf(get('/', { Host: 'EXAMPLE.com' }))).toEqual(keyOf(get('/')))
  })

  it('has the scheme and host that the framework resolves', () => {
    const origin = { scheme: 'https', host: 'Shop.example' }
    expect(keyOf(get('/', {}, { origin }))).toEqual(['https', 'shop.example', '/', ''])
    expect(keyOf(get('/', {}, { origin }), { host: false })).toEqual(['', '', '/', ''])
  })

  it('has no host where hosts share entries', () => {
    expect(keyOf(get('/a'), { host: false })).toEqual(['', '', '/a', ''])
  })

  it('ignores what only claims to be a host', () => {
    expect(keyOf(get('/', { 'X-Forwarded-Host': 'evil', Forwarded: 'host=evil' }))).toEqual(keyOf(get('/')))
  })
})

describe('a target in absolute form', () => {
  it('has the key of its origin form', () => {
    expect(keyOf(get('http://example.com/a?b'))).toEqual(keyOf(get('/a?b')))
    expect(keyOf(get('HTTP://EXAMPLE.COM/a?b'))).toEqual(keyOf(get('/a?b')))
    expect(keyOf(get('http://example.com'))).toEqual(keyOf(get('/')))
    expect(keyOf(get('http://example.com?b'))).toEqual(keyOf(get('/?b')))
  })

  it('has no key where Host names another', () => {
    expect(isRefused(get('http://evil.example/a'))).toBe(true)
    expect(isRefused(get('/a', {}, { headers: ['Host', 'example.com', 'host', 'evil.example'] }))).toBe(true)
  })
})

describe('no key', () => {
  it.each([
    '*',
    'example.com:443',
    'a',
    '',
    'ftp://example.com/',
    'http://user@example.com/',
    '/a#b',
    'http:///a',
    '?a',
  ])('has the target %j', (target) => {
    expect(isRefused(get(target))).toBe(true)
  })

  it('has a target of 100 kB, and one of 8000 octets has one', () => {
    expect(isRefused(get(`/${'x'.repeat(100_000)}`))).toBe(true)
    expect(keyOf(get(`/${'x'.repeat(7_999)}`))[2]).toHaveLength(8_000)
  })
})

describe('chosen query parameters', () => {
  const query = (target: string, chosen: string[] | boolean) => keyOf(get(target), { query: chosen })[3]

  it('are kept as written and in their order, the others are not', () => {
    expect(query('/p?b=2&utm=x&a=1&b=%33', ['a', 'b'])).toBe('?b=2&a=1&b=%33')
    expect(query('/p?a=1%26b=2', ['a', 'b'])).toBe('?a=1%26b=2')
    expect(query('/p?utm=x', ['a'])).toBe('')
    expect(query('/p?a', ['a'])).toBe('?a')
  })

  it('are found by their decoded name', () => {
    expect(query('/p?%61=1&x+y=2&x%20y=3&%=4', ['a', 'x y', '%'])).toBe('?%61=1&x+y=2&x%20y=3&%=4')
  })

  it('are not separated by a semicolon', () => {
    expect(query('/p?x=1;a=2', ['a'])).toBe('')
  })

  it('may be none', () => {
    expect(query('/p?a=1', false)).toBe('')
    expect(query('/p?a=1', [])).toBe('')
  })
})
