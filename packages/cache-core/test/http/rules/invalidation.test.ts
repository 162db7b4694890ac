import { describe, expect, it } from 'vitest'
import { headerLines } from '../../../src/http/message/headers.js'
import { invalidatedTargets, isUnsafe } from '../../../src/http/rules/invalidation.js'
import { get } from '../support/requests.js'

function after(method: string, status: number, fields: Record<string, string> = {}, target = '/a', more = {}) {
  return invalidatedTargets(get(target, {}, { method, ...more }), { status, headers: headerLines(fields) })
}

describe('an unsafe method', () => {
  it('is every method but the safe ones, those of WebDAV and QUERY among them', () => {
    const safe = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY']
    expect(safe.filter(isUnsafe)).toEqual([])
    const unsafe = ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPPATCH', 'MKCOL', 'LOCK', 'BREW', 'get', 'Query']
    expect(unsafe.filter(isUnsafe)).toEqual(unsafe)
  })

  it.each([200, 201, 204, 301, 303])('invalidates its own resource with status %d', (status) => {
    expect(after('PUT', status)).toEqual(['/a'])
    expect(after('BREW', status)).toEqual(['/a'])
  })

  it('invalidates its path without the query, too, which often says how to write and not what', () => {
    expect(after('DELETE', 204, {}, '/a?force=true')).toEqual(['/a?force=true', '/a'])
    expect(after('POST', 200, {}, '/?')).toEqual(['/?', '/'])
  })

  it.each([400, 401, 403, 404, 405, 409, 500, 503])('invalidates nothing with status %d', (status) => {
    expect(after('DELETE', status, { Location: '/x' })).toEqual([])
  })

  it('invalidates what Location and Content-Location name', () => {
    expect(after('POST', 201, { Location: '/a/7', 'Content-Location': 'c?d' }, '/a/')).toEqual([
      '/a/',
      '/a/7',
      '/a/c?d',
    ])
    expect(after('POST', 201, { Location: 'http://example.com/a/7#x', 'Content-Location': '/a/7' })).toEqual([
      '/a',
      '/a/7',
    ])
  })

  it('invalidates what a redirect after a write leads to, and not where a write is only sent on', () => {
    for (const status of [301, 302, 303]) expect(after('POST', status, { Location: '/list' })).toContain('/list')
    for (const status of [307, 308]) expect(after('POST', status, { Location: '/list' })).toEqual(['/a'])
  })

  it.each([
    'http://evil.example/x',
    '//evil.example/x',
    'http://example.com:8080/x',
    'http://example.com.evil/x',
    'mailto:a@b',
    'http://[',
    'javascript:x',
    'ftp://example.com/x',
  ])('leaves alone what is of another origin: %s', (Location) => {
    expect(after('POST', 201, { Location, 'Content-Location': Location })).toEqual(['/a'])
  })

  it('takes https for its own where the scheme is unknown, and not where a trusted proxy says http', () => {
    const Location = 'https://example.com/x'
    expect(after('POST', 201, { Location })).toEqual(['/a', '/x'])
    expect(after('POST', 201, { Location }, '/a', { origin: { scheme: 'http', host: 'example.com' } })).toEqual(['/a'])
    expect(after('POST', 201, { Location }, '/a', { origin: { scheme: 'https', host: 'example.com' } })).toEqual([
      '/a',
      '/x',
    ])
  })

  it('invalidates its own resource in the form that a GET has, and survives any Host', () => {
    expect(after('PUT', 200, {}, 'http://example.com/a')).toEqual(['/a'])
    expect(after('PUT', 200, { Location: '/x' }, '//p')).toEqual(['//p', '/x'])
    expect(after('PUT', 200, { Location: '/x' }, '/a', { headers: ['Host', '[:bad'] })).toEqual(['/a'])
    expect(after('PUT', 200, { Location: '/x' }, '/a', { headers: [] })).toEqual(['/a'])
    expect(after('OPTIONS', 200, {}, '*')).toEqual([])
    expect(after('BREW', 200, {}, '*')).toEqual([])
  })
})

it('a safe method invalidates nothing', () => {
  expect(after('GET', 200, { Location: '/x' })).toEqual([])
  expect(after('HEAD', 200)).toEqual([])
})
