import { describe, expect, it } from 'vitest'
import { type Answered, type Asking, ask } from '../support/asking.js'
import { shared } from '../support/exchanges.js'

const FRESH = ['Cache-Control', 'max-age=60']
const TAGGED = [...FRESH, 'ETag', '"a"']

type Step = Asking & { readonly target?: string; readonly after?: number }

/** What each of several requests to one cache gets; `after` so many seconds. */
async function steps(...all: readonly Step[]): Promise<Answered[]> {
  const { engine, clock } = shared({ staleIfError: undefined })
  const answers: Answered[] = []
  for (const { target = '/', after = 0, ...asking } of all) {
    await clock.advance(after * 1_000)
    answers.push(await ask(engine, target, asking))
  }
  return answers
}

const bodies = (answers: readonly Answered[]) => answers.map(({ body }) => body)
const hits = (answers: readonly Answered[]) => answers.map(({ cacheStatus }) => cacheStatus.startsWith('hit'))

describe('a response to POST, RFC 9110 section 9.3.3', () => {
  const POSTED = [...FRESH, 'Content-Location', '/']
  it.each<[string, Asking, boolean]>([
    ['its own URL', { headers: POSTED }, true],
    ['its own URL in full', { headers: [...FRESH, 'Content-Location', 'http://example.com/'] }, true],
    ['another URL', { headers: [...FRESH, 'Content-Location', '/other'] }, false],
    ['another origin', { headers: [...FRESH, 'Content-Location', 'http://example.org/'] }, false],
    ['no URL', { headers: FRESH }, false],
    ['a 201', { headers: POSTED, status: 201 }, false],
    ['no lifetime', { headers: ['Content-Location', '/', 'Last-Modified', 'Wed, 01 Jan 2020 00:00:00 GMT'] }, false],
    [
      'a lifetime that is over',
      { headers: ['Cache-Control', 'max-age=0', 'Content-Location', '/', 'ETag', '"a"'] },
      false,
    ],
    ['private', { headers: [...POSTED, 'Cache-Control', 'private'] }, false],
    ['no-store', { headers: [...POSTED, 'Cache-Control', 'no-store'] }, false],
    ['an Authorization', { headers: POSTED, asked: ['Authorization', 'x'] }, false],
    ['PUT', { headers: POSTED, method: 'PUT' }, false],
  ])('is that to GET or not, with %s', async (_, asking, stored) => {
    const [answer, next] = await steps({ method: 'POST', body: 'posted', ...asking }, { body: 'run' })
    expect([answer?.body, next?.body]).toEqual(['posted', stored ? 'posted' : 'run'])
  })
})

describe('several responses of one URL', () => {
  const by = (field: string, value: string, body: string): Step => ({
    asked: [field, value],
    headers: [...FRESH, 'Vary', field],
    body,
  })

  it('are chosen by all fields that any of them has named', async () => {
    const answers = await steps(
      by('X-A', '1', 'a1'),
      { asked: ['X-A', '2', 'X-B', '1'], headers: [...FRESH, 'Vary', 'X-B, X-A'], body: 'a2b1' },
      // Its own variant was stored before it was known that another field counts as well.
      { asked: ['X-A', '1'], headers: [...FRESH, 'Vary', 'X-A'], body: 'a1 again' },
      { asked: ['X-A', '1'] },
      { asked: ['X-A', '2', 'X-B', '1'] },
      { asked: ['X-A', '2', 'X-B', '2'], headers: [...FRESH, 'Vary', 'X-B'], body: 'a2b2' },
      { asked: ['X-B', '2'], headers: FRESH, body: 'b2' },
      { asked: ['X-A', '2', 'X-B', '2'] },
    )
    expect(bodies(answers)).toEqual(['a1', 'a2b1', 'a1 again', 'a1 again', 'a2b1', 'a2b2', 'b2', 'a2b2'])
  })

  it('may vary on everything for a while', async () => {
    const all: Step = { headers: [...FRESH, 'Vary', '*'], body: 'all' }
    const answers = await steps(all, { headers: FRESH, body: 'one' }, { after: 6, headers: FRESH, body: 'two' }, {})
    expect(hits(answers).slice(0, 2)).toEqual([false, false])
    expect(bodies(answers).slice(2)).toEqual(['two', 'two'])
  })
})

describe('a 304', () => {
  const STALE: Step = { headers: ['Cache-Control', 'max-age=10', 'ETag', '"a"', 'X', '1'], body: 'one' }
  const after = (headers: readonly string[], ...next: readonly Step[]) =>
    steps(STALE, { after: 11, status: 304, headers: ['ETag', '"a"', ...headers] }, ...next)

  it('with another lifetime is fresh for that', async () => {
    const answers = await after(['Cache-Control', 'max-age=100'], { after: 99 }, { after: 2, body: 'two' })
    expect(bodies(answers)).toEqual(['one', 'one', 'one', 'two'])
  })

  it('without a lifetime has the stored one', async () => {
    expect(hits(await after([], { after: 9 }))).toEqual([false, false, true])
  })

  it.each([
    ['no-store', ['Cache-Control', 'no-store']],
    ['private', ['Cache-Control', 'private']],
    ['Vary: *', ['Vary', '*']],
  ])('that says %s answers, and is not stored', async (_, headers) => {
    const [, answer, next] = await after(headers, { body: 'two' })
    expect([answer?.status, answer?.body, next?.body]).toEqual([200, 'one', 'two'])
  })

  it('has its Date, and its Age, counted', async () => {
    expect(hits(await after(['Cache-Control', 'max-age=10', 'Age', '8'], { after: 1 }, { after: 2 }))).toEqual([
      false,
      false,
      true,
      false,
    ])
  })

  it('replaces fields of several lines, and leaves what it does not name', async () => {
    const [, , hit] = await after(['X', '2', 'X', '3', 'Y', '4', 'Content-Length', '0', 'Transfer-Encoding', 'x'], {})
    expect(['x', 'y', 'content-length', 'transfer-encoding'].map((name) => hit?.headers.get(name))).toEqual([
      '2, 3',
      '4',
      '3',
      null,
    ])
  })

  it.each([
    [501, 'two'],
    [404, 'two'],
    [200, 'two'],
  ])('in whose place a %d comes is none', async (status, body) => {
    const answers = await steps(STALE, { after: 11, status, body: 'two', headers: ['Cache-Control', 'no-store'] })
    expect([answers[1]?.status, answers[1]?.body]).toEqual([status, body])
  })
})

describe('a part', () => {
  const part = (range: string, body: string, more: Asking = {}, length: string | number = 10): Step => ({
    status: 206,
    body,
    headers: [...TAGGED, 'Content-Range', `bytes ${range}/${length}`],
    asked: ['Range', `bytes=${range}`],
    ...more,
  })
  const range = (text: string, ...asked: readonly string[]): Step => ({
    asked: ['Range', `bytes=${text}`, ...asked],
    body: 'run',
  })

  it.each<[string, Step, Step, string]>([
    ['the same', part('2-5', '2345'), range('2-5'), '2345'],
    ['some of it', part('2-5', '2345'), range('3-4'), '34'],
    ['more than it', part('2-5', '2345'), range('2-6'), 'run'],
    ['all', part('2-5', '2345'), { body: 'run' }, 'run'],
    ['the last bytes of it', part('6-9', '6789'), range('-2'), '89'],
    ['from one of it on', part('6-9', '6789'), range('8-'), '89'],
    ['the last bytes of what has no end', part('6-9', '6789', {}, '*'), range('-2'), 'run'],
    ['some of what has no end', part('6-9', '6789', {}, '*'), range('6-7'), '67'],
    ['some, by its tag', part('2-5', '2345'), range('3-4', 'If-Range', '"a"'), '34'],
    ['some, by another tag', part('2-5', '2345'), range('3-4', 'If-Range', '"b"'), 'run'],
    ['some, by a weak tag', part('2-5', '2345'), range('3-4', 'If-Range', 'W/"a"'), 'run'],
    ['what does not say which it is', part('2-5', '2345', { headers: TAGGED }), range('2-5'), 'run'],
    ['what says nonsense', part('5-2', '2345'), range('2-5'), 'run'],
    ['what has less than it says', part('2-5', '234', {}), range('2-5'), 'run'],
    ['what has more than it says', part('2-5', '23456', {}), range('2-5'), 'run'],
    ['what ends behind its end', part('8-12', '89abc'), range('8-12'), 'run'],
    ['several', part('2-5', '2345'), range('2-2,5-5'), 'run'],
    ['a HEAD', part('2-5', '2345'), { ...range('2-5'), method: 'HEAD' }, 'run'],
  ])('is what another request gets, or not: %s', async (name, first, then, body) => {
    const [, answer] = await steps(first, then)
    if (name === 'several') return expect(answer?.headers.get('content-type')).toMatch(/^multipart\/byteranges/)
    expect(answer?.body).toBe(body)
  })

  it.each<[string, Step, string]>([
    ['the rest', part('3-5', '345', {}, 6), '012345'],
    ['the rest, overlapping', part('1-5', 'ABCDE', {}, 6), '0ABCDE'],
    [
      'the rest of another version',
      part('3-5', '345', { headers: [...FRESH, 'ETag', '"b"', 'Content-Range', 'bytes 3-5/6'] }, 6),
      'run',
    ],
    ['the rest of another length', part('3-5', '345', {}, 7), 'run'],
    ['the rest under no tag', part('3-5', '345', { headers: [...FRESH, 'Content-Range', 'bytes 3-5/6'] }, 6), 'run'],
    ['the rest but one byte', part('4-5', '45', {}, 6), 'run'],
  ])('becomes the whole, or not, with %s', async (_, second, body) => {
    const answers = await steps(part('0-2', '012', {}, 6), second, { body: 'run' })
    expect(bodies(answers)).toEqual(['012', second.body, body])
  })

  it('that nobody has asked for goes through as it came', async () => {
    const [answer, next] = await steps({ ...part('0-2', '012'), asked: [] }, { body: 'run' })
    expect([answer?.status, answer?.body, next?.body]).toEqual([206, '012', 'run'])
  })
})

describe('a failure, RFC 5861 section 4', () => {
  const STALE: Step = { headers: ['Cache-Control', 'max-age=1, stale-if-error=60'], body: 'one' }
  it.each([
    [500, 'one'],
    [502, 'one'],
    [503, 'one'],
    [504, 'one'],
    [501, 'two'],
    [505, 'two'],
    [404, 'two'],
    [429, 'two'],
    [400, 'two'],
  ])('of %d has the client get: %s', async (status, body) => {
    expect((await steps(STALE, { after: 5, status, body: 'two' }))[1]?.body).toBe(body)
  })

  it.each([
    ['behind its window', 'max-age=1, stale-if-error=3'],
    ['beside must-revalidate', 'max-age=1, stale-if-error=60, must-revalidate'],
    ['beside proxy-revalidate', 'max-age=1, stale-if-error=60, proxy-revalidate'],
    ['beside s-maxage', 's-maxage=1, stale-if-error=60'],
    ['beside no-cache', 'max-age=1, stale-if-error=60, no-cache'],
    ['of no value', 'max-age=1, stale-if-error'],
  ])('is the answer %s', async (_, directives) => {
    const first = { headers: ['Cache-Control', directives, 'ETag', '"a"'], body: 'one' }
    expect((await steps(first, { after: 5, status: 503, body: 'two' }))[1]?.body).toBe('two')
  })
})

describe('a HEAD', () => {
  it('is answered by the stored GET, and stores nothing that a GET gets', async () => {
    const answers = await steps(
      { method: 'HEAD', headers: [...TAGGED, 'Content-Length', '3'] },
      { headers: TAGGED, body: 'one' },
      { method: 'HEAD', asked: ['If-None-Match', '"a"'] },
      { method: 'HEAD' },
      {},
    )
    expect(hits(answers)).toEqual([false, false, true, true, true])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 304, 200, 200])
    expect(answers[4]?.body).toBe('one')
  })
})
