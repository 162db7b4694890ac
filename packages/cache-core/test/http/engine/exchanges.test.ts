import { describe, expect, it } from 'vitest'
import { createHttpCache, type HttpCache } from '../../../src/http/engine/http-cache.js'
import { first } from '../../../src/http/message/headers.js'
import { formatHttpDate } from '../../../src/http/message/http-date.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { createCache, memoryStore } from '../../../src/index.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { type Answered, type Asking, ask } from '../support/asking.js'

/** A full shared cache, on a clock that a test moves. */
function shared(options: HttpCacheOptions = {}): { engine: HttpCache; clock: FakeClock } {
  const clock = new FakeClock()
  const cache = createCache({ store: memoryStore({ maxEntries: 1_000 }), clock, jitter: 0 })
  return { engine: createHttpCache(cache, { profile: 'rfc9111', ...options }), clock }
}

/** Of a date, so many seconds from now. */
type Fields = readonly (string | number)[]

function lines(fields: Fields, now: number): string[] {
  return fields.map((field) => (typeof field === 'string' ? field : formatHttpDate(now + field * 1_000)))
}

/** What a second request gets, so many seconds after the first one was answered with these fields. */
async function second(
  fields: Fields,
  seconds: number,
  { first = {}, asked = [], options = {}, method = 'GET' }: Second = {},
): Promise<Answered> {
  const { engine, clock } = shared(options)
  await ask(engine, '/', { body: 'one', headers: lines(fields, clock.now()), ...first })
  await clock.advance(seconds * 1_000)
  return ask(engine, '/', { body: 'two', asked, method })
}

interface Second {
  readonly first?: Asking
  readonly asked?: readonly string[]
  readonly options?: HttpCacheOptions
  readonly method?: string
}

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

describe('several requests at once', () => {
  /** What each gets where all came before the handler answered. */
  async function crowd(headers: readonly string[], warm: boolean): Promise<{ bodies: string[]; sees: boolean[] }> {
    const { engine } = shared()
    let runs = 0
    const sees: boolean[] = []
    const one = (): Promise<Answered> =>
      ask(engine, '/', {
        get body() {
          return Promise.resolve(String(++runs))
        },
        headers,
        onRun: (seen) => sees.push(seen.headers.includes('If-None-Match')),
      })
    if (warm) await one()
    const answers = await Promise.all([one(), one(), one()])
    return { bodies: answers.map(({ body }) => body), sees }
  }

  it('share what may be reused', async () => {
    expect((await crowd(['Cache-Control', 'max-age=60'], false)).sees.length).toBe(1)
  })

  it.each([
    ['no-cache', ['Cache-Control', 'no-cache', 'ETag', '"a"']],
    ['max-age=0', ['Cache-Control', 'max-age=0', 'ETag', '"a"']],
    ['an Age beyond its lifetime', ['Cache-Control', 'max-age=60', 'Age', '60', 'ETag', '"a"']],
  ])('each ask the handler about what says %s, and wait for none of the others', async (_, headers) => {
    expect((await crowd(headers, false)).sees.length).toBe(3)
    expect((await crowd(headers, true)).sees.length).toBe(4)
  })
})

describe('a confirmed response', () => {
  it('tells in Cache-Status what the handler answered, and to the letter', async () => {
    const { engine, clock } = shared()
    const headers = ['Cache-Control', 'max-age=10', 'ETag', '"a"']
    expect((await ask(engine, '/', { headers, body: 'x' })).cacheStatus).toBe('fwd=uri-miss; stored')
    expect((await ask(engine, '/')).cacheStatus).toBe('hit; ttl=10')
    await clock.advance(11_000)
    const renewed = await ask(engine, '/', { headers, status: 304 })
    const detail = 'detail="the handler says that it holds"'
    expect([renewed.status, renewed.body, renewed.cacheStatus]).toEqual([
      200,
      'x',
      `fwd=stale; fwd-status=304; stored; ${detail}`,
    ])
  })

  it('takes its type from the 304, and nothing that one client alone may see', async () => {
    const { engine, clock } = shared()
    const fields = ['Cache-Control', 'max-age=10', 'ETag', '"a"', 'Content-Type']
    await ask(engine, '/', { headers: [...fields, 'text/plain'], body: 'x' })
    await clock.advance(11_000)
    await ask(engine, '/', { headers: [...fields, 'text/html', 'Content-Encoding', 'br'], status: 304 })
    const hit = await ask(engine, '/')
    expect([hit.headers.get('content-type'), hit.headers.get('content-encoding')]).toEqual(['text/html', null])
    await clock.advance(11_000)
    const own = { headers: ['Cache-Control', 'max-age=10', 'ETag', '"a"', 'X-User', 'A'], status: 304 }
    const answer = await ask(engine, '/', { ...own, asked: ['Authorization', 'A'] })
    expect([answer.body, answer.headers.get('x-user')]).toEqual(['x', 'A'])
    const other = await ask(engine, '/', { headers: fields.slice(0, 4), status: 304 })
    expect([other.body, other.headers.get('x-user')]).toEqual(['x', null])
  })
})

describe('a variant that is not stored', () => {
  const field = 'X-Lang'
  const variant = (tag: string) => ['Cache-Control', 'max-age=60', 'Vary', field, 'ETag', tag]

  /** What handlers were asked about, and what clients got. */
  function variants(options: HttpCacheOptions = {}) {
    const { engine, clock } = shared(options)
    const asked: (string | undefined)[] = []
    const get = (lang: string, answer: Asking, more: readonly string[] = []): Promise<Answered> =>
      ask(engine, '/', {
        ...answer,
        asked: [field, lang, ...more],
        onRun: ({ headers }) => asked.push(first(headers, 'if-none-match')),
      })
    return { get, asked, clock }
  }

  it('may turn out to be another one, by its strong tag, and is stored as that', async () => {
    const { get, asked, clock } = variants()
    await get('en', { headers: variant('"en"'), body: 'english' })
    const confirmed = await get('en-GB', { headers: [...variant('"en"'), 'X', '2'], status: 304 })
    expect([confirmed.status, confirmed.body, confirmed.headers.get('x')]).toEqual([200, 'english', '2'])
    expect(confirmed.cacheStatus).toMatch(/^fwd=miss; fwd-status=304; stored/)
    expect(await get('en-GB', {})).toMatchObject({ body: 'english', cacheStatus: expect.stringMatching(/^hit/) })
    await get('de', { headers: variant('"de"'), body: 'deutsch' })
    // Handlers here name what holds: now several are asked about, and the one named is taken.
    expect((await get('de-CH', { headers: variant('"de"'), status: 304 })).body).toBe('deutsch')
    await clock.advance(30_000)
    expect((await get('en', { headers: variant('"de"'), status: 304 }, ['Cache-Control', 'no-cache'])).body).toBe(
      'deutsch',
    )
    expect(asked).toEqual([undefined, '"en"', '"en"', '"de", "en"', '"en", "de"'])
  })

  it('is asked about one at a time where handlers do not name what holds', async () => {
    const { get, asked } = variants()
    await get('a', { headers: variant('"a"'), body: 'A' })
    await get('b', { headers: variant('"b"'), body: 'B' })
    expect((await get('c', { headers: variant('"b"').slice(0, 4), status: 304 })).body).toBe('B')
    await get('d', { headers: variant('"d"'), body: 'D' })
    expect(asked.slice(1)).toEqual(['"a"', '"b"', '"b"'])
  })

  it('is an error where a handler named what holds, and does not any more', async () => {
    const { get } = variants()
    await get('a', { headers: variant('"a"'), body: 'A' })
    await get('b', { headers: variant('"b"'), body: 'B' })
    await get('c', { headers: variant('"b"'), status: 304 })
    const unclear = await get('d', { headers: variant('"b"').slice(0, 4), status: 304 })
    expect([unclear.status, unclear.body]).toEqual([502, ''])
    expect((await get('d', { headers: variant('"d"'), body: 'D' })).body).toBe('D')
  })

  it.each<[string, string, HttpCacheOptions]>([
    ['a weak tag', 'W/"a"', {}],
    ['a route that does not ask for it', '"a"', { offerVariants: false }],
    [
      'another answer of the route’s own function',
      '"a"',
      { vary: (req) => String((req as { headers: string[] }).headers.at(-1)) },
    ],
  ])('is not asked about under %s', async (_, tag, options) => {
    const { get, asked } = variants(options)
    await get('a', { headers: variant(tag), body: 'A' })
    await get('b', { headers: variant('"b"'), body: 'B' })
    expect(asked).toEqual([undefined, undefined])
  })
})

/** Rules that the suite leaves out, on a hit. */
describe('a stored response', () => {
  const BODY = '0123456789'
  const first = {
    body: BODY,
    headers: [
      'ETag',
      '"a"',
      'Connection',
      'close, X-Hop',
      'Connection',
      'x-other',
      'X-Hop',
      '1',
      'X-Other',
      '2',
      'X',
      '3',
    ],
  }
  const stored = (asked: readonly string[], method = 'GET') =>
    second([], 1, { first: { ...first, headers: [...first.headers, 'Cache-Control', 'max-age=60'] }, asked, method })

  it.each<[readonly string[], number, string]>([
    [['If-None-Match', '*'], 304, ''],
    [['If-None-Match', '"b", W/"a"'], 304, ''],
    [['If-None-Match', '"b"', 'If-Modified-Since', 'Fri, 31 Dec 2100 00:00:00 GMT'], 200, BODY],
    [['If-Match', '*'], 200, BODY],
    [['If-Match', '"b", "a"'], 200, BODY],
    [['If-Match', '"b"'], 412, ''],
    [['If-Match', 'W/"a"'], 412, ''],
    [['If-Match', '"b"', 'If-None-Match', '"a"'], 412, ''],
    [['If-Range', '"a"', 'Range', 'bytes=-2'], 206, '89'],
    [['If-Range', '"b"', 'Range', 'bytes=-2'], 200, BODY],
    [['If-Range', 'W/"a"'], 200, BODY],
    [['Range', 'bytes=10-'], 416, ''],
    [['Range', 'bytes=0-1', 'If-None-Match', '"a"'], 304, ''],
    [['Range', 'bytes=2-1'], 200, BODY],
    [['Range', 'pages=1-2'], 200, BODY],
  ])('answers %j with %d', async (asked, status, body) => {
    const answer = await stored(asked)
    expect([answer.status, answer.body]).toEqual([status, body])
    expect(answer.cacheStatus).toMatch(/^hit/)
  })

  it('has no field that Connection names, on whatever line', async () => {
    const { headers } = await stored([])
    expect(['connection', 'x-hop', 'x-other', 'x'].map((name) => headers.get(name))).toEqual([null, null, null, '3'])
  })

  it('answers a HEAD with a range as one without', async () => {
    const { status, headers } = await stored(['Range', 'bytes=0-1'], 'HEAD')
    expect([status, headers.get('content-length')]).toEqual([200, '10'])
  })

  it.each<[string, Asking, boolean]>([
    ['a POST', {}, false],
    ['an unknown method', { method: 'FROB' }, false],
    ['a POST that leads to it', { headers: ['Location', '/'] }, false],
    ['a POST whose answer is that of it', { headers: ['Content-Location', 'http://example.com/'] }, false],
    ['a POST that leads to another host', { headers: ['Location', 'http://evil.example/'] }, true],
    ['a POST that leads to another port', { headers: ['Location', 'http://example.com:81/'] }, true],
    ['a POST that was refused', { headers: ['Location', '/'], status: 403 }, true],
    ['a POST that failed', { headers: ['Content-Location', '/'], status: 500 }, true],
    ['a safe method', { method: 'OPTIONS', headers: ['Location', '/'] }, true],
  ])('is what it was, or not, after %s', async (_, write, hit) => {
    const { engine } = shared()
    await ask(engine, '/', { headers: ['Cache-Control', 'max-age=60'] })
    const target = write.headers === undefined ? '/' : '/other'
    await ask(engine, target, { method: 'POST', ...write })
    expect((await ask(engine, '/')).cacheStatus.startsWith('hit')).toBe(hit)
  })
})
