import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../../src/base/errors.js'
import { CREDENTIAL_HEADERS } from '../../../src/http/rules/credentials.js'
import { type HttpCacheOptions, overHttpCacheOptions, parseHttpCacheOptions } from '../../../src/http/rules/options.js'
import { PROFILES } from '../../../src/http/rules/profiles.js'

describe('options of httpCache', () => {
  it('have the defaults of the safe profile', () => {
    expect(parseHttpCacheOptions()).toEqual({
      profile: 'safe',
      ...PROFILES.safe,
      ttlMs: undefined,
      override: false,
      host: true,
      query: true,
      ignoreQuery: { names: new Set(), prefixes: [] },
      sortQuery: false,
      noVarySearch: false,
      headers: undefined,
      cookies: undefined,
      credentialHeaders: new Set(CREDENTIAL_HEADERS),
      encodings: undefined,
      languages: undefined,
      key: undefined,
      vary: undefined,
      bypass: false,
      tags: [],
      prefixDepth: 0,
      cacheable: undefined,
      invalidate: undefined,
      eviction: 'both',
      cacheStatus: 'full',
      clientCacheControl: undefined,
      waitUntil: undefined,
      maxBodyBytes: 5_242_880,
      waitTimeoutMs: undefined,
      leaseMs: undefined,
      hardTimeoutMs: undefined,
    })
  })

  it('have those of a profile, and in place of each what is given', () => {
    expect(parseHttpCacheOptions({ profile: 'rfc9111' })).toMatchObject(PROFILES.rfc9111)
    const given = { profile: 'rfc9111', keepStale: '1h', narrow: 'strict', statuses: [200], heuristics: false } as const
    expect(parseHttpCacheOptions(given)).toMatchObject({
      ...PROFILES.rfc9111,
      keepStaleMs: 3_600_000,
      narrow: 'strict',
      statuses: new Set([200]),
      heuristics: false,
    })
    expect(parseHttpCacheOptions({ targetedFields: ['X-CDN-Cache-Control'] })).toMatchObject({
      ...PROFILES.safe,
      targetedFields: ['x-cdn-cache-control'],
    })
  })

  it('are parsed once, into what the rules read', () => {
    const rules = parseHttpCacheOptions({
      ttl: '1m',
      override: true,
      statuses: [200, 404],
      host: false,
      query: ['a'],
      headers: ['Accept-Language'],
      cookies: ['Lang'],
      clientCacheControl: 'no-cache',
      etag: false,
      maxBodyBytes: 1_000,
      waitTimeout: '1s',
      lease: '2s',
      hardTimeout: '10s',
    })
    expect(rules).toMatchObject({
      ttlMs: 60_000,
      statuses: new Set([200, 404]),
      query: new Set(['a']),
      headers: new Set(['accept-language']),
      cookies: new Set(['Lang']),
      waitTimeoutMs: 1_000,
      leaseMs: 2_000,
      hardTimeoutMs: 10_000,
    })
    const more = parseHttpCacheOptions({
      host: 'shop.example:8080',
      query: ['Page', 'filter[x]'],
      ignoreQuery: ['utm_*', 'FBCLID'],
      credentialHeaders: ['X-Tenant-Key'],
      encodings: ['BR', 'gzip'],
      bypass: true,
    })
    expect(more).toMatchObject({
      host: 'shop.example:8080',
      query: new Set(['page', 'filter']),
      ignoreQuery: { names: new Set(['fbclid']), prefixes: ['utm_'] },
      credentialHeaders: new Set([...CREDENTIAL_HEADERS, 'x-tenant-key']),
      encodings: ['br', 'gzip'],
      bypass: true,
    })
    expect(parseHttpCacheOptions({ host: false }).host).toBe('localhost')
    expect(parseHttpCacheOptions({ ttl: Number.POSITIVE_INFINITY }).ttlMs).toBe(Number.POSITIVE_INFINITY)
  })

  it('say with strict narrowing that nothing counts which is not named', () => {
    const strict = parseHttpCacheOptions({ narrow: 'strict', headers: ['accept'] })
    expect([strict.headers, strict.cookies]).toEqual([new Set(['accept']), new Set()])
  })

  const wrong: [option: string, options: unknown][] = [
    ['ttl', { ttl: -1 }],
    ['ttl', { ttl: 'soon' }],
    ['ttl', { ttl: Number.NaN }],
    ['ttl', { ttl: null }],
    ['override', { override: 'yes', ttl: 1 }],
    ['override', { override: true }],
    ['statuses', { statuses: 200 }],
    ['statuses', { statuses: [200, 206] }],
    ['statuses', { statuses: [304] }],
    ['statuses', { statuses: [103] }],
    ['statuses', { statuses: ['200'] }],
    ['host', { host: 'no host' }],
    ['query', { query: 'a' }],
    ['query', { query: [''] }],
    ['host', { host: '' }],
    ['host', { host: 'user@shop.example' }],
    ['ignoreQuery', { ignoreQuery: 'utm_*' }],
    ['ignoreQuery', { ignoreQuery: ['*'] }],
    ['ignoreQuery', { ignoreQuery: ['u*m'] }],
    ['ignoreQuery', { ignoreQuery: ['filter[x]'] }],
    ['sortQuery', { sortQuery: 1 }],
    ['credentialHeaders', { credentialHeaders: ['X API Key'] }],
    ['encodings', { encodings: ['*'] }],
    ['encodings', { encodings: ['gzip'], narrow: false }],
    ['languages', { languages: ['*'] }],
    ['languages', { languages: ['en_US'] }],
    ['languages', { languages: ['en'], narrow: false }],
    ['tags', { tags: 'news' as never }],
    ['tags', { tags: [''] }],
    ['tags', { tags: ['\0news'] }],
    ['tags', { tags: Array.from({ length: 65 }, (_item, index) => String(index)) }],
    ['prefixDepth', { prefixDepth: 9 }],
    ['prefixDepth', { prefixDepth: -1 }],
    ['cacheable', { cacheable: true as never }],
    ['invalidate', { invalidate: ['news'] as never }],
    ['eviction', { eviction: 'rest' as never }],
    ['etag', { etag: 'weak' as never }],
    ['waitUntil', { waitUntil: true as never }],
    ['vary', { vary: 'tenant' }],
    ['key', { key: 'tenant' }],
    ['bypass', { bypass: 'yes' }],
    ['headers', { headers: 'accept' }],
    ['headers', { headers: ['accept language'] }],
    ['headers', { headers: ['Host'] }],
    ['headers', { headers: ['Range'] }],
    ['headers', { headers: ['if-none-match'] }],
    ['cookies', { cookies: ['a=b'] }],
    ['cookies', { cookies: true }],
    ['cookies', { cookies: ['a'], headers: ['cookie'] }],
    ['narrow', { narrow: 'loose' }],
    ['clientCacheControl', { clientCacheControl: 'a\r\nX-Evil: 1' }],
    ['clientCacheControl', { clientCacheControl: false }],
    ['etag', { etag: 'weak' }],
    ['maxBodyBytes', { maxBodyBytes: Number.NaN }],
    ['maxBodyBytes', { maxBodyBytes: 0 }],
    ['waitTimeout', { waitTimeout: 'long' }],
    ['lease', { lease: 0 }],
    ['lease', { lease: 99 }],
    ['lease', { lease: '2h' }],
    ['hardTimeout', { hardTimeout: 0 }],
    ['tll', { tll: '1m' }],
    ['httpCache', 'ttl'],
    ['httpCache', null],
  ]

  it.each(wrong)('are refused with the name of the option: %s %j', (option, options) => {
    let thrown: unknown
    try {
      parseHttpCacheOptions(options as HttpCacheOptions)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(InvalidOptionError)
    expect(thrown).toMatchObject({ option, message: expect.stringContaining(option) })
  })

  it('say what would do where a list is not the only thing', () => {
    expect(() => parseHttpCacheOptions({ query: 'a' as never })).toThrow(/true, false or a list of parameter names/)
  })
})

describe('a value of the wrong kind is told what would be right', () => {
  it.each<[unknown, string]>([
    [{ query: 'a' }, "query: expected true, false or a list of parameter names, for example ['page'], got 'a'"],
    [{ query: [5] }, "query: expected a list of parameter names, for example ['page'], got one that holds 5"],
    [{ headers: 'accept' }, "headers: expected a list of field names, for example ['accept-language'], got 'accept'"],
    [{ cookies: true }, "cookies: expected a list of cookie names, for example ['theme'], got true"],
    [{ statuses: 200 }, "statuses: expected 'final' or a list of final statuses, for example [200, 404], got 200"],
    [{ narrow: 'loose' }, "narrow: expected true, false or 'strict', got 'loose'"],
    [{ clientCacheControl: false }, "clientCacheControl: expected a string like 'no-cache', got false"],
    [{ lease: '2h' }, "lease: must be at most 1 h, got '2h'"],
    ['1m', 'httpCache: expected an object of options, got a string; give it as { ttl: … }'],
  ])('%j', (options, message) => {
    expect(() => parseHttpCacheOptions(options as HttpCacheOptions)).toThrow(message)
  })
})

describe("a route's options over its application's", () => {
  it('leave alone what they do not name, or name as undefined', () => {
    const below: HttpCacheOptions = { ttl: '1m', query: ['page'] }
    expect(overHttpCacheOptions({ ttl: undefined, etag: false }, below)).toEqual({ ...below, etag: false })
  })

  it.each([[true], [null], ['1m'], [{ tll: '1m' }]])('are refused where they are none: %j', (options) => {
    expect(() => overHttpCacheOptions(options as HttpCacheOptions, {})).toThrow(InvalidOptionError)
  })
})
