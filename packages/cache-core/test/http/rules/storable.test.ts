import { describe, expect, it } from 'vitest'
import { headerLines } from '../../../src/http/message/headers.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { isComplete, storable } from '../../../src/http/rules/storable.js'
import { rulesOf } from '../support/requests.js'

const NOW = Date.UTC(2026, 10, 20, 12)
const TIMES = { requestedAt: NOW, receivedAt: NOW }
const GET = { method: 'GET', credentials: false }

function store(
  status: number,
  fields: Record<string, string | string[]> = {},
  options: HttpCacheOptions = { ttl: '1m' },
  request = GET,
) {
  return storable(request, { status, headers: headerLines(fields) }, rulesOf(options), TIMES)
}
const isStored = (...given: Parameters<typeof store>) => store(...given).storable

describe('a response is stored', () => {
  it('with its lifetime, age, fields to vary on and whether it is public', () => {
    const fields = { 'Cache-Control': 'public, max-age=60', Age: '10', Vary: 'Accept-Language, Origin' }
    expect(store(200, fields)).toEqual({
      storable: true,
      windows: { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 },
      freshForMs: 50_000,
      ageMs: 10_000,
      keepStaleMs: 0,
      mustRevalidate: false,
      withheld: [],
      public: true,
      vary: ['accept-language', 'origin'],
    })
  })

  it.each([200, 203, 301, 308])('with status %d', (status) => {
    expect(isStored(status)).toBe(true)
  })

  it('without a ttl, when it gives its own lifetime', () => {
    expect(isStored(200, {}, {})).toBe(false)
    expect(isStored(200, { 'Cache-Control': 'max-age=60' }, {})).toBe(true)
    expect(isStored(200, { 'Cache-Control': 's-maxage=60' }, { ttl: 0 })).toBe(true)
  })

  it('as public when it says public or s-maxage', () => {
    expect(store(200, { 'Cache-Control': 's-maxage=60' })).toMatchObject({ public: true })
    expect(store(200, { 'Cache-Control': 'public' })).toMatchObject({ public: true })
    expect(store(200, { 'Cache-Control': 'max-age=60, must-revalidate' })).toMatchObject({ public: false })
  })
})

describe('a response is not stored', () => {
  it.each([
    'no-cache="Content-Encoding"',
    'private="x, content-encoding"',
    'no-cache="content-range"',
    'private="Content-Type"',
    'no-cache="vary"',
  ])('whose %s names what nobody could read it without', (said) => {
    const options = { ttl: '1m', exactDirectives: true } as const
    expect(isStored(200, { 'Cache-Control': said, 'Content-Encoding': 'gzip' }, options)).toBe(false)
    expect(
      isStored(200, { 'Cache-Control': said.replace(/"[^"]*"/, '"x"'), 'Content-Encoding': 'gzip' }, options),
    ).toBe(true)
  })

  it.each([201, 202, 204, 205, 206, 300, 302, 303, 304, 307, 400, 401, 403, 404, 405, 410, 431, 500, 502, 503, 504])(
    'with status %d, not even with a lifetime of its own',
    (status) => {
      expect(isStored(status, { 'Cache-Control': 'public, max-age=60' })).toBe(false)
    },
  )

  it('with another status than those that the route asks for', () => {
    expect(isStored(404, {}, { ttl: '1m', statuses: [200, 404] })).toBe(true)
    expect(isStored(301, {}, { ttl: '1m', statuses: [200, 404] })).toBe(false)
  })

  it('to any method but GET', () => {
    for (const method of ['HEAD', 'POST', 'PUT', 'get']) {
      expect(isStored(200, {}, { ttl: '1m' }, { method, credentials: false })).toBe(false)
    }
  })

  it('when it sets a cookie, whatever else it says', () => {
    expect(
      isStored(200, { 'set-cookie': ['a=1'], 'Cache-Control': 'public, max-age=60' }, { ttl: '1m', override: true }),
    ).toBe(false)
  })

  it.each([
    'no-store',
    'NO-STORE',
    'no-store=x',
    'No-Cache',
    'no-cache=""',
    'no-cache="set-cookie"',
    'private',
    'Private',
    'private=',
    'private=""',
    'private="x"',
    'private, private="x"',
    'public, private',
    'max-age=60, no-store',
    'ext="x", private',
  ])('when it says %s, override or not', (value) => {
    expect(isStored(200, { 'Cache-Control': value })).toBe(false)
    expect(isStored(200, { 'Cache-Control': ['public, max-age=60', value] }, { ttl: '1m', override: true })).toBe(false)
  })

  it('when it varies on everything', () => {
    expect(isStored(200, { Vary: ['Accept', '*'] })).toBe(false)
  })

  it('when it is partial', () => {
    expect(isStored(200, { 'Content-Range': 'bytes 0-9/100' })).toBe(false)
  })

  it.each(['text/event-stream', 'Text/Event-Stream; charset=utf-8', 'multipart/x-mixed-replace; boundary=x'])(
    'when it has no end: %s',
    (type) => {
      expect(isStored(200, { 'Content-Type': type })).toBe(false)
    },
  )

  it('when it is already stale', () => {
    expect(isStored(200, { 'Cache-Control': 'max-age=0' })).toBe(false)
    expect(isStored(200, { 'Cache-Control': 'max-age=60', Age: '60' })).toBe(false)
    expect(isStored(200, { 'Cache-Control': 'max-age=nonsense' })).toBe(false)
    expect(isStored(200, { Expires: '0' })).toBe(false)
    expect(isStored(200, {}, { ttl: 0 })).toBe(false)
  })

  it('after the handler saw credentials, unless it says that it is public', () => {
    const withCredentials = { method: 'GET', credentials: true }
    const to = (value: string) =>
      isStored(200, { 'Cache-Control': value }, { ttl: '1m', override: true }, withCredentials)
    expect(to('max-age=60')).toBe(false)
    expect(to('public')).toBe(true)
    expect(to('s-maxage=60')).toBe(true)
    expect(to('public, private')).toBe(false)
  })

  it('and says why', () => {
    const reason = (...given: Parameters<typeof store>) => {
      const plan = store(...given)
      return plan.storable ? undefined : plan.reason
    }
    expect(reason(200, { 'Cache-Control': 'private' })).toBe('response says private')
    expect(reason(500)).toBe('status 500 is not stored')
    expect(reason(200, { 'Set-Cookie': 'a=1' })).toBe('response sets a cookie')
    expect(reason(200, {}, {})).toBe('neither response nor route gives a lifetime')
    expect(reason(200, { 'Cache-Control': 'max-age=0' })).toBe('response is stale by its max-age')
  })
})

describe('a body is complete', () => {
  it('when it has the announced length, or none was announced', () => {
    const response = (fields: Record<string, string | string[]>) => ({ status: 200, headers: headerLines(fields) })
    expect(isComplete(response({}), 5)).toBe(true)
    expect(isComplete(response({ 'Content-Length': '5' }), 5)).toBe(true)
    expect(isComplete(response({ 'Content-Length': '6' }), 5)).toBe(false)
    expect(isComplete(response({ 'Content-Length': ['5', '6'] }), 5)).toBe(false)
  })
})
