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
