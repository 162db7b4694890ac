import { describe, expect, it } from 'vitest'
import { createHttpCache } from '../../../src/http/engine/http-cache.js'
import { createCache, memoryStore } from '../../../src/index.js'
import { type Answered, type Asking, ask } from '../support/asking.js'
import { shared } from '../support/exchanges.js'

const FRESH = ['Cache-Control', 'max-age=60']
const TAGGED = [...FRESH, 'ETag', '"a"']
const OLD = 'Wed, 01 Jan 2020 00:00:00 GMT'
const OLD_850 = 'Wednesday, 01-Jan-20 00:00:00 GMT'
const OLD_ASCTIME = 'Wed Jan  1 00:00:00 2020'
const BEFORE = 'Tue, 31 Dec 2019 23:59:59 GMT'

/** What a client gets, with these conditions, of what is stored under these fields. */
async function hit(stored: readonly string[], asked: readonly string[], more: Asking = {}): Promise<Answered> {
  const { engine } = shared()
  await ask(engine, '/', { body: '0123456789', headers: stored, ...more })
  return ask(engine, '/', { body: 'two', asked })
}

describe('a condition of RFC 9110 on what is stored', () => {
  const DATED = [...FRESH, 'Last-Modified', OLD]
  it.each<[string, readonly string[], readonly string[], number]>([
    ['one tag of many', TAGGED, ['If-None-Match', '"b", W/"a", "c"'], 304],
    ['tags on two lines', TAGGED, ['If-None-Match', '"b"', 'If-None-Match', '"a"'], 304],
    ['no spaces between tags', TAGGED, ['If-None-Match', '"b","a"'], 304],
    ['empty members between tags', TAGGED, ['If-None-Match', ', ,"b",, "a",'], 304],
    ['a weak tag, weakly', [...FRESH, 'ETag', 'W/"a"'], ['If-None-Match', '"a"'], 304],
    ['a tag with a comma', [...FRESH, 'ETag', '"a,b"'], ['If-None-Match', '"x", "a,b"'], 304],
    ['a part of a tag with a comma', [...FRESH, 'ETag', '"a,b"'], ['If-None-Match', '"a", "b"'], 200],
    ['a tag of obs-text', [...FRESH, 'ETag', '"\u00fc"'], ['If-None-Match', '"\u00fc"'], 304],
    ['an empty tag', [...FRESH, 'ETag', '""'], ['If-None-Match', '""'], 304],
    ['a tag with backslashes', [...FRESH, 'ETag', '"a\\"'], ['If-None-Match', '"a\\", "b"'], 304],
    ['a tag in another case', TAGGED, ['If-None-Match', '"A"'], 200],
    ['a tag without quotes', TAGGED, ['If-None-Match', 'a'], 200],
    ['a tag that is not closed', TAGGED, ['If-None-Match', '"a'], 200],
    ['a tag with w/ in lower case', TAGGED, ['If-None-Match', 'w/"a"'], 200],
    ['any tag', TAGGED, ['If-None-Match', ' * '], 304],
    ['a tag before a date', [...TAGGED, 'Last-Modified', OLD], ['If-None-Match', '"b"', 'If-Modified-Since', OLD], 200],
    [
      'a tag that holds, and a date that does not',
      [...TAGGED, 'Last-Modified', OLD],
      ['If-None-Match', '"a"', 'If-Modified-Since', BEFORE],
      304,
    ],
    ['a tag, where none is stored, before a date', DATED, ['If-None-Match', '"a"', 'If-Modified-Since', OLD], 200],
    ['the date', DATED, ['If-Modified-Since', OLD], 304],
    ['the date by RFC 850', DATED, ['If-Modified-Since', OLD_850], 304],
    ['the date by asctime', DATED, ['If-Modified-Since', OLD_ASCTIME], 304],
    ['a date before', DATED, ['If-Modified-Since', BEFORE], 200],
    ['a date that is none', DATED, ['If-Modified-Since', 'today'], 200],
    ['two dates', DATED, ['If-Modified-Since', OLD, 'If-Modified-Since', OLD], 200],
    ['a bad Last-Modified, and an old date', [...FRESH, 'Last-Modified', 'x'], ['If-Modified-Since', OLD], 200],
    ['If-Match', TAGGED, ['If-Match', '"b", "a"'], 200],
    ['If-Match of another', TAGGED, ['If-Match', '"b"'], 412],
    ['If-Match, weakly', TAGGED, ['If-Match', 'W/"a"'], 412],
    ['If-Match of any', TAGGED, ['If-Match', '*'], 200],
    ['If-Match before If-None-Match', TAGGED, ['If-Match', '"b"', 'If-None-Match', '"a"'], 412],
    ['If-Match, then If-None-Match', TAGGED, ['If-Match', '"a"', 'If-None-Match', '"a"'], 304],
    [
      'If-Match before If-Unmodified-Since',
      [...TAGGED, 'Last-Modified', OLD],
      ['If-Match', '"a"', 'If-Unmodified-Since', BEFORE],
      200,
    ],
    ['If-Unmodified-Since', DATED, ['If-Unmodified-Since', OLD], 200],
    ['If-Unmodified-Since before', DATED, ['If-Unmodified-Since', BEFORE], 412],
    ['If-Unmodified-Since of no date', DATED, ['If-Unmodified-Since', 'x'], 200],
    ['two of If-Unmodified-Since', DATED, ['If-Unmodified-Since', BEFORE, 'If-Unmodified-Since', BEFORE], 200],
    ['If-Unmodified-Since of what has no date', FRESH, ['If-Unmodified-Since', BEFORE], 200],
    ['a condition before a range', TAGGED, ['If-None-Match', '"a"', 'Range', 'bytes=0-1'], 304],
    ['a condition that holds, and a range', TAGGED, ['If-None-Match', '"b"', 'Range', 'bytes=0-1'], 206],
    ['If-Match and a range that is not there', TAGGED, ['If-Match', '"a"', 'Range', 'bytes=99-'], 416],
  ])('is judged: %s', async (_, stored, asked, status) => {
    const answer = await hit(stored, asked)
    expect([answer.status, answer.body]).toEqual([status, status === 200 ? '0123456789' : status === 206 ? '01' : ''])
    expect(answer.cacheStatus).toMatch(/^hit/)
  })

  it.each([203, 204, 404, 301])('is not for a %s', async (status) => {
    const answer = await hit(TAGGED, ['If-None-Match', '"a"', 'If-Match', '"b"', 'Range', 'bytes=0-1'], { status })
    expect([answer.status, answer.cacheStatus]).toEqual([status, expect.stringMatching(/^hit/)])
  })
})

describe('a range of RFC 9110 in what is stored', () => {
  const BOTH = [...TAGGED, 'Last-Modified', OLD]
  it.each<[string, string, string | undefined, number, string, string | null]>([
    ['a few bytes', 'bytes=2-4', undefined, 206, '234', 'bytes 2-4/10'],
    ['one byte', 'bytes=0-0', undefined, 206, '0', 'bytes 0-0/10'],
    ['the last byte', 'bytes=-1', undefined, 206, '9', 'bytes 9-9/10'],
    ['all from a byte on', 'bytes=7-', undefined, 206, '789', 'bytes 7-9/10'],
    ['more than there is', 'bytes=8-99', undefined, 206, '89', 'bytes 8-9/10'],
    ['more from the end than there is', 'bytes=-99', undefined, 206, '0123456789', 'bytes 0-9/10'],
    ['far more than a number holds', 'bytes=8-99999999999999999999', undefined, 206, '89', 'bytes 8-9/10'],
    ['all', 'bytes=0-', undefined, 206, '0123456789', 'bytes 0-9/10'],
    ['the unit in another case', 'BYTES=0-1', undefined, 206, '01', 'bytes 0-1/10'],
    ['spaces and empty members', 'bytes= ,2-4 , ', undefined, 206, '234', 'bytes 2-4/10'],
    ['two that overlap', 'bytes=0-3,2-5', undefined, 206, '012345', 'bytes 0-5/10'],
    ['two that touch', 'bytes=2-3,0-1', undefined, 206, '0123', 'bytes 0-3/10'],
    ['one that is there, and one that is not', 'bytes=99-,1-2', undefined, 206, '12', 'bytes 1-2/10'],
    ['one that is not there', 'bytes=10-', undefined, 416, '', 'bytes */10'],
    ['the last no bytes', 'bytes=-0', undefined, 416, '', 'bytes */10'],
    ['an end before its start', 'bytes=4-2', undefined, 200, '0123456789', null],
    ['no number', 'bytes=a-b', undefined, 200, '0123456789', null],
    ['a negative start', 'bytes=--1', undefined, 200, '0123456789', null],
    ['another unit', 'lines=0-1', undefined, 200, '0123456789', null],
    ['no unit', '0-1', undefined, 200, '0123456789', null],
    ['a good one and a bad one', 'bytes=0-1,x', undefined, 200, '0123456789', null],
    ['its tag', 'bytes=0-1', '"a"', 206, '01', 'bytes 0-1/10'],
    ['another tag', 'bytes=0-1', '"b"', 200, '0123456789', null],
    ['its date', 'bytes=0-1', OLD, 206, '01', 'bytes 0-1/10'],
    ['its date by RFC 850', 'bytes=0-1', OLD_850, 206, '01', 'bytes 0-1/10'],
    ['a date before', 'bytes=0-1', BEFORE, 200, '0123456789', null],
    ['a date after', 'bytes=0-1', 'Wed, 01 Jan 2020 00:00:01 GMT', 206, '01', null],
    ['what is neither', 'bytes=0-1', 'x', 200, '0123456789', null],
    ['another tag, and a range that is not there', 'bytes=99-', '"b"', 200, '0123456789', null],
  ])('is cut: %s', async (name, range, condition, status, body, contentRange) => {
    const asked = ['Range', range, ...(condition === undefined ? [] : ['If-Range', condition])]
    const answer = await hit(BOTH, asked)
    // Whether a later date will do, only the handler knows.
    if (name === 'a date after') return expect(answer.cacheStatus).toMatch(/^fwd=request/)
    expect([answer.status, answer.body, answer.headers.get('content-range')]).toEqual([status, body, contentRange])
    expect(answer.headers.get('content-length')).toBe(String(body.length))
  })

  it('has no digest of the whole, where that is one of the content (RFC 9530)', async () => {
    const digests = ['Content-Digest', 'sha-256=:YQ==:', 'Content-MD5', 'YQ==', 'Repr-Digest', 'sha-256=:YQ==:']
    for (const range of ['bytes=0-1', 'bytes=0-1,5-6']) {
      const { status, headers } = await hit([...TAGGED, ...digests], ['Range', range])
      expect(status).toBe(206)
      expect(['content-digest', 'content-md5', 'repr-digest'].map((name) => headers.has(name))).toEqual([
        false,
        false,
        true,
      ])
    }
  })

  it('joined with another has the digest of neither', async () => {
    const { engine } = shared()
    const part = (range: string, body: string, digest: string) =>
      ask(engine, '/', {
        status: 206,
        body,
        headers: [...TAGGED, 'Content-Range', `bytes ${range}/6`, 'Content-Digest', `sha-256=:${digest}:`],
        asked: ['Range', `bytes=${range}`],
      })
    await part('0-2', '012', 'YQ==')
    await part('3-5', '345', 'Yg==')
    const whole = await ask(engine, '/')
    expect([whole.body, whole.headers.get('content-digest')]).toEqual(['012345', null])
  })

  it('is for a GET', async () => {
    const { engine } = shared()
    await ask(engine, '/', { body: '0123456789', headers: TAGGED })
    const head = await ask(engine, '/', { method: 'HEAD', asked: ['Range', 'bytes=0-1'] })
    expect([head.status, head.headers.get('content-length'), head.headers.get('content-range')]).toEqual([
      200,
      '10',
      null,
    ])
  })
})

describe('profile safe', () => {
  it('judges conditions and ranges as well', async () => {
    const engine = createHttpCache(createCache({ store: memoryStore() }))
    await ask(engine, '/', { body: '0123456789', headers: [...TAGGED, 'Last-Modified', OLD] })
    const statuses: number[] = []
    for (const asked of [
      ['If-None-Match', '"a"'],
      ['If-None-Match', '"b"', 'If-Modified-Since', OLD],
      ['If-Modified-Since', OLD],
      ['If-Match', '"b"'],
      ['Range', 'bytes=0-1'],
      ['Range', 'bytes=0-1,5-6'],
      ['Range', 'bytes=99-'],
    ])
      statuses.push((await ask(engine, '/', { asked })).status)
    expect(statuses).toEqual([304, 200, 304, 412, 206, 200, 416])
  })
})
