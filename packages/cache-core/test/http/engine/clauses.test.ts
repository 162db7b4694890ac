import { describe, expect, it } from 'vitest'
import { type Fields, type Second, second } from '../support/exchanges.js'

const FRESH = ['Cache-Control', 'max-age=60']
const OLD = 'Wed, 01 Jan 2020 00:00:00 GMT'
const OLD_850 = 'Wednesday, 01-Jan-20 00:00:00 GMT'

/** One more than `exchanges.test.ts`: combinations, and what is written oddly. */
describe('a clause of RFC 9111', () => {
  it.each<[string, Fields, number, boolean, Second?]>([
    // Cache-Control as it is written, section 5.2.
    ['a quoted lifetime', ['Cache-Control', 'max-age="60"'], 59, true],
    ['a quoted lifetime that is over', ['Cache-Control', 'max-age="60"'], 61, false],
    ['names in any case', ['Cache-Control', 'Max-AGE=60'], 59, true],
    ['spaces around an equals sign', ['Cache-Control', 'max-age = 60'], 0, false],
    ['a lifetime with a sign', ['Cache-Control', 'max-age=+60'], 0, false],
    ['a negative lifetime', ['Cache-Control', 'max-age=-60'], 0, false],
    ['a lifetime in hexadecimals', ['Cache-Control', 'max-age=0x60'], 0, false],
    ['a lifetime without a value', ['Cache-Control', 'max-age='], 0, false],
    ['a lifetime without an equals sign', ['Cache-Control', 'max-age'], 0, false],
    ['empty members', ['Cache-Control', ',, ,max-age=60,,'], 59, true],
    ['tabs between members', ['Cache-Control', 'public,\tmax-age=60'], 59, true],
    ['no comma between two', ['Cache-Control', 'public max-age=60'], 0, false],
    ['semicolons in place of commas', ['Cache-Control', 'public; max-age=60'], 0, false],
    ['a comma in a quoted string', ['Cache-Control', 'a="1, max-age=0", max-age=60'], 59, true],
    ['an escaped quote in a quoted string', ['Cache-Control', 'a="\\", no-store, ", max-age=60'], 59, true],
    ['a quoted string without an end', ['Cache-Control', 'a="no-store, max-age=60'], 59, true],
    ['no-store behind a quote without an end', ['Cache-Control', 'a="b, no-store, max-age=60'], 0, false],
    ['quoted strings over two lines', ['Cache-Control', 'a="', 'Cache-Control', '", max-age=60'], 59, true],
    ['a name that only begins like one', ['Cache-Control', 'no-storex, max-age=60'], 59, true],
    ['directives of requests', ['Cache-Control', 'max-age=60, only-if-cached, max-stale=0, min-fresh=99'], 59, true],
    ['Surrogate-Control', ['Surrogate-Control', 'no-store', ...FRESH], 59, true],
    // Which lifetime, section 4.2.1.
    ['s-maxage=0 before max-age', ['Cache-Control', 's-maxage=0, max-age=60', 'ETag', '"a"'], 0, false],
    ['max-age=0 before Expires', ['Cache-Control', 'max-age=0', 'Expires', 60, 'ETag', '"a"'], 0, false],
    ['s-maxage on a second line', [...FRESH, 'Cache-Control', 's-maxage=10'], 11, false],
    ['a lifetime of exactly so long', FRESH, 60, false],
    ['Expires without a Date', ['Expires', 60], 59, true],
    ['Expires that is Date', ['Date', 0, 'Expires', 0, 'ETag', '"a"'], 0, false],
    ['Expires with another zone', ['Expires', 'Fri, 01 Jan 2038 00:00:00 UTC', 'ETag', '"a"'], 0, false],
    ['Expires without a zone', ['Expires', 'Fri, 01 Jan 2038 00:00:00', 'ETag', '"a"'], 0, false],
    ['Expires as a number', ['Expires', '-1', 'ETag', '"a"'], 0, false],
    ['Expires by RFC 850', ['Expires', 'Friday, 01-Jan-38 00:00:00 GMT'], 59, true],
    ['Expires by asctime', ['Expires', 'Fri Jan  1 00:00:00 2038'], 59, true],
    ['Expires in quotes', ['Expires', '"Fri, 01 Jan 2038 00:00:00 GMT"', 'ETag', '"a"'], 0, false],
    ['an empty Expires', ['Expires', '', 'ETag', '"a"'], 0, false],
    // Age, section 4.2.3.
    ['an empty Age', [...FRESH, 'Age', ''], 59, true],
    ['an Age with a fraction', [...FRESH, 'Age', '59.5'], 59, true],
    ['an Age list', [...FRESH, 'Age', '50, 0'], 11, false],
    ['an Age that spoils the list', [...FRESH, 'Age', 'x, 60'], 59, true],
    ['Date before Age', [...FRESH, 'Date', -50, 'Age', '10'], 11, false],
    ['Age before Date', [...FRESH, 'Date', -10, 'Age', '50'], 11, false],
    // Heuristics, section 4.2.2.
    ['heuristics of 404', ['Last-Modified', -1_000], 99, true, { first: { status: 404 } }],
    ['heuristics of 410', ['Last-Modified', -1_000], 99, true, { first: { status: 410 } }],
    ['no heuristics of 307', ['Last-Modified', -1_000], 0, false, { first: { status: 307 } }],
    ['no heuristics of 500', ['Last-Modified', -1_000], 0, false, { first: { status: 500 } }],
    ['heuristics beside must-revalidate', ['Last-Modified', -1_000, 'Cache-Control', 'must-revalidate'], 99, true],
    ['no heuristics beside no-cache', ['Last-Modified', -1_000, 'Cache-Control', 'no-cache'], 0, false],
    ['no heuristics beside a bad Expires', ['Last-Modified', -1_000, 'Expires', '0'], 0, false],
    ['no heuristics of a bad date', ['Last-Modified', 'yesterday', 'ETag', '"a"'], 0, false],
    ['heuristics by RFC 850', ['Last-Modified', OLD_850], 3_600, true],
    // What may be stored, section 3.
    ['a 500 with a lifetime', FRESH, 59, true, { first: { status: 500 } }],
    ['a 503 with Expires', ['Expires', 60], 59, true, { first: { status: 503 } }],
    ['a status that nobody knows', FRESH, 59, true, { first: { status: 299 } }],
    ['no-store in a targeted field alone', [...FRESH, 'CDN-Cache-Control', 'no-store'], 0, false],
    ['must-understand without no-store', ['Cache-Control', 'must-understand, max-age=60'], 59, true],
    [
      'must-understand, no-store, private',
      ['Cache-Control', 'must-understand, no-store, private, max-age=60'],
      0,
      false,
    ],
    ['private beside s-maxage', ['Cache-Control', 'private, s-maxage=60'], 0, false],
    ['private="" ', ['Cache-Control', 'private="", max-age=60'], 0, false],
    ['private=x unquoted', ['Cache-Control', 'private=x-a, max-age=60'], 59, true],
    ['private of what is no name', ['Cache-Control', 'private="x a", max-age=60'], 0, false],
    ['no-cache of two fields', ['Cache-Control', 'no-cache="x-a, x-b", max-age=60'], 59, true],
    ['no-cache of a field, then of all', ['Cache-Control', 'no-cache="x-a", max-age=60, no-cache'], 0, false],
    ['public beside no-store', ['Cache-Control', 'public, no-store, max-age=60'], 0, false],
    ['Set-Cookie', [...FRESH, 'Set-Cookie', 'a=b'], 59, true],
    ['Warning', [...FRESH, 'Warning', '110 - "stale"'], 59, true],
    ['no-store of the request', FRESH, 0, false, { first: { asked: ['Cache-Control', 'no-store'] } }],
    [
      'Authorization and public',
      ['Cache-Control', 'public, max-age=60'],
      1,
      true,
      { first: { asked: ['Authorization', 'x'] } },
    ],
    [
      'Authorization and public without a lifetime',
      ['Cache-Control', 'public', 'Last-Modified', OLD],
      1,
      true,
      { first: { asked: ['Authorization', 'x'] } },
    ],
    ['Authorization of the second request', FRESH, 1, true, { asked: ['Authorization', 'x'] }],
    // Vary, section 4.1.
    ['Vary in another case', [...FRESH, 'vary', 'x-a'], 1, false, { asked: ['X-A', '1'] }],
    ['Vary of two fields', [...FRESH, 'Vary', 'X-A, X-B'], 1, false, { asked: ['X-B', '1'] }],
    ['Vary on two lines', [...FRESH, 'Vary', 'X-A', 'Vary', 'X-B'], 1, false, { asked: ['X-B', '1'] }],
    ['Vary with empty members', [...FRESH, 'Vary', ', X-A ,,'], 1, true, { asked: ['X-B', '1'] }],
    ['an empty Vary', [...FRESH, 'Vary', ''], 1, true, { asked: ['X-B', '1'] }],
    ['Vary: * on a second line', [...FRESH, 'Vary', 'X-A', 'Vary', '*'], 1, false],
    ['Vary of what is no field', [...FRESH, 'Vary', 'X A'], 1, false],
    [
      'spaces in a field that counts',
      [...FRESH, 'Vary', 'X-A'],
      1,
      true,
      { first: { asked: ['X-A', '1,2'] }, asked: ['X-A', ' 1 , 2 '] },
    ],
    [
      'lines of a field that counts',
      [...FRESH, 'Vary', 'X-A'],
      1,
      true,
      { first: { asked: ['X-A', '1, 2'] }, asked: ['X-A', '1', 'X-A', '2'] },
    ],
    [
      'another order of a field that counts',
      [...FRESH, 'Vary', 'X-A'],
      1,
      false,
      { first: { asked: ['X-A', '1, 2'] }, asked: ['X-A', '2, 1'] },
    ],
    ['an empty field that counts, and none', [...FRESH, 'Vary', 'X-A'], 1, false, { first: { asked: ['X-A', ''] } }],
    [
      'another case of a value that counts',
      [...FRESH, 'Vary', 'X-A'],
      1,
      false,
      { first: { asked: ['X-A', 'a'] }, asked: ['X-A', 'A'] },
    ],
    // Directives of requests, section 5.2.1.
    ['max-age=0', FRESH, 0, true, { asked: ['Cache-Control', 'max-age=0'] }],
    ['max-age=0 a moment later', FRESH, 1, false, { asked: ['Cache-Control', 'max-age=0'] }],
    ['a quoted max-age', FRESH, 30, true, { asked: ['Cache-Control', 'max-age="31"'] }],
    ['a max-age that is none', FRESH, 30, false, { asked: ['Cache-Control', 'max-age=many'] }],
    ['no-cache in any case', FRESH, 1, false, { asked: ['Cache-Control', 'No-Cache'] }],
    ['no-cache with an argument', FRESH, 1, false, { asked: ['Cache-Control', 'no-cache="x"'] }],
    ['max-stale beside max-age', FRESH, 70, false, { asked: ['Cache-Control', 'max-age=65, max-stale=60'] }],
    ['max-stale without a limit', FRESH, 3_600, true, { asked: ['Cache-Control', 'max-stale'] }],
    ['max-stale that is none', FRESH, 70, false, { asked: ['Cache-Control', 'max-stale=many'] }],
    [
      'max-stale and must-revalidate',
      ['Cache-Control', 'max-age=60, must-revalidate'],
      70,
      false,
      { asked: ['Cache-Control', 'max-stale'] },
    ],
    ['max-stale beside min-fresh', FRESH, 70, false, { asked: ['Cache-Control', 'max-stale, min-fresh=1'] }],
    ['Pragma of something else', FRESH, 1, true, { asked: ['Pragma', 'xno-cache'] }],
    ['directives of responses', FRESH, 1, true, { asked: ['Cache-Control', 'must-revalidate, private, s-maxage=0'] }],
    // Stale responses, RFC 5861.
    [
      's-maxage=0 with stale windows',
      ['Cache-Control', 's-maxage=0, stale-while-revalidate=60', 'ETag', '"a"'],
      1,
      false,
    ],
    [
      'proxy-revalidate with stale windows',
      ['Cache-Control', 'max-age=1, proxy-revalidate, stale-while-revalidate=60'],
      2,
      false,
    ],
    [
      'no-cache with stale windows',
      ['Cache-Control', 'no-cache, max-age=1, stale-while-revalidate=60', 'ETag', '"a"'],
      2,
      false,
    ],
  ])('is answered from the store or not: %s', async (_, fields, seconds, hit, more) => {
    const answer = await second(fields, seconds, more)
    expect([answer.cacheStatus.startsWith('hit'), answer.body]).toEqual([hit, hit ? 'one' : 'two'])
  })
})

describe('profile safe', () => {
  const SAFE = { profile: 'safe' } as const
  it.each<[string, Fields, boolean, Second?]>([
    ['a lifetime', FRESH, true],
    ['s-maxage', ['Cache-Control', 's-maxage=60'], true],
    ['Expires', ['Expires', 60], true],
    ['a quoted lifetime', ['Cache-Control', 'max-age="60"'], true],
    ['nothing', ['ETag', '"a"'], false],
    ['Last-Modified alone', ['Last-Modified', OLD], false],
    ['no-cache', ['Cache-Control', 'no-cache, max-age=60'], false],
    ['no-cache of a field', ['Cache-Control', 'no-cache="x-a", max-age=60'], false],
    ['private of a field', ['Cache-Control', 'private="x-a", max-age=60'], false],
    ['must-understand, no-store', ['Cache-Control', 'must-understand, no-store, max-age=60'], false],
    ['Set-Cookie', [...FRESH, 'Set-Cookie', 'a=b'], false],
    ['Vary: *', [...FRESH, 'Vary', '*'], false],
    ['a targeted field', ['CDN-Cache-Control', 'max-age=60'], false],
    ['a targeted no-store', [...FRESH, 'CDN-Cache-Control', 'no-store'], true],
    ['a part', [...FRESH, 'Content-Range', 'bytes 0-2/3'], false, { first: { status: 206 } }],
    ['404', FRESH, false, { first: { status: 404 } }],
    ['302', FRESH, false, { first: { status: 302 } }],
    ['301', FRESH, true, { first: { status: 301 } }],
    ['203', FRESH, true, { first: { status: 203 } }],
    ['204', FRESH, false, { first: { status: 204 } }],
    ['Authorization', FRESH, false, { first: { asked: ['Authorization', 'x'] } }],
    [
      'Authorization and must-revalidate',
      ['Cache-Control', 'max-age=60, must-revalidate'],
      false,
      { first: { asked: ['Authorization', 'x'] } },
    ],
    ['a cookie', FRESH, false, { first: { asked: ['Cookie', 'a=b'] } }],
    ['no-cache of the client', FRESH, true, { asked: ['Cache-Control', 'no-cache', 'Pragma', 'no-cache'] }],
    ['no-store of the client', FRESH, true, { first: { asked: ['Cache-Control', 'no-store'] } }],
    ['only-if-cached of the client', FRESH, true, { asked: ['Cache-Control', 'only-if-cached'] }],
    ['max-stale of what is stale', ['Cache-Control', 'max-age=0'], false, { asked: ['Cache-Control', 'max-stale'] }],
  ])('is answered from the store or not: %s', async (_, fields, stored, more) => {
    const answer = await second(fields, 0, { ...more, options: SAFE })
    expect([answer.cacheStatus.startsWith('hit'), answer.body]).toEqual([stored, stored ? 'one' : 'two'])
  })
})
