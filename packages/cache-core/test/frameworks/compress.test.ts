import { createHash } from 'node:crypto'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { frameworks, type Handler, newCache, onNode } from './support/apps.js'
import type { Reply } from './support/client.js'

const TEXT = Array.from({ length: 400 }, (_, index) => `line ${index} of ${index % 7}`).join('\n')
const options = { compress: ['br', 'gzip'] } as const

function plain({ body, header }: Pick<Reply, 'body' | 'header'>): string {
  const coding = header('content-encoding')
  if (coding === 'br') return brotliDecompressSync(body).toString()
  return coding === 'gzip' ? gunzipSync(body).toString() : body.toString()
}

const text =
  (fields: Record<string, string> = {}, body: string = TEXT): Handler =>
  (_req, res) => {
    for (const [name, value] of Object.entries({ 'Content-Type': 'text/plain', ...fields })) res.setHeader(name, value)
    res.end(body)
  }

describe.each(frameworks)('%s: compress', (framework, start) => {
  it('keeps each coding, made of one run, and gives a client the first that it takes', async () => {
    const app = await start(text({ ETag: '"v1"' }), { options })
    const get = (coding: string, more = {}) => app.get('/', { 'Accept-Encoding': coding, ...more })
    const miss = await get('gzip, br')
    expect([plain(miss), miss.header('content-encoding'), miss.header('etag')]).toEqual([TEXT, undefined, '"v1"'])
    expect(miss.header('vary')?.toLowerCase()).toBe('accept-encoding')
    const rows = [
      ['gzip, deflate, br, zstd', 'br', 'W/"v1"'],
      ['gzip', 'gzip', 'W/"v1"'],
      ['br;q=0, gzip;q=0.5', 'gzip', 'W/"v1"'],
      ['identity', undefined, '"v1"'],
      ['', undefined, '"v1"'],
    ] as const
    for (const [accepts, coding, etag] of rows) {
      const hit = await get(accepts)
      expect([hit.cacheStatus(), hit.header('content-encoding'), hit.header('etag'), plain(hit)]).toEqual([
        expect.stringMatching(/^hit/),
        coding,
        etag,
        TEXT,
      ])
      expect(hit.header('content-length')).toBe(String(hit.body.length))
      expect(hit.header('vary')?.toLowerCase()).toBe('accept-encoding')
      expect((await get(accepts, { 'If-None-Match': etag })).status).toBe(304)
    }
    expect(app.runs()).toBe(1)
  })

  it('a part is one of the bytes in their coding, and of what it goes on with only where that is the same', async () => {
    const app = await start(text({ ETag: '"v1"' }), { options })
    const get = (headers: Record<string, string>) => app.get('/', { 'Accept-Encoding': 'br', ...headers })
    await get({})
    const whole = await get({})
    const part = await get({ Range: 'bytes=10-19' })
    expect([part.status, part.body]).toEqual([206, whole.body.subarray(10, 20)])
    expect(part.header('content-encoding')).toBe('br')
    expect((await app.get('/', { Range: 'bytes=0-3' })).text()).toBe('line')
  })

  it('no handler goes on with its own bytes where the client has begun with those of a coding', async () => {
    const app = await start(
      (req, res) => {
        const fields = { ETag: '"v1"', 'Accept-Ranges': 'bytes' }
        // As `send` does, which looks for its strong tag anywhere in the field.
        if (!req.headers['if-range']?.includes('"v1"')) return text(fields)(req, res)
        res.statusCode = 206
        const { length } = TEXT
        text({ ...fields, 'Content-Range': `bytes 10-${length - 1}/${length}` }, TEXT.slice(10))(req, res)
      },
      { options },
    )
    const get = (headers: Record<string, string>) => app.get('/', { 'Accept-Encoding': 'br', ...headers })
    expect((await get({})).header('accept-ranges')).toBe('bytes')
    const begun = await get({})
    expect([begun.header('content-encoding'), begun.header('accept-ranges')]).toEqual(['br', undefined])
    const next = await get({ Range: 'bytes=10-', 'If-Range': String(begun.header('etag')) })
    expect([next.status, next.header('content-encoding'), plain(next)]).toEqual([200, 'br', TEXT])
    const own = await app.get('/', { Range: 'bytes=10-', 'If-Range': '"v1"' })
    expect([own.status, own.header('accept-ranges'), own.text()]).toEqual([206, 'bytes', TEXT.slice(10)])
  })

  it('a HEAD of the version that is stored freshens it in its coding', async () => {
    const clock = new FakeClock()
    const fields = { ETag: '"v1"', 'Cache-Control': 'max-age=60', 'Content-Length': String(TEXT.length) }
    const app = await start((req, res) => text(fields, req.method === 'HEAD' ? '' : TEXT)(req, res), {
      cache: newCache({ clock }),
      options: { ...options, ttl: undefined, updateByHead: true, keepStale: '1h' },
    })
    const br = { 'Accept-Encoding': 'br' }
    await app.get('/', br)
    await expect.poll(async () => (await app.get('/', br)).header('content-encoding')).toBe('br')
    await clock.advance(61_000)
    await app.ask('/', { method: 'HEAD', headers: br })
    const hit = await app.get('/', br)
    expect([hit.cacheStatus(), hit.header('content-encoding'), hit.header('etag'), plain(hit)]).toEqual([
      'hit; ttl=60',
      'br',
      'W/"v1"',
      TEXT,
    ])
  })

  it('what a purge takes it takes in every coding', async () => {
    const app = await start(text(), { options: { ...options, host: 'shop.example' } })
    for (const coding of ['br', 'gzip', 'identity']) {
      await app.get('/', { 'Accept-Encoding': coding })
      expect((await app.get('/', { 'Accept-Encoding': coding })).cacheStatus()).toContain('hit')
    }
    await app.engine.purge('http://shop.example/')
    // Of the run of the first one is what the second gets, or it has one of its own where that is still being stored.
    expect((await app.get('/', { 'Accept-Encoding': 'br' })).cacheStatus()).not.toContain('hit')
    const { runs } = app
    await expect.poll(async () => (await app.get('/', { 'Accept-Encoding': 'gzip' })).cacheStatus()).toContain('hit')
    expect([2, 3]).toContain(runs())
  })

  it.each([
    ['an image', { 'Content-Type': 'image/png' }, TEXT, undefined],
    ['what says no-transform', { 'Cache-Control': 'max-age=60, no-transform' }, TEXT, undefined],
    ['what is signed', { 'Content-Digest': `sha-256=:${createHash('sha256').update(TEXT).digest('base64')}:` }, TEXT],
    ['what is encoded', { 'Content-Encoding': 'x-own' }, TEXT, 'x-own'],
    ['a short text', {}, 'short', undefined],
  ])('leaves %s as it is', async (_what, fields, body, coding = undefined) => {
    const app = await start(text(fields, body), { options })
    const get = () => app.get('/', { 'Accept-Encoding': 'br' })
    await get()
    const hit = await get()
    expect([hit.cacheStatus(), hit.text(), hit.header('content-encoding')]).toEqual([
      expect.stringMatching(/^hit/),
      body,
      coding,
    ])
  })

  it.runIf(onNode(framework))('the handler sees the chosen coding, and may answer in it', async () => {
    const app = await start((req, res) => void res.end(String(req.headers['accept-encoding'])), { options })
    expect((await app.get('/a', { 'Accept-Encoding': 'gzip, br, zstd' })).text()).toBe('br')
    expect((await app.get('/b', { 'Accept-Encoding': 'zstd' })).text()).toBe('undefined')
  })

  it('what is stale is refreshed in every coding by one run behind the answer', async () => {
    const clock = new FakeClock()
    const windows = { ...options, ttl: '1s', staleWhileRevalidate: '1m' } as const
    const app = await start((_req, res) => text({}, `${app.runs()}\n${TEXT}`)(_req, res), {
      cache: newCache({ clock }),
      options: windows,
    })
    const get = async (coding: string) => plain(await app.get('/', { 'Accept-Encoding': coding }))
    await get('br')
    // One that waits for what is being stored gets it: from now on it is there.
    await get('br')
    await clock.advance(2_000)
    expect(await get('br')).toMatch(/^1\n/)
    await expect.poll(() => get('br')).toMatch(/^2\n/)
    expect([await get('gzip'), await get('identity')]).toEqual([`2\n${TEXT}`, `2\n${TEXT}`])
    expect(app.runs()).toBe(2)
  })

  it('our own tag is of the bytes where it is strong', async () => {
    const app = await start(text(), { options: { ...options, etag: 'strong' } })
    await app.get('/')
    const tags = await Promise.all(
      ['br', 'gzip', 'identity'].map(async (coding) =>
        (await app.get('/', { 'Accept-Encoding': coding })).header('etag'),
      ),
    )
    expect(new Set(tags).size).toBe(3)
    expect(tags.join()).not.toContain('W/')
  })
})
