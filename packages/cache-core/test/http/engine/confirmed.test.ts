import { describe, expect, it } from 'vitest'
import { first } from '../../../src/http/message/headers.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { type Answered, type Asking, ask } from '../support/asking.js'
import { shared } from '../support/exchanges.js'

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

  it('has no Age but that of the 304', async () => {
    const { engine, clock } = shared()
    const headers = ['Cache-Control', 'max-age=10', 'ETag', '"a"']
    await ask(engine, '/', { headers, body: 'x' })
    await clock.advance(11_000)
    expect((await ask(engine, '/', { headers, status: 304 })).headers.get('age')).toBeNull()
    expect((await ask(engine, '/')).headers.get('age')).toBe('0')
    await clock.advance(11_000)
    expect((await ask(engine, '/', { headers: [...headers, 'Age', '3'], status: 304 })).headers.get('age')).toBe('3')
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
        again: { headers: variant(`"${lang}"`), body: `${lang}, asked again` },
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

  it('is asked for again where a handler named what holds, and does not any more', async () => {
    const { get, asked } = variants()
    await get('a', { headers: variant('"a"'), body: 'A' })
    await get('b', { headers: variant('"b"'), body: 'B' })
    await get('c', { headers: variant('"b"'), status: 304 })
    const unclear = await get('d', { headers: variant('"b"').slice(0, 4), status: 304 })
    expect([unclear.status, unclear.body]).toEqual([200, 'd, asked again'])
    expect(unclear.cacheStatus).toBe('fwd=miss; stored; detail="the handler does not say what has not changed"')
    expect((await get('d', {})).cacheStatus).toMatch(/^hit/)
    expect(asked.at(-1)).toBe('"b", "a"')
  })

  it('is not asked about where a handler could not be asked again', async () => {
    const { get, asked } = variants()
    await get('a', { headers: variant('"a"'), body: 'A' })
    await get('b', { headers: variant('"b"'), body: 'B', again: undefined })
    expect(asked).toEqual([undefined, undefined])
  })

  it.each<[string, string, HttpCacheOptions]>([
    ['a weak tag', 'W/"a"', {}],
    ['a route that does not ask for it', '"a"', { offerVariants: false }],
    ['another value of a field that the route names', '"a"', { headers: [field] }],
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

  it('is not asked about under another query, whose tags are those of another resource', async () => {
    const { engine } = shared({ noVarySearch: true })
    const asked: (string | undefined)[] = []
    const onRun: Asking['onRun'] = ({ headers }) => asked.push(first(headers, 'if-none-match'))
    await ask(engine, '/?id=1', { headers: variant('"v1"'), body: 'one', onRun })
    await ask(engine, '/?id=2', { headers: variant('"v1"'), body: 'two', onRun })
    expect(asked).toEqual([undefined, undefined])
    expect((await ask(engine, '/?id=2')).body).toBe('two')
  })
})

/** RFC 9111 section 4.3.4: what a 304 may be about, and RFC 9110 section 15.4.5: it has the ETag of a 200. */
describe('a 304 that does not say which response it is about', () => {
  // Else the question is asked behind the answer, for the sake of stale-if-error, and without the client's conditions.
  const stale = ['Cache-Control', 'max-age=10, must-revalidate']
  const ours = [...stale, 'ETag', '"a"']
  const AGAIN: Asking['again'] = { headers: [...stale, 'ETag', '"new"'], body: 'new' }

  /** What a client gets where a handler answers what is stale so, and then one that asks nothing. */
  async function after(stored: readonly string[], head: readonly string[], more: Asking = {}) {
    const { engine, clock } = shared()
    await ask(engine, '/', { headers: stored, body: 'old' })
    await clock.advance(11_000)
    const seen: (string | undefined)[] = []
    const onRun: Asking['onRun'] = ({ headers }) => seen.push(first(headers, 'if-none-match'))
    const again = more.again && { ...more.again, onRun }
    const answer = await ask(engine, '/', { headers: [...stale, ...head], status: 304, onRun, ...more, again })
    const next = await ask(engine, '/', { body: 'next', headers: [...stale, 'ETag', '"next"'] })
    return { seen, next, status: answer.status, body: answer.body, etag: answer.headers.get('etag') }
  }

  it.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ['another strong tag', ours, ['ETag', '"b"'], []],
    ['another weak tag', ours, ['ETag', 'W/"b"'], []],
    ['a tag where none was', [...stale, 'Last-Modified', 'Wed, 01 Jan 2020 00:00:00 GMT'], ['ETag', '"b"'], []],
    ['no tag where the client has another', ours, [], ['If-None-Match', '"b"']],
    ['a third tag where the client has another', ours, ['ETag', '"c"'], ['If-None-Match', '"b"']],
  ])('has the handler asked again, for all of it: %s', async (_, stored, head, asked) => {
    const { seen, next, ...answer } = await after(stored, head, { asked, again: AGAIN })
    expect(answer).toEqual({ status: 200, body: 'new', etag: '"new"' })
    expect(seen).toHaveLength(2)
    expect(seen[1]).toBeUndefined()
    expect(next.body).toBe('new')
  })

  it('answers the client by its own condition, and its own range', async () => {
    const of = async (...asked: string[]) => {
      const { status, body } = await after(ours, ['ETag', '"c"'], { asked, again: AGAIN })
      return [status, body]
    }
    expect(await of('If-None-Match', '"new"')).toEqual([304, ''])
    expect(await of('Range', 'bytes=1-')).toEqual([206, 'ew'])
  })

  it('is for its client alone where the second answer is', async () => {
    const again = { headers: ['Cache-Control', 'private'], body: 'mine' }
    const { next, ...answer } = await after(ours, ['ETag', '"b"'], { again })
    expect([answer.status, answer.body, next.body]).toEqual([200, 'mine', 'next'])
  })

  it('tells a failure of the second run', async () => {
    const again = { status: 500, body: 'sorry' }
    const { status, body, next } = await after(ours, ['ETag', '"b"'], { again })
    expect([status, body, next.body]).toEqual([500, '', 'next'])
  })

  it('has the handler run for its client where it was asked behind the answer', async () => {
    const again = { headers: ['ETag', '"b"'], status: 304 }
    const front = { headers: [...stale, 'ETag', '"b"'], status: 200, body: 'new' }
    const { status, body, next } = await after(['Cache-Control', 'max-age=10', 'ETag', '"a"'], [], { again, ...front })
    expect([status, body, next.body]).toEqual([200, 'new', 'new'])
  })

  it('is about what was asked about, once, where there is no way to ask again', async () => {
    const { seen, next, ...answer } = await after(ours, ['ETag', '"b"'], { asked: ['If-None-Match', '"c"'] })
    expect(answer).toEqual({ status: 200, body: 'old', etag: '"a"' })
    expect([seen, next.body]).toEqual([['"a"'], 'next'])
  })

  it.each([
    ['its tag', ['ETag', '"a"']],
    ['its tag as a weak one', ['ETag', 'W/"a"']],
    ['none', []],
  ])('is none that names %s, where only one was asked about', async (_, head) => {
    const { next, ...answer } = await after(ours, head, { again: AGAIN })
    expect([answer.body, next.body]).toEqual(['old', 'old'])
  })

  it('is none that names the tag of the client', async () => {
    const { seen, ...answer } = await after(ours, ['ETag', '"b"'], { asked: ['If-None-Match', 'W/"b"'], again: AGAIN })
    expect([answer.status, seen]).toEqual([304, ['"a", "b"']])
  })
})
