import { describe, expect, it } from 'vitest'
import { requestDirectives, responseDirectives } from '../../../src/http/message/cache-control.js'
import { expectLinear } from '../../support/linear.js'

const response = (...lines: string[]) => responseDirectives(lines)

describe('response directives', () => {
  it('are read in any case and with any white space around commas', () => {
    const read = response('PUBLIC ,\tMax-Age=60,s-MAXAGE=30 ,, Must-Revalidate, proxy-revalidate,NO-STORE')
    expect(read).toEqual({
      public: true,
      maxAge: 60,
      sMaxAge: 30,
      mustRevalidate: true,
      proxyRevalidate: true,
      noStore: true,
      noCache: false,
      private: false,
      mustUnderstand: false,
    })
  })

  it.each([
    ['max-age=1, stale-while-revalidate=60', 60, undefined],
    ['stale-if-error="30", Stale-While-Revalidate=5', 5, 30],
    ['stale-while-revalidate, stale-if-error=abc', 0, 0],
  ])('%s names the windows of RFC 5861', (text, staleWhileRevalidate, staleIfError) => {
    expect(response(text)).toMatchObject({ staleWhileRevalidate, staleIfError })
  })

  it('say nothing where nothing is said', () => {
    const silent = response()
    expect(silent.maxAge).toBeUndefined()
    expect(silent.noStore || silent.private || silent.noCache || silent.public).toBe(false)
  })

  it.each([
    ['max-age=60', 60],
    ['max-age="60"', 60],
    ['max-age="6\\0"', 60],
    ['max-age=007', 7],
    ['max-age=99999999999999999999', 2 ** 31],
    ['max-age=60, max-age=120', 60],
    ['max-age=120, max-age=60', 120],
  ])('%s is a lifetime of %d s', (text, seconds) => {
    expect(response(text).maxAge).toBe(seconds)
  })

  it.each([
    'max-age',
    'max-age=',
    'max-age=abc',
    'max-age=-1',
    'max-age=1.5',
    'max-age= 60',
    'max-age=60s',
    'max-age=0x1F',
    'max-age="60"x',
    "max-age='60'",
    'max-age="60',
    'max-age=60 60',
    'max-age=, max-age=60',
  ])('%s is stale, not ignored', (text) => {
    expect(response(text).maxAge).toBe(0)
  })

  it.each([
    'max-age =60',
    'max age=60',
    '"max-age=60"',
    'x="max-age=60"',
    'x="a\\", max-age=60"',
    'x-max-age=60',
    '=60',
    'max-age:60',
  ])('%s is no max-age', (text) => {
    expect(response(text).maxAge).toBeUndefined()
  })

  it('are not found inside a quoted string', () => {
    const read = response('ext="no-store, private, \\"no-cache\\"", max-age=5')
    expect([read.noStore, read.private, read.noCache]).toEqual([false, false, false])
    expect(read.maxAge).toBe(5)
  })

  it('are found behind a quote that nobody closes, and on the next line', () => {
    expect(response('ext="oops, no-store').noStore).toBe(true)
    expect(response('ext="oops', 'no-store').noStore).toBe(true)
  })

  it('may have an argument that nobody asked for', () => {
    expect(response('no-store=1').noStore).toBe(true)
    expect(response('public="x"').public).toBe(true)
  })

  it.each([
    'private',
    'Private',
    'PRIVATE',
    'private=',
    'private=""',
    'private=",,"',
    'private, private="x"',
    'private="x", private',
    'private="x y"',
    'private="x',
    'private="x"y',
  ])('%s is private as a whole', (text) => {
    expect(response(text).private).toBe(true)
  })

  it('name fields, those of all occurrences together', () => {
    expect(response('private="X-User, Set-Cookie"').private).toEqual(['x-user', 'set-cookie'])
    expect(response('no-cache=Set-Cookie').noCache).toEqual(['set-cookie'])
    expect(response('private="a"', 'private="b"').private).toEqual(['a', 'b'])
  })

  it.each<[string, (size: number) => string]>([
    ['commas', (size) => ','.repeat(size)],
    ['equals signs', (size) => '='.repeat(size)],
    ['quotes that open', (size) => 'a="'.repeat(size / 4)],
    ['quotes and escapes', (size) => 'a="\\'.repeat(size / 4)],
    ['escaped quotes outside of any', (size) => ',a=\\"'.repeat(size / 5)],
    ['escaped quotes without an end', (size) => `a="${'\\"'.repeat(size / 2)}`],
    ['spaces', (size) => `${' '.repeat(size)}x`],
    ['digits', (size) => `max-age=${'1'.repeat(size)}x`],
    ['names in quotes', (size) => `private="${'x,'.repeat(size / 2)}"`],
  ])('are read in linear time when they are %s', async (_, textOf) => {
    const read = (size: number): (() => unknown) => {
      const text = textOf(size)
      return () => response(text)
    }
    await expectLinear(read, { small: 20_000, large: 160_000 })
  })
})

describe('request directives', () => {
  it('are read', () => {
    expect(requestDirectives(['No-Cache, max-age=0, min-fresh=5', 'only-if-cached, max-stale=10, no-store'])).toEqual({
      noCache: true,
      noStore: true,
      onlyIfCached: true,
      maxAge: 0,
      minFresh: 5,
      maxStale: 10,
    })
  })

  it('take max-stale without a number as any staleness', () => {
    expect(requestDirectives(['max-stale']).maxStale).toBe(Number.POSITIVE_INFINITY)
    expect(requestDirectives(['max-stale=x']).maxStale).toBe(0)
    expect(requestDirectives([]).maxStale).toBeUndefined()
  })
})
