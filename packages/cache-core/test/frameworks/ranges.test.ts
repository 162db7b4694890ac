import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express, { type Express, type RequestHandler } from 'express'
import express4 from 'express4'
import { afterAll, describe, expect, it } from 'vitest'
import { frameworks } from './support/apps.js'
import { ask, type Reply } from './support/client.js'
import { essence, type Twins, twins } from './support/twins.js'

const folder = mkdtempSync(join(tmpdir(), 'tiercel-ranges-'))
const file = join(folder, 'file.txt')
const TEXT = '0123456789'.repeat(1_000)
writeFileSync(file, TEXT)
afterAll(() => rmSync(folder, { recursive: true }))

type MakeExpress = () => Express

describe.each([
  ['Express 5', express as MakeExpress],
  ['Express 4', express4 as unknown as MakeExpress],
])('%s: ranges and conditions of files', (_, make) => {
  function start(headers: Record<string, string>): Promise<Twins> {
    return twins((layer) => {
      const app = make()
      app.use(layer as unknown as RequestHandler)
      app.get('/file', (_req, res) => res.sendFile(file, { headers, cacheControl: false }))
      return app as RequestListener
    })
  }
  const ASKED = [
    { Range: 'bytes=0-1' },
    { Range: 'bytes=-3' },
    { Range: 'bytes=9990-' },
    { Range: 'bytes=10000-' },
    { Range: 'bytes=0-1,3-4' },
    { Range: 'bytes=0-1,2-4' },
    { Range: 'lines=0-1' },
    { 'If-None-Match': '*' },
    { 'If-None-Match': '"other"', Range: 'bytes=0-1' },
    { 'If-Modified-Since': new Date(Date.now() + 1_000).toUTCString() },
    { 'If-Unmodified-Since': 'Thu, 01 Jan 1970 00:00:00 GMT' },
    { 'If-Match': '"other"' },
    { 'If-Range': '"other"', Range: 'bytes=0-1' },
  ]

  it('of what is never stored are answered as without a cache, from the first time on', async () => {
    for (const asked of ASKED) {
      const app = await start({ 'Cache-Control': 'private, no-store' })
      for (let round = 0; round < 3; round++) {
        const { plain, cached } = await app.ask('/file', { headers: asked })
        expect(essence(cached)).toEqual(essence(plain))
      }
    }
  })

  it('of what is stored are answered as without a cache, on a miss as on a hit', async () => {
    for (const asked of ASKED) {
      const app = await start({ 'Cache-Control': 'max-age=60' })
      for (const warm of [false, false, true, true]) {
        if (warm) await ask(app.cached, '/file')
        const { plain, cached } = await app.ask('/file', { headers: asked })
        expect(short(cached)).toEqual(short(plain))
      }
      const whole = await ask(app.cached, '/file')
      expect([whole.status, whole.text(), whole.cacheStatus().slice(0, 3)]).toEqual([200, TEXT, 'hit'])
    }
  })

  it('a second part fills the cache, a third is cut out of it, and so is the whole', async () => {
    const app = await start({ 'Cache-Control': 'max-age=60' })
    const seen: unknown[] = []
    for (const range of ['bytes=0-1', 'bytes=2-3', 'bytes=4-5']) {
      const reply = await ask(app.cached, '/file', { headers: { Range: range } })
      seen.push([reply.status, reply.text(), reply.header('content-range'), reply.header('content-length')])
      seen.push(reply.cacheStatus().replace(/ttl=\d+/, 'ttl'))
    }
    expect(seen).toEqual([
      [206, '01', 'bytes 0-1/10000', '2'],
      'fwd=uri-miss; detail="range or condition that is left to the handler"',
      [206, '23', 'bytes 2-3/10000', '2'],
      'fwd=uri-miss; fwd-status=200; stored',
      [206, '45', 'bytes 4-5/10000', '2'],
      'hit; ttl',
    ])
  })

  it('a download that was interrupted goes on, whatever validator it has, on a miss as on a hit', async () => {
    for (const warm of [false, true]) {
      const app = await start({ 'Cache-Control': 'max-age=60' })
      const first = await ask(app.plain, '/file')
      if (warm) await ask(app.cached, '/file')
      for (const validator of [first.header('etag') as string, statSync(file).mtime.toUTCString()]) {
        for (let round = 0; round < 3; round++) {
          const headers = { Range: 'bytes=9998-', 'If-Range': validator }
          const reply = await ask(app.cached, '/file', { headers })
          expect([reply.status, reply.text()]).toEqual([206, '89'])
        }
      }
    }
  })
})

/** What a client of a part can tell. */
function short({ status, header, text, rawHeaders }: Reply): unknown {
  const fields = ['content-range', 'content-length', 'content-type', 'etag', 'last-modified']
  // Whoever refuses says in his own words why.
  if (status >= 400) return [status, header('content-range')]
  return [status, rawHeaders.length > 0 && text(), ...fields.map((name) => header(name))]
}

/** A handler that knows no ranges; its responses are stored whole. */
describe.each(frameworks)('%s: ranges and conditions', (_, start) => {
  it('of a stored response with a strong tag', async () => {
    const modified = 'Fri, 20 Nov 2026 12:00:00 GMT'
    const app = await start((_req, res) => {
      res.writeHead(200, { ETag: '"a"', 'Last-Modified': modified, 'Content-Type': 'text/plain' })
      res.write('01234')
      res.end('56789')
    })
    await app.get('/')
    const part = { Range: 'bytes=3-6' }
    const cases: [Record<string, string>, number, string][] = [
      [part, 206, '3456'],
      [{ ...part, 'If-Range': '"a"' }, 206, '3456'],
      [{ ...part, 'If-Range': '"b"' }, 200, '0123456789'],
      [{ ...part, 'If-Range': modified }, 206, '3456'],
      [{ ...part, 'If-None-Match': '"a"' }, 304, ''],
      [{ ...part, 'If-Match': '"b"' }, 412, ''],
      [{ ...part, 'If-Match': '"a"' }, 206, '3456'],
      [{ 'If-Unmodified-Since': 'Fri, 20 Nov 2026 11:00:00 GMT' }, 412, ''],
      [{ Range: 'bytes=99-' }, 416, ''],
    ]
    for (const [headers, status, body] of cases) {
      const reply = await app.get('/', headers)
      expect([reply.status, reply.text(), reply.complete]).toEqual([status, body, true])
      expect(reply.cacheStatus()).toContain('hit')
    }
    expect((await app.get('/', { Range: 'bytes=99-' })).header('content-range')).toBe('bytes */10')
    const head = await app.ask('/', { method: 'HEAD', headers: part })
    expect([head.status, head.header('content-length')]).toEqual([200, '10'])
    expect(app.runs()).toBe(1)
  })

  it('on a miss of a known URL go out as a part, while the whole is kept, whatever pieces it comes in', async () => {
    let version = 0
    const app = await start(async (req, res) => {
      if (req.method === 'PUT') return res.end()
      res.setHeader('ETag', `"${version}"`)
      res.setHeader('Content-Length', '10')
      res.write('012')
      await new Promise((resolve) => res.write(Buffer.from('345'), resolve))
      await new Promise((resolve) => res.write('6', 'latin1', () => resolve(undefined)))
      return new Promise((resolve) => res.end('789', () => resolve(undefined)))
    })
    await app.get('/')
    const asked: [Record<string, string>, number, string][] = [
      [{ Range: 'bytes=2-6' }, 206, '23456'],
      [{ Range: 'bytes=8-' }, 206, '89'],
      [{ Range: 'bytes=-10' }, 206, '0123456789'],
      [{ Range: 'bytes=10-' }, 416, ''],
      [{ 'If-None-Match': '"4"' }, 304, ''],
      [{ 'If-None-Match': '"x"' }, 200, '0123456789'],
    ]
    for (const [headers, status, body] of asked) {
      await app.ask('/', { method: 'PUT' })
      await app.get('/', { 'If-None-Match': '"x"' })
      await app.ask('/', { method: 'PUT' })
      version = status === 304 ? 4 : version + 10
      const miss = await app.get('/', headers)
      expect([miss.status, miss.text(), miss.complete]).toEqual([status, body, true])
      expect(miss.cacheStatus()).toContain('stored')
      const hit = await app.get('/')
      expect([hit.status, hit.text(), hit.header('content-length')]).toEqual([200, '0123456789', '10'])
      expect(hit.cacheStatus()).toContain('hit')
    }
  })

  it('a body that comes with its end is cut as well', async () => {
    const app = await start((req, res) => res.end(req.method === 'PUT' ? '' : '0123456789'))
    await app.get('/', { Range: 'bytes=0-1' })
    await app.get('/')
    await app.ask('/', { method: 'PUT' })
    await app.get('/', { 'If-None-Match': '"x"' })
    await app.ask('/', { method: 'PUT' })
    const miss = await app.get('/', { Range: 'bytes=2-3' })
    expect([miss.status, miss.text(), miss.header('content-range')]).toEqual([206, '23', 'bytes 2-3/10'])
    expect((await app.get('/')).text()).toBe('0123456789')
  })
})
