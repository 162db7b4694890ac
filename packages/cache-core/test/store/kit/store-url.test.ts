import { describe, expect, it } from 'vitest'
import { checkQuery, durationInQuery, formatHost, parseHost, parseStoreUrl } from '../../../src/store/kit/store-url.js'

describe('parseStoreUrl', () => {
  it('takes a URL apart', () => {
    const url = parseStoreUrl('couchbase://user:pass@db.example:11210/bucket/scope?timeout=5s&tls', ['couchbase'])
    expect(url).toEqual({
      scheme: 'couchbase',
      username: 'user',
      password: 'pass',
      hosts: [{ host: 'db.example', port: 11_210 }],
      path: ['bucket', 'scope'],
      query: new Map([
        ['timeout', '5s'],
        ['tls', ''],
      ]),
    })
  })

  it('takes the least', () => {
    expect(parseStoreUrl('redis://localhost', ['redis'])).toEqual({
      scheme: 'redis',
      username: undefined,
      password: undefined,
      hosts: [{ host: 'localhost', port: undefined }],
      path: [],
      query: new Map(),
    })
  })

  it('takes several hosts with ports, which the WHATWG parser refuses', () => {
    expect(() => new URL('memcached://a:1,b:2')).toThrow()
    expect(parseStoreUrl('memcached://a:1,b, c:3', ['memcached']).hosts).toEqual([
      { host: 'a', port: 1 },
      { host: 'b', port: undefined },
      { host: 'c', port: 3 },
    ])
  })

  it('takes IPv6 addresses in brackets, alone and among others', () => {
    expect(parseStoreUrl('redis://[::1]:6379,[fe80::1],10.0.0.1:1/0', ['redis']).hosts).toEqual([
      { host: '::1', port: 6379 },
      { host: 'fe80::1', port: undefined },
      { host: '10.0.0.1', port: 1 },
    ])
  })

  it('decodes percent escapes in every part', () => {
    const url = parseStoreUrl('redis://us%40er:p%3Aa%2Fs%40s@host/a%2Fb?na%3Dme=va%26lue', ['redis'])
    expect(url).toMatchObject({ username: 'us@er', password: 'p:a/s@s', path: ['a/b'] })
    expect(url.query).toEqual(new Map([['na=me', 'va&lue']]))
  })

  it('takes a password without a user, and one with colons', () => {
    expect(parseStoreUrl('redis://:secret@host', ['redis'])).toMatchObject({ username: undefined, password: 'secret' })
    expect(parseStoreUrl('redis://u:a:b@host', ['redis'])).toMatchObject({ username: 'u', password: 'a:b' })
  })

  it('takes the scheme in any case, and space around the text', () => {
    expect(parseStoreUrl(' REDIS://host ', ['redis', 'rediss']).scheme).toBe('redis')
  })

  it('says which schemes there are', () => {
    expect(() => parseStoreUrl('mysql://host', ['redis', 'rediss'])).toThrow(
      "url: unknown scheme 'mysql:'; expected 'redis:' or 'rediss:'",
    )
  })

  it.each(['', 'redis', 'redis:/host', 'localhost:6379', 'redis://host#fragment', '//host'])('refuses %j', (text) => {
    expect(() => parseStoreUrl(text, ['redis'])).toThrow("url: not a store URL; expected the form 'redis://host:port'")
  })

  it.each(['redis://', 'redis://a,,b', 'redis://a:0', 'redis://a:70000', 'redis://a:x', 'redis://::1', 'redis://a b'])(
    'refuses the hosts of %j',
    (text) => {
      expect(() => parseStoreUrl(text, ['redis'])).toThrow(
        /^url: host \d: expected host:port with a port from 1 to 65535/,
      )
    },
  )

  it.each([undefined, null, 5, {}])('refuses %s', (value) => {
    expect(() => parseStoreUrl(value, ['redis'], 'CACHE_URL')).toThrow(
      "CACHE_URL: expected a string like 'redis://host:port'",
    )
  })

  it.each([
    'redis://user:s3cret@',
    'redis://user:s3cret@a:0',
    'redis://user:s3cret@a:70000',
    'redis://user:s3cret@host#x',
    'mysql://user:s3cret@host',
    'redis://user:s3cret%@host',
    'redis://user:s3cret@host/%zz',
    'user:s3cret@host',
    // A password with an unescaped separator: what follows it must not be shown either.
    'redis://user:s3cret/more@host:6379',
    'redis://user:s3cret?more@host:6379',
    'redis://user:x@s3cret@host',
    // What stands before it reads as a port.
    'redis://user:1234/s3cret@host:6379',
    'redis://user:1234?s3cret@host:6379',
    // No host at all.
    'redis://user:s3cret',
  ])('never shows the password of %j', (text) => {
    let message = ''
    try {
      parseStoreUrl(text, ['redis'])
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toMatch(/^url: /)
    expect(message).not.toContain('s3cret')
  })
})

describe('parseHost', () => {
  it('names the option in its error', () => {
    expect(() => parseHost('a:99999', 'servers[1]')).toThrow(/^servers\[1\]: /)
    expect(() => parseHost(5, 'servers[0]')).toThrow(/^servers\[0\]: /)
    expect(() => parseHost('user:s3cret@host', 'servers[0]')).toThrow(/got a text with a user$/)
  })
})

describe('the query', () => {
  const url = parseStoreUrl('redis://host?timeout=500&connectTimeout=2s&other=', ['redis'])

  it('has known options only', () => {
    expect(() => checkQuery(url, ['other', 'connectTimeout', 'timeout'])).not.toThrow()
    expect(() => checkQuery(url, ['timeout', 'other'])).toThrow(
      "url: has no option 'connectTimeout'; it has timeout, other",
    )
  })

  it('tells durations with a unit as text, and milliseconds as a number', () => {
    expect(durationInQuery(url, 'connectTimeout')).toBe('2s')
    expect(durationInQuery(url, 'timeout')).toBe(500)
    expect(durationInQuery(url, 'other')).toBe('')
    expect(durationInQuery(url, 'absent')).toBeUndefined()
  })
})

describe('formatHost', () => {
  it.each(['cache-1', 'cache-1:11211', '[::1]', '[::1]:6379'])('writes %s as it was', (text) => {
    expect(formatHost(parseHost(text, 'hosts'))).toBe(text)
  })
})
