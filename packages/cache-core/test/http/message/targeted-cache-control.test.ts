import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { targetedDirectives } from '../../../src/http/message/targeted-cache-control.js'

describe('a targeted field', () => {
  it.each([
    ['max-age=60', { maxAge: 60 }],
    ['max-age=60, max-age=30', { maxAge: 30 }],
    ['max-age=60;x=1', { maxAge: 60 }],
    ['max-age=99999999999', { maxAge: 2 ** 31 }],
    ['max-age="60"', { maxAge: 0 }],
    ['max-age=1.5', { maxAge: 0 }],
    ['max-age=60.0', { maxAge: 0 }],
    ['x="max-age=1.0, \\"", max-age=60, s-maxage=1.0', { maxAge: 60, sMaxAge: 0 }],
    ['max-age=-1', { maxAge: 0 }],
    ['max-age', { maxAge: 0 }],
    ['max-age=?0, s-maxage=5', { maxAge: undefined, sMaxAge: 5 }],
    ['max-age=(60)', { maxAge: 0 }],
    ['max-age=%"60"', { maxAge: 0 }],
    ['private=1', { private: true }],
    ['private=name', { private: true }],
    ['no-cache=()', { noCache: true }],
    ['no-cache=""', { noCache: true }],
    ['no-store=?0', { noStore: false }],
    ['no-store="x"', { noStore: true }],
    ['no-store', { noStore: true }],
    ['no-store=?0, max-age=1', { noStore: false, maxAge: 1 }],
    ['no-cache="a, B"', { noCache: ['a', 'b'] }],
    ['private', { private: true }],
    [
      's-maxage=5, stale-while-revalidate=3, must-revalidate',
      { sMaxAge: 5, staleWhileRevalidate: 3, mustRevalidate: true },
    ],
  ])('%s says %j', (field, said) => {
    expect(targetedDirectives([field])).toMatchObject(said)
  })

  it.each([
    '',
    ' ',
    'max-age=9999999999999999',
    'max-age=1.2345',
    ', max-age=60',
    'max-age=60; X=1',
    'max-age=60, &&',
    'MaX-Age=60',
    'max-age =60',
    'max-age= 60',
    'max-age=60,',
    'a="\u00e9"',
  ])('%j is none', (field) => {
    expect(targetedDirectives([field])).toBeUndefined()
  })

  it('is one dictionary over all its lines', () => {
    expect(targetedDirectives(['max-age=60', 'private'])).toMatchObject({ maxAge: 60, private: true })
    expect(targetedDirectives(['max-age=60', '&'])).toBeUndefined()
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.array(fc.string()), (lines) => void targetedDirectives(lines)))
  })
})
