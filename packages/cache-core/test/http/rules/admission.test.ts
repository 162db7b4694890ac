import { describe, expect, it } from 'vitest'
import { admission } from '../../../src/http/rules/admission.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { get, rulesOf } from '../support/requests.js'

const use = (fields: Record<string, string>, options: HttpCacheOptions = {}) =>
  admission(get('/', fields), rulesOf(options)).use

describe('a request may have of the cache', () => {
  it('everything, when it is a plain GET or HEAD', () => {
    expect(use({})).toBe('cache')
    expect(admission(get('/', {}, { method: 'HEAD' }), rulesOf()).use).toBe('cache')
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE', 'get', ''])(
    'nothing, when its method is %j',
    (method) => {
      expect(admission(get('/', {}, { method }), rulesOf())).toMatchObject({ use: 'bypass', forward: 'method' })
    },
  )

  it('nothing, when it has content', () => {
    expect(use({ 'Content-Length': '5' })).toBe('bypass')
    expect(use({ 'Transfer-Encoding': 'chunked' })).toBe('bypass')
    expect(use({ 'Content-Length': '0' })).toBe('cache')
  })

  it('nothing, when it asks for an event stream', () => {
    expect(use({ Accept: 'Text/Event-Stream' })).toBe('bypass')
    expect(use({ Accept: 'text/event-stream;q=0.9' })).toBe('bypass')
    expect(use({ Accept: 'text/html, */*' })).toBe('cache')
  })

  it('everything, when an event stream is one thing of others that it takes, or none', () => {
    for (const accept of [
      'application/json, text/event-stream, multipart/mixed',
      'text/event-stream, */*;q=0.1',
      'text/event-stream;q=0, application/json',
      'text/event-stream; q=0.0',
      'application/x; note=text/event-stream',
      '',
    ]) {
      expect(use({ Accept: accept }), accept).toBe('cache')
    }
  })

  it('nothing, when it asks for a WebSocket; an offer of h2c costs nothing', () => {
    expect(use({ Connection: 'Upgrade', Upgrade: 'WebSocket' })).toBe('bypass')
    expect(use({ Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c' })).toBe('cache')
  })

  it('everything, whatever it wishes of caches: a client cannot force execution', () => {
    for (const wish of ['no-cache', 'no-store', 'max-age=0', 'only-if-cached']) {
      expect(use({ 'Cache-Control': wish, Pragma: 'no-cache' })).toBe('cache')
    }
  })

  it('what is public, when it has cookies and the route names none', () => {
    expect(use({ Cookie: 'a=1' })).toBe('public-only')
    expect(use({ Cookie: 'a=1' }, { headers: ['accept-language'] })).toBe('public-only')
    expect(use({ Cookie: 'a=1' }, { narrow: false })).toBe('public-only')
  })

  it('everything, when the route names its cookies, or that there are none', () => {
    expect(use({ Cookie: 'a=1' }, { cookies: ['a'] })).toBe('cache')
    expect(use({ Cookie: 'a=1' }, { cookies: [] })).toBe('cache')
    expect(use({ Cookie: 'a=1' }, { headers: ['Cookie'] })).toBe('cache')
    expect(use({ Cookie: 'a=1' }, { narrow: 'strict' })).toBe('cache')
  })

  it('what is public, when it has Authorization and the route says nothing', () => {
    expect(use({ Authorization: 'Bearer x' })).toBe('public-only')
    expect(use({ Authorization: 'Bearer x' }, { cookies: [] })).toBe('public-only')
  })

  it('everything, when Authorization is in the key or the handler cannot see it', () => {
    expect(use({ Authorization: 'Bearer x' }, { headers: ['authorization'] })).toBe('cache')
    expect(use({ Authorization: 'Bearer x' }, { headers: ['authorization'], narrow: false })).toBe('cache')
    expect(use({ Authorization: 'Bearer x' }, { headers: [] })).toBe('cache')
    expect(use({ Authorization: 'Bearer x' }, { narrow: 'strict' })).toBe('cache')
    expect(use({ Authorization: 'Bearer x' }, { headers: [], narrow: false })).toBe('public-only')
  })

  it.each(['Authorization', 'Proxy-Authorization', 'X-API-Key', 'api-key', 'X-Auth-Token', 'X-CSRF-Token', 'DPoP'])(
    'what is public, when it has %s and the route names other fields only',
    (name) => {
      expect(admission(get('/', { [name]: 'x' }), rulesOf({ headers: ['accept-language'] }))).toEqual({
        use: 'public-only',
        reason: `request has ${name}, route does not name it`,
      })
      expect(use({ [name]: 'x' }, { headers: [name] })).toBe('cache')
    },
  )

  it('what is public, when it has a credential of the route’s own or of its connection', () => {
    expect(use({ 'X-Tenant-Key': 'x' }, { credentialHeaders: ['x-tenant-key'] })).toBe('public-only')
    expect(use({ 'X-API-Key': 'x' }, { credentialHeaders: ['x-tenant-key'] })).toBe('public-only')
    expect(use({ 'X-Tenant-Key': 'x' })).toBe('cache')
    const certified = get('/', {}, { credential: 'TLS client certificate' })
    expect(admission(certified, rulesOf({ narrow: 'strict' }))).toMatchObject({ use: 'public-only' })
  })
})
