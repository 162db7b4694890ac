import { expect, it } from 'vitest'
import { Addresses } from '../../../src/http/engine/addresses.js'
import { address } from '../../../src/http/engine/asked.js'
import type { CacheRequest } from '../../../src/http/message/message.js'
import { parseHttpCacheOptions } from '../../../src/http/rules/options.js'

const asking = (host: string | readonly string[], target: string, more: Partial<CacheRequest> = {}): CacheRequest => ({
  method: 'GET',
  target,
  headers: [host].flat().flatMap((line) => ['Host', line]),
  ...more,
})

it.each([{}, { host: false }, { query: ['a'] }, { sortQuery: true }])(
  'an address is that of the request, whatever others asked before, with %j',
  (options) => {
    const rules = parseHttpCacheOptions(options)
    const addresses = new Addresses(rules)
    const requests = [
      asking('a', '/b/c?b=1&a=2'),
      asking('a/b', '/c?b=1&a=2'),
      asking('A:80', '/b/c?b=1&a=2'),
      asking('a', '/b/c?b=1&a=2', { scheme: 'https' }),
      asking('a', '/b/c?b=1&a=2', { origin: { scheme: 'https', host: 'shop' } }),
      asking('a', '/b/c?b=1&a=2', { url: '/c?b=1&a=2' }),
      asking('a', '/b/c?b=1&a=2', { url: `/${'c'.repeat(9_000)}` }),
      asking(['a', 'a'], '/b/c?b=1&a=2'),
      asking([], '/b/c?b=1&a=2'),
      asking('a', 'http://a/b/c?b=1&a=2'),
      asking('a', '*'),
    ]
    for (const request of [...requests, ...requests]) {
      expect(addresses.of(request)).toEqual(address(request, rules))
    }
  },
)
