import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headerLines } from '../../../src/http/message/headers.js'
import type { CacheRequest } from '../../../src/http/message/message.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { resourceName } from '../../../src/http/rules/resource-name.js'
import { type Chosen, mergeVary, ownParts, variantKey, varyOf } from '../../../src/http/rules/vary.js'
import { expectLinear } from '../../support/linear.js'
import { get, keyOf, rulesOf } from '../support/requests.js'

function variant(vary: string[], fields: Record<string, string | string[]>, options: HttpCacheOptions = {}): string {
  const request = get('/', fields)
  return JSON.stringify(variantKey([], vary, request, keyOf(request), rulesOf(options)))
}

describe('what a response varies on', () => {
  it('is the fields of all lines, in lower case, sorted, each once', () => {
    expect(varyOf(headerLines({ Vary: ['Origin, accept', 'ACCEPT,,'] }))).toEqual(['accept', 'origin'])
    expect(varyOf([])).toEqual([])
  })

  it.each([['*'], ['accept, *'], ['accept', '*'], ['accept language'], ['"accept"']])(
    'is not known: %j %j',
    (...lines) => {
      expect(varyOf(headerLines({ Vary: lines.filter((line) => line !== undefined) }))).toBe('*')
    },
  )

  it('is Accept-Encoding too where the body is encoded', () => {
    expect(varyOf(headerLines({ 'Content-Encoding': 'gzip', Vary: 'Origin' }))).toEqual(['accept-encoding', 'origin'])
    expect(varyOf(headerLines({ 'Content-Encoding': 'identity' }))).toEqual([])
  })

  it('is everything that any variant of a URL varies on', () => {
    expect(mergeVary(['origin'], ['accept', 'origin'])).toEqual(['accept', 'origin'])
    expect(mergeVary('*', ['accept'])).toBe('*')
    expect(mergeVary(['accept'], '*')).toBe('*')
  })

  it('is given up when there are too many fields', () => {
    const names = Array.from({ length: 33 }, (_, i) => `x-${i}`)
    expect(mergeVary(names, [])).toBe('*')
    expect(mergeVary(names.slice(1), [])).toHaveLength(32)
  })
})

describe('variants', () => {
  it('differ where a named field differs, and only there', () => {
    const german = variant(['accept-language'], { 'Accept-Language': 'de', 'User-Agent': 'a' })
    expect(german).toBe(variant(['accept-language'], { 'ACCEPT-LANGUAGE': 'de', 'User-Agent': 'b' }))
    expect(german).not.toBe(variant(['accept-language'], { 'Accept-Language': 'fr' }))
  })

  it('take absent as equal to absent only', () => {
    expect(variant(['x'], {})).toBe(variant(['x'], {}))
    expect(variant(['x'], {})).not.toBe(variant(['x'], { X: '' }))
  })

  it('ignore white space around list members, and the split into lines', () => {
    const one = variant(['accept-language'], { 'Accept-Language': 'en,de' })
    expect(variant(['accept-language'], { 'Accept-Language': ' en ,\t de ' })).toBe(one)
    expect(variant(['accept-language'], { 'Accept-Language': ['en', 'de'] })).toBe(one)
    expect(variant(['accept-language'], { 'Accept-Language': 'de,en' })).not.toBe(one)
  })

  it('do not ignore white space in quotes and in cookies', () => {
    expect(variant(['x'], { X: '"a, b"' })).not.toBe(variant(['x'], { X: '"a,b"' }))
    expect(variant(['cookie'], { Cookie: 'a=1, 2' })).not.toBe(variant(['cookie'], { Cookie: 'a=1,2' }))
  })

  it('never meet, whatever the values', () => {
    const value = fc.option(fc.string({ unit: fc.constantFrom('a', 'b', '=', ':', ';', '"', '[', '|') }), {
      nil: undefined,
    })
    const fields = ([a, b]: readonly [string | undefined, string | undefined]) => ({
      ...(a === undefined ? {} : { A: a }),
      ...(b === undefined ? {} : { B: b }),
    })
    fc.assert(
      fc.property(fc.tuple(value, value), fc.tuple(value, value), (one, other) => {
        const same = one[0] === other[0] && one[1] === other[1]
        expect(variant(['a', 'b'], fields(one)) === variant(['a', 'b'], fields(other))).toBe(same)
      }),
    )
  })

  it('are short and different for long values, in linear time', async () => {
    const read = (count: number): (() => string) => {
      const field = 'gzip, '.repeat(count)
      return () => variant(['accept-encoding'], { 'Accept-Encoding': field })
    }
    await expectLinear(read, { small: 5_000, large: 40_000 })
    const long = 'gzip, '.repeat(35_000)
    const one = variant(['accept-encoding'], { 'Accept-Encoding': long })
    expect(one.length).toBeLessThan(100)
    expect(one).not.toBe(variant(['accept-encoding'], { 'Accept-Encoding': `${long}br` }))
  })

  it('differ between a long value and a short one that spells its hash', () => {
    const long = 'x'.repeat(1_000)
    expect(variant(['x'], { X: hash('sha256', long, 'base64url') })).not.toBe(variant(['x'], { X: long }))
  })

  it('differ by the lines of a field that is no list: a handler may read the first one only', () => {
    const agent = (value: string | string[]) => variant(['user-agent'], { 'User-Agent': value })
    const real = agent('Mozilla/5.0 (KHTML, like Gecko)')
    expect(agent('Mozilla/5.0 (KHTML,like Gecko)')).not.toBe(real)
    expect(agent(['Mozilla/5.0 (KHTML', 'like Gecko)'])).not.toBe(real)
    expect(agent(['Mozilla/5.0 (KHTML, like Gecko)', 'evil'])).not.toBe(real)
  })

  it('hold no value in clear but those of Accept and its kin', () => {
    expect(variant(['x-api-key'], { 'X-API-Key': 's3cret' })).not.toContain('s3cret')
    expect(variant(['user-agent'], { 'User-Agent': 's3cret' })).not.toContain('s3cret')
    expect(variant(['accept-language'], { 'Accept-Language': 'de, en' })).toBe('["accept-language=de,en"]')
  })

  it('hold no credentials', () => {
    const fields = { Authorization: 'Bearer s3cret', Cookie: 'session=s3cret' }
    const keys = [
      variant(['authorization', 'cookie'], fields),
      variant([], fields, { headers: ['authorization'], cookies: ['session'] }),
    ]
    for (const key of keys) expect(key).not.toContain('s3cret')
  })

  it('differ by the headers and cookies that the route names', () => {
    const options = { headers: ['X-Tenant'], cookies: ['lang'] }
    const one = variant([], { 'X-Tenant': '1', Cookie: 'lang=de; session=1' }, options)
    expect(variant([], { 'x-tenant': '1', Cookie: 'session=2; lang=de' }, options)).toBe(one)
    expect(variant([], { 'X-Tenant': '2', Cookie: 'lang=de' }, options)).not.toBe(one)
    expect(variant([], { 'X-Tenant': '1', Cookie: 'lang=fr' }, options)).not.toBe(one)
    expect(variant([], { 'X-Tenant': '1' }, options)).not.toBe(one)
    expect(variant([], { 'X-Tenant': '1', Cookie: 'lang=de; lang=fr' }, options)).not.toBe(one)
  })

  it('compare what the handler sees: a hidden field makes no variants', () => {
    expect(variant(['x-forwarded-host'], { 'X-Forwarded-Host': 'a' })).toBe(variant(['x-forwarded-host'], {}))
    expect(variant(['cookie'], { Cookie: 'a=1' }, { cookies: [] })).toBe(variant(['cookie'], {}, { cookies: [] }))
    expect(variant(['cookie'], { Cookie: 'a=1' })).not.toBe(variant(['cookie'], {}))
    expect(variant(['accept'], { Accept: 'a/b' }, { narrow: 'strict' })).toBe(
      variant(['accept'], {}, { narrow: 'strict' }),
    )
  })
})

describe('what every variant of a request has', () => {
  const parts = (more: Partial<CacheRequest>, options: HttpCacheOptions = {}, said: Partial<Chosen> = {}) => {
    const request = get('/p?a=1', {}, more)
    const key = keyOf(request, options)
    const chosen = { key: [], vary: [], ...said }
    return JSON.stringify(ownParts(request, key, resourceName(key), chosen, rulesOf(options)))
  }

  it('is nothing, for a plain request', () => {
    expect(parts({})).toBe('[]')
  })

  it('differs by all that has chosen the handler or the answer', () => {
    const all = [
      parts({}),
      parts({ scheme: 'https' }),
      parts({}, { host: false }),
      parts({}, { host: 'shop.example' }),
      parts({ target: '/P?a=1' }),
      parts({ target: '/p/?a=1' }),
      parts({ target: '/p?%61=1' }),
      parts({ url: '/?a=1' }),
      parts({ url: '/?a=2' }),
      parts({ constraints: ['1.0.0'] }),
      parts({ constraints: ['2.0.0'] }),
      parts({ constraints: ['1', '2'] }),
      parts({}, {}, { vary: ['1.0.0'] }),
      parts({}, {}, { vary: [''] }),
      parts({}, {}, { key: ['1.0.0'] }),
      parts({}, {}, { key: [''] }),
      parts({}, { narrow: false }),
      parts({ target: 'http://example.com/p?a=1' }, { narrow: false }),
      parts({ headers: ['Host', 'EXAMPLE.com:80'] }, { narrow: false }),
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  it('does not differ by what the handler does not see', () => {
    expect(parts({ target: 'http://example.com/p?a=1' })).toBe(parts({}))
    const key = () => 'all'
    expect(parts({ target: '/p?a=2' }, { key })).toBe(parts({ target: '/p' }, { key }))
    expect(parts({ url: '/?a=1&utm=2' }, { query: ['a'] })).toBe(parts({ url: '/?a=1' }, { query: ['a'] }))
  })
})
