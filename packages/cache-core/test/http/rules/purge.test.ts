import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../../src/base/errors.js'
import { urlKey } from '../../../src/http/rules/key.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { purgeRequests } from '../../../src/http/rules/purge.js'
import { resourceName } from '../../../src/http/rules/resource-name.js'
import { get, keyOf, rulesOf } from '../support/requests.js'

function purged(url: unknown, options: HttpCacheOptions = {}): string[] {
  return purgeRequests(url, rulesOf(options).host).map((request) => {
    const found = urlKey(request, rulesOf(options))
    if (!found.ok) throw new Error(found.reason)
    return JSON.stringify(resourceName(found.key))
  })
}

const stored = (target: string, host = 'h.example', options: HttpCacheOptions = {}) =>
  JSON.stringify(resourceName(keyOf(get(target, { Host: host }), options)))

describe('a URL to purge', () => {
  it.each([
    ['http://h.example/café', '/caf%C3%A9'],
    ['http://h.example/café', Buffer.from('/café').toString('latin1')],
    ['http://h.example/caf%C3%A9', '/caf%c3%a9'],
    ['http://h.example/a b?q=c d', '/a%20b?q=c+d'],
    ['http://h.example/%70', '/p'],
    ['http://h.example', '/'],
    ['http://h.example?a', '/?a'],
    ['http://H.Example:80/p', '/p'],
    ['https://h.example:443/p', '/p'],
    ['HTTPS://h.example/p', '/p'],
    ['http://h.example/a/../p', '/p'],
    ['http://h.example/a/../p', '/a/../p'],
    [' http://h.example/p ', '/p'],
    ["http://h.example/?q='x'", "/?q='x'"],
  ])('%j is what is stored for %j', (url, target) => {
    expect(purged(url)).toContain(stored(target))
  })

  it('has its host as clients send it', () => {
    expect(purged('http://bücher.example/')).toContain(stored('/', 'xn--bcher-kva.example'))
    expect(purged('http://h.example:8080/')).toContain(stored('/', 'h.example:8080'))
    expect(purged('http://[::1]:80/')).toContain(stored('/', '[::1]'))
    expect(purged('http://h.example:8080/')).not.toContain(stored('/'))
  })

  it('may be path and query where all hosts share entries', () => {
    expect(purged('/p?a', { host: false })).toContain(stored('/p?a', 'any.example', { host: false }))
    expect(purged('/café', { host: false })).toContain(stored('/caf%C3%A9', 'any.example', { host: false }))
  })

  it.each([
    '/p',
    'p',
    '',
    'ftp://h.example/p',
    'http://',
    'http://h.example/p#top',
    'http://user@h.example/p',
    'http://user:secret@h.example/p',
    'http://h.exa mple/p',
    'http://h.example:99999/',
    undefined,
    7,
    new URL('http://h.example/'),
  ])('is refused: %j', (url) => {
    expect(() => purgeRequests(url, rulesOf().host)).toThrow(InvalidOptionError)
  })

  it('is refused without saying the password that it holds', () => {
    expect(() => purgeRequests('http://user:secret@h.example/p', rulesOf().host)).toThrow(/^(?!.*secret)/)
  })
})
