import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { all } from '../../../src/http/message/headers.js'
import type { CacheRequest } from '../../../src/http/message/message.js'
import { admission } from '../../../src/http/rules/admission.js'
import { urlKey } from '../../../src/http/rules/key.js'
import { narrow } from '../../../src/http/rules/narrowing.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { resourceName } from '../../../src/http/rules/resource-name.js'
import { ownParts, variantKey } from '../../../src/http/rules/vary.js'
import { rulesOf } from '../support/requests.js'

/** Fields that a response may vary on, with values of which some are easily taken for each other. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  host: ['a.example', 'A.example', 'a.example:80', 'a.example:443', 'b.example', ''],
  cookie: ['lang=de', 'lang=fr', 'lang=de; id=1', 'id=1; lang=de', 'lang=de; lang=fr', 'id=1'],
  authorization: ['Bearer a', 'Bearer b'],
  'x-api-key': ['a', 'b'],
  'x-user': ['a', 'b', 'a, b', ''],
  'user-agent': ['a, b', 'a,b', 'a', 'b'],
  accept: ['a/b, c/d', 'a/b,c/d', 'a/b'],
  'accept-encoding': ['gzip', 'gzip, br', 'br;q=0', 'identity'],
  'x-forwarded-host': ['a.example', 'evil.example'],
  'x-forwarded-proto': ['http', 'https', 'gopher'],
  'cache-control': ['no-cache', 'max-age=0'],
  range: ['bytes=0-1'],
}
const NAMES = Object.keys(VALUES)

const field = fc
  .constantFrom(...NAMES)
  .chain((name) => fc.tuple(fc.constant(name), fc.constantFrom(...(VALUES[name] as readonly string[]))))

const target = fc.constantFrom(
  '/p',
  '/P',
  '/p/',
  '/%70',
  '/p?id=1',
  '/p?id=1&utm=2',
  '/p?utm=3&id=1',
  '/p?%69d=1',
  '/p?id[]=1',
  '/p?ID=1',
  'http://a.example/p?id=1',
  'http://a.example?id=1',
)

const request: fc.Arbitrary<CacheRequest> = fc
  .record({
    target,
    url: fc.option(fc.constantFrom('/p', '/?id=1', '/?id=1&utm=2', '/rewritten?id=2'), { nil: undefined }),
    scheme: fc.constantFrom('http', 'https'),
    origin: fc.option(
      fc.record({ scheme: fc.constantFrom('http', 'https'), host: fc.constantFrom('a.example', 'a.example:443') }),
      { nil: undefined },
    ),
    fields: fc.array(field, { maxLength: 4 }),
    hasHost: fc.boolean(),
  })
  .map(({ fields, hasHost, ...rest }) => ({
    ...rest,
    method: 'GET',
    headers: [...(hasHost ? ['Host', 'a.example'] : []), ...fields.flat()],
  }))

const options: fc.Arbitrary<HttpCacheOptions> = fc.record(
  {
    host: fc.constantFrom<boolean | string>(true, false, 'shop.example'),
    query: fc.constantFrom<boolean | string[]>(true, false, ['id']),
    ignoreQuery: fc.constant(['utm*']),
    sortQuery: fc.boolean(),
    headers: fc.constantFrom<string[]>([], ['x-user'], ['x-api-key', 'x-user']),
    cookies: fc.constantFrom<string[]>([], ['lang']),
    narrow: fc.constantFrom<boolean | 'strict'>(true, 'strict'),
    encodings: fc.constant(['br', 'gzip']),
    languages: fc.constant(['en', 'de']),
    key: fc.constant(() => undefined),
  },
  { requiredKeys: [] },
)

/** Key and sight of a request that may be answered by what was stored for another one. */
function keyAndSight(request: CacheRequest, options: HttpCacheOptions): { key: string; sight: string } | undefined {
  const rules = rulesOf(options)
  const found = urlKey(request, rules)
  if (admission(request, rules).use !== 'cache' || !found.ok) return undefined
  const name = resourceName(found.key)
  const own = ownParts(request, found.key, name, { key: [], vary: [] }, rules)
  const sight = narrow(request, found.key, rules)
  const lines = NAMES.map((field) => {
    const values = all(sight.headers, field)
    // White space in these is no difference (RFC 9111 section 4.1).
    return field.startsWith('accept') ? values.join(',').replaceAll(' ', '') : values
  })
  return {
    key: JSON.stringify([name, variantKey(own, NAMES, request, found.key, rules)]),
    sight: JSON.stringify([sight.target, sight.url, found.key[0], lines]),
  }
}

describe('a handler reads exactly what the key holds', () => {
  it('two requests of one key are one and the same to it', { timeout: 120_000 }, () => {
    let met = 0
    fc.assert(
      fc.property(request, request, options, (one, other, chosen) => {
        const [a, b] = [keyAndSight(one, chosen), keyAndSight(other, chosen)]
        if (a === undefined || b === undefined || a.key !== b.key) return
        if (JSON.stringify(one) !== JSON.stringify(other)) met++
        expect(a.sight).toBe(b.sight)
      }),
      { numRuns: 20_000 },
    )
    // Else it has shown nothing.
    expect(met).toBeGreaterThan(20)
  })

  it('two requests that are one and the same to it have one key', () => {
    fc.assert(
      fc.property(request, request, options, (one, other, chosen) => {
        const [a, b] = [keyAndSight(one, chosen), keyAndSight(other, chosen)]
        if (a === undefined || b === undefined || a.sight !== b.sight) return
        // A field that a handler cannot see is no reason for a second entry.
        expect(a.key).toBe(b.key)
      }),
      { numRuns: 5_000 },
    )
  })
})
