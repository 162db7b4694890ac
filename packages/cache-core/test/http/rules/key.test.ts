import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CacheRequest } from '../../../src/http/message/message.js'
import { targetOf, urlKey } from '../../../src/http/rules/key.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { resourceName } from '../../../src/http/rules/resource-name.js'
import { get, keyOf, rulesOf } from '../support/requests.js'

const isRefused = (request: CacheRequest) => !urlKey(request, rulesOf()).ok

describe('the key of a resource', () => {
  it('is host, path and query', () => {
    expect(keyOf(get('/a?b=1'))).toEqual(['http', 'example.com', '/a', '?b=1'])
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
    expect(keyOf(get('/', {}, { origin }), { host: false })).toEqual(['https', '', '/', ''])
  })

  it('has no host where hosts share entries', () => {
    expect(keyOf(get('/a'), { host: false })).toEqual(['http', '', '/a', ''])
  })

  it('ignores what only claims to be a host', () => {
    expect(keyOf(get('/', { 'X-Forwarded-Host': 'evil', Forwarded: 'host=evil' }))).toEqual(keyOf(get('/')))
  })
})

describe('a target in absolute form', () => {
  it('has the key of its origin form', () => {
    expect(keyOf(get('http://example.com/a?b'))).toEqual(keyOf(get('/a?b')))
    expect(keyOf(get('HTTP://EXAMPLE.COM/a?b'))).toEqual(keyOf(get('/a?b')))
  })

  it('has no key without a path: some routers take the query for one', () => {
    expect(isRefused(get('http://example.com'))).toBe(true)
    expect(isRefused(get('http://example.com?x=/u/someone'))).toBe(true)
  })

  it('has no key without Host: its handler is told no host at all', () => {
    expect(isRefused(get('http://example.com/a', {}, { headers: [] }))).toBe(true)
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

  it('are found under what a parser may make one parameter of', () => {
    expect(query('/p?ids[]=1&ids%5B%5D=2&x=3', ['ids'])).toBe('?ids[]=1&ids%5B%5D=2')
    expect(query('/p?filter[x]=1&filter.y=2&filters=3', ['filter'])).toBe('?filter[x]=1&filter.y=2')
    expect(query('/p?f[a]=1&f[b]=2', ['f[a]'])).toBe('?f[a]=1&f[b]=2')
    expect(query('/p?Page=2&PAGE=3&pages=4', ['page'])).toBe('?Page=2&PAGE=3')
    expect(query('/p?[a]=1&.b=2', ['a', 'b'])).toBe('')
  })

  it('are not told among more than parsers read', () => {
    const many = `/p?${'&'.repeat(1_000)}a=1`
    expect(urlKey(get(many), rulesOf({ query: ['a'] })).ok).toBe(false)
    expect(query(many, true)).toHaveLength(1_004)
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

describe('parameters that never count', () => {
  const query = (target: string, options: HttpCacheOptions) => keyOf(get(target), options)[3]

  it('are named, or begin so', () => {
    const options = { ignoreQuery: ['utm_*', 'fbclid'] }
    expect(query('/p?utm_source=x&a=1&UTM_medium=y&fbclid=z&fbclids=1', options)).toBe('?a=1&fbclids=1')
    expect(query('/p?utm_source=x', options)).toBe('')
    expect(query('/p?a&&b', options)).toBe('?a&&b')
    expect(query('/p?', options)).toBe('?')
  })

  it('are left out of chosen ones, too', () => {
    expect(query('/p?a_1=1&a_2=2&b=3', { query: ['a_1', 'b'], ignoreQuery: ['a_*'] })).toBe('?b=3')
  })
})

describe('a sorted query', () => {
  const query = (target: string) => keyOf(get(target), { sortQuery: true })[3]

  it('has its parameters by name, and repeated ones in their order', () => {
    expect(query('/p?b=2&a=1')).toBe(query('/p?a=1&b=2'))
    expect(query('/p?id=2&a=1&id=1')).toBe('?a=1&id=2&id=1')
    expect(query('/p?id=2&id=1')).not.toBe(query('/p?id=1&id=2'))
  })
})

describe('the host', () => {
  it('is the same with the port of its scheme', () => {
    const key = (scheme: string, host: string) => keyOf(get('/', { Host: host }, { scheme }))
    expect(key('http', 'x:80')).toEqual(key('http', 'x'))
    expect(key('http', 'X:')).toEqual(key('http', 'x'))
    expect(key('https', 'x:443')).toEqual(key('https', 'x'))
    expect(key('http', 'x:443')).not.toEqual(key('http', 'x'))
    expect(key('https', 'x:80')).not.toEqual(key('https', 'x'))
    expect(key('http', '[::1]:80')).toEqual(key('http', '[::1]'))
    expect(key('http', '[::80]')[1]).toBe('[::80]')
  })

  it('differs by scheme, also where hosts share entries', () => {
    expect(keyOf(get('/', {}, { scheme: 'https' }))).not.toEqual(keyOf(get('/')))
    expect(keyOf(get('/', {}, { scheme: 'https' }), { host: false })).not.toEqual(keyOf(get('/'), { host: false }))
  })

  it('that is missing or empty is no host, and not that of all hosts', () => {
    expect(isRefused(get('/', {}, { headers: [] }))).toBe(true)
    expect(isRefused(get('/', { Host: '' }))).toBe(true)
    expect(isRefused(get('/', {}, { origin: { scheme: 'https', host: '' } }))).toBe(true)
    expect(isRefused(get('/', {}, { origin: { scheme: 'no scheme', host: 'x' } }))).toBe(true)
  })
})

describe('a key', () => {
  it('is made in a time that grows with the target, whatever stands in it', () => {
    // Time that grows with its square runs into the timeout of the test.
    const options: HttpCacheOptions[] = [{}, { query: ['a'] }, { ignoreQuery: ['a*'], sortQuery: true }]
    const units = ['/', '?', '&', '%', '%2', '%41', '[', '.', ';', 'é', 'A', '=']
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...units), { maxLength: 3 }),
        fc.constantFrom(...options),
        (unit, option) => {
          const text = unit.join('')
          const result = urlKey(get(`/${text.repeat(2_000)}`.slice(0, 8_000)), rulesOf(option))
          if (result.ok) expect(resourceName(result.key)).toHaveLength(3)
        },
      ),
      { numRuns: 200 },
    )
  })
})
