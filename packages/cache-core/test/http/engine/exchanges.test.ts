import { describe, expect, it } from 'vitest'
import type { Answered } from '../support/asking.js'
import { ask } from '../support/asking.js'
import { type Fields, type Second, second, shared } from '../support/exchanges.js'

const AGE = (answer: Answered) => answer.headers.get('age')
const HOUR = 3_600

/** Where the suite of http-tests/cache-tests asks nothing, or not so much: the expected answer of RFC 9111. */
describe('the second of two exchanges', () => {
  it.each<[string, Fields, number, boolean, Second?]>([
    // Age and Date, sections 4.2.3 and 5.1.
    ['an Age close to the lifetime', ['Cache-Control', 'max-age=60', 'Age', '55'], 4, true],
    ['an Age that lifetime passes', ['Cache-Control', 'max-age=60', 'Age', '55'], 6, false],
    ['an Age beyond 2^31', ['Cache-Control', 'max-age=60', 'Age', '99999999999'], 0, false],
    ['a lifetime beyond 2^31', ['Cache-Control', 'max-age=99999999999'], 10 * 365 * 24 * HOUR, true],
    ['a negative Age', ['Cache-Control', 'max-age=60', 'Age', '-100'], 59, true],
    ['an Age of two lines', ['Cache-Control', 'max-age=60', 'Age', '10', 'Age', '59'], 49, true],
    ['an old Date and no Age', ['Cache-Control', 'max-age=60', 'Date', -50], 11, false],
    ['a Date in the future', ['Cache-Control', 'max-age=60', 'Date', HOUR], 59, true],
    ['a Date that is none', ['Cache-Control', 'max-age=60', 'Date', 'today'], 59, true],
    // Expires, section 5.3.
    ['Expires behind its Date', ['Date', -30, 'Expires', 30], 29, true],
    ['Expires and an older Date', ['Date', -30, 'Expires', 30], 31, false],
    ['Expires: 0', ['Expires', '0', 'ETag', '"a"'], 0, false],
    ['Expires before its Date', ['Date', 0, 'Expires', -1, 'ETag', '"a"'], 0, false],
    ['Expires and a Date in the future', ['Date', HOUR, 'Expires', HOUR + 60], 59, true],
    ['max-age before a past Expires', ['Cache-Control', 'max-age=60', 'Expires', -1], 59, true],
    ['a spoilt max-age before a good Expires', ['Cache-Control', 'max-age=1.5', 'Expires', HOUR], 0, false],
    // Duplicates, section 4.2.1.
    ['max-age twice, the shorter one first', ['Cache-Control', 'max-age=1, max-age=60'], 2, false],
    ['max-age twice, the longer one first', ['Cache-Control', 'max-age=60', 'Cache-Control', 'max-age=1'], 2, true],
    ['s-maxage before max-age', ['Cache-Control', 'max-age=1, s-maxage=60'], 2, true],
    ['a spoilt s-maxage before max-age', ['Cache-Control', 's-maxage=soon, max-age=60'], 0, false],
    ['Expires twice', ['Expires', 60, 'Expires', -60], 59, true],
    // Directives, section 5.2.2.
    ['no-store beside a lifetime', ['Cache-Control', 'max-age=60', 'Cache-Control', 'No-Store'], 0, false],
    ['no-store with an argument', ['Cache-Control', 'max-age=60, no-store="x"'], 0, false],
    ['no-cache beside a lifetime', ['Cache-Control', 'max-age=60, no-cache', 'ETag', '"a"'], 0, false],
    ['no-cache of a field', ['Cache-Control', 'max-age=60, no-cache="x-a"'], 1, true],
    ['private of a field', ['Cache-Control', 'max-age=60, private="x-a"'], 1, true],
    ['private of a field, and of all', ['Cache-Control', 'max-age=60, private="x-a", private'], 0, false],
    ['private in a quoted string', ['Cache-Control', 'ext="private, no-store", max-age=60'], 1, true],
    ['must-understand over no-store', ['Cache-Control', 'must-understand, no-store, max-age=60'], 1, true],
    [
      'must-understand of an unknown status',
      ['Cache-Control', 'must-understand, max-age=60'],
      0,
      false,
      { first: { status: 299 } },
    ],
    ['immutable', ['Cache-Control', 'max-age=60, immutable'], 59, true],
    [
      'immutable that is reloaded',
      ['Cache-Control', 'max-age=60, immutable'],
      1,
      false,
      { asked: ['Cache-Control', 'no-cache'] },
    ],
    ['public and no lifetime', ['Cache-Control', 'public'], 0, false],
    ['an unknown directive', ['Cache-Control', 'community="UCI", max-age=60'], 1, true],
    ['Pragma in a response', ['Cache-Control', 'max-age=60', 'Pragma', 'no-cache'], 1, true],
    // Status and heuristics, sections 3 and 4.2.2.
    ['a heuristic lifetime', ['Last-Modified', -1_000, 'Date', 0], 99, true],
    ['a heuristic lifetime that is over', ['Last-Modified', -1_000, 'Date', 0], 101, false],
    ['a heuristic lifetime of a day at most', ['Last-Modified', -100 * 24 * HOUR, 'Date', 0], 25 * HOUR, false],
    ['Last-Modified behind Date', ['Last-Modified', HOUR, 'Date', 0], 0, false],
    ['no heuristics for a 302', ['Last-Modified', -1_000, 'Date', 0], 0, false, { first: { status: 302 } }],
    [
      'heuristics for a 302 that is public',
      ['Last-Modified', -1_000, 'Cache-Control', 'public'],
      1,
      true,
      { first: { status: 302 } },
    ],
    ['a 302 with a lifetime', ['Cache-Control', 'max-age=60'], 1, true, { first: { status: 302 } }],
    ['a 599 with a lifetime', ['Cache-Control', 'max-age=60'], 1, true, { first: { status: 599 } }],
    // Vary, section 4.1.
    ['Vary of nothing that is asked', ['Cache-Control', 'max-age=60', 'Vary', 'X-A'], 1, true],
    ['Vary, and another value', ['Cache-Control', 'max-age=60', 'Vary', 'X-A'], 1, false, { asked: ['X-A', '1'] }],
    ['Vary: *', ['Cache-Control', 'max-age=60', 'Vary', 'X-A, *'], 0, false],
    // Authorization, section 3.5.
    ['Authorization', ['Cache-Control', 'max-age=60'], 0, false, { first: { asked: ['Authorization', 'x'] } }],
    [
      'Authorization and s-maxage',
      ['Cache-Control', 's-maxage=60'],
      1,
      true,
      { first: { asked: ['Authorization', 'x'] } },
    ],
    [
      'Authorization and must-revalidate',
      ['Cache-Control', 'max-age=60, must-revalidate'],
      1,
      true,
      { first: { asked: ['Authorization', 'x'] } },
    ],
    [
      'Authorization and proxy-revalidate',
      ['Cache-Control', 'max-age=60, proxy-revalidate'],
      0,
      false,
      { first: { asked: ['Authorization', 'x'] } },
    ],
    // Directives of the request, section 5.2.1.
    ['max-age of the request', ['Cache-Control', 'max-age=60'], 30, false, { asked: ['Cache-Control', 'max-age=29'] }],
    ['min-fresh', ['Cache-Control', 'max-age=60'], 30, true, { asked: ['Cache-Control', 'min-fresh=30'] }],
    ['min-fresh beyond', ['Cache-Control', 'max-age=60'], 30, false, { asked: ['Cache-Control', 'min-fresh=31'] }],
    ['max-stale', ['Cache-Control', 'max-age=60'], 70, true, { asked: ['Cache-Control', 'max-stale=11'] }],
    ['max-stale beyond', ['Cache-Control', 'max-age=60'], 72, false, { asked: ['Cache-Control', 'max-stale=11'] }],
    [
      'max-stale of what was stale when it came',
      ['Cache-Control', 'max-age=60', 'Age', '70'],
      0,
      true,
      { asked: ['Cache-Control', 'max-stale=11'] },
    ],
    ['max-stale and s-maxage', ['Cache-Control', 's-maxage=60'], 70, false, { asked: ['Cache-Control', 'max-stale'] }],
    [
      'max-stale and proxy-revalidate',
      ['Cache-Control', 'max-age=60, proxy-revalidate'],
      70,
      false,
      { asked: ['Cache-Control', 'max-stale'] },
    ],
    [
      'max-stale and no-cache',
      ['Cache-Control', 'no-cache', 'ETag', '"a"'],
      0,
      false,
      { asked: ['Cache-Control', 'max-stale'] },
    ],
    ['Pragma of the request', ['Cache-Control', 'max-age=60'], 1, false, { asked: ['Pragma', 'x, No-Cache'] }],
    [
      'Pragma beside Cache-Control',
      ['Cache-Control', 'max-age=60'],
      1,
      true,
      { asked: ['Pragma', 'no-cache', 'Cache-Control', 'foo'] },
    ],
    // Stale responses, RFC 5861.
    [
      'stale-while-revalidate and must-revalidate',
      ['Cache-Control', 'max-age=1, must-revalidate, stale-while-revalidate=60'],
      2,
      false,
    ],
    ['stale-while-revalidate and s-maxage', ['Cache-Control', 's-maxage=1, stale-while-revalidate=60'], 2, false],
    // Targeted fields, RFC 9213.
    [
      'a targeted lifetime over Cache-Control',
      ['CDN-Cache-Control', 'max-age=60', 'Cache-Control', 'no-store'],
      1,
      true,
    ],
    ['a targeted no-store', ['CDN-Cache-Control', 'no-store', 'Cache-Control', 'max-age=60'], 0, false],
    ['a targeted field that is none', ['CDN-Cache-Control', 'max-age = 0', 'Cache-Control', 'max-age=60'], 1, true],
    ['an empty targeted field', ['CDN-Cache-Control', '', 'Cache-Control', 'max-age=60'], 1, true],
    ['a targeted field without a lifetime, and Expires', ['CDN-Cache-Control', 'foo', 'Expires', HOUR], 0, false],
    ['a targeted lifetime twice', ['CDN-Cache-Control', 'max-age=0, max-age=60'], 1, true],
    [
      'a targeted field of another',
      ['CloudFlare-CDN-Cache-Control', 'no-store', 'Cache-Control', 'max-age=60'],
      1,
      true,
    ],
  ])('is answered from the store or not: %s', async (_, fields, seconds, hit, more) => {
    const answer = await second(fields, seconds, more)
    expect([answer.cacheStatus.startsWith('hit'), answer.body]).toEqual([hit, hit ? 'one' : 'two'])
  })

  it.each<[string, Fields, number, string]>([
    ['the time in the store', ['Cache-Control', 'max-age=60'], 7, '7'],
    ['what it was when it came, and that', ['Cache-Control', 'max-age=60', 'Age', '5'], 7, '12'],
    ['what Date says, and that', ['Cache-Control', 'max-age=60', 'Date', -5, 'Age', '1'], 7, '12'],
    ['nothing of an Age that is none', ['Cache-Control', 'max-age=60', 'Age', 'old'], 7, '7'],
  ])('has an Age: %s', async (_, fields, seconds, age) => {
    expect(AGE(await second(fields, seconds))).toBe(age)
  })

  it('has no Age where the handler has made it', async () => {
    const { engine } = shared()
    expect(AGE(await ask(engine, '/', { headers: ['Cache-Control', 'max-age=60'] }))).toBeNull()
    expect(AGE(await ask(engine, '/2', { headers: ['Cache-Control', 'max-age=60', 'Age', '5'] }))).toBe('5')
  })

  it.each<[string, Second, number, string]>([
    ['nothing stored', { first: { headers: ['Cache-Control', 'no-store'] } }, 504, ''],
    ['something fresh', {}, 200, 'one'],
    ['something stale', { first: { headers: ['Cache-Control', 'max-age=0', 'ETag', '"a"'] } }, 504, ''],
    ['no-store beside it', { asked: ['Cache-Control', 'no-store'] }, 504, ''],
    ['a condition that only the handler can judge', { asked: ['If-Match', '"a"'] }, 504, ''],
  ])('gets no run with only-if-cached: %s', async (_, more, status, body) => {
    const asked = ['Cache-Control', 'only-if-cached', ...(more.asked ?? [])]
    const answer = await second(['Cache-Control', 'max-age=60'], 1, { ...more, asked })
    expect([answer.status, answer.body]).toEqual([status, body])
  })

  it('takes over no lifetime into an error that is one client’s own', async () => {
    const fields = [
      'Cache-Control',
      'public, max-age=60',
      'CDN-Cache-Control',
      'max-age=60',
      'Expires',
      HOUR,
      'ETag',
      '"a"',
      'X',
      'y',
    ]
    for (const [asked, status] of [
      [['Range', 'bytes=99-'], 416],
      [['If-Match', '"b"'], 412],
    ] as const) {
      const { headers, ...answer } = await second(fields, 1, { asked })
      expect([answer.status, answer.body, headers.get('x')]).toEqual([status, '', 'y'])
      expect(['cache-control', 'cdn-cache-control', 'expires'].map((name) => headers.get(name))).toEqual([
        null,
        null,
        null,
      ])
    }
  })
})
