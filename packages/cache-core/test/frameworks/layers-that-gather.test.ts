import type { RequestListener, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { type Essence, essence, type Make, twins } from './support/twins.js'

type Send = (body: Buffer) => void

/** As interceptors and minifiers do: keeps all pieces, and writes another body, with fields of its own, at the end. */
function gather(res: ServerResponse, change: (body: string, send: Send) => void): void {
  const { end } = res
  const pieces: Buffer[] = []
  // Like some of npm it says nothing of whether the buffer is full.
  res.write = ((piece: string | Buffer) => void pieces.push(Buffer.from(piece))) as unknown as typeof res.write
  res.end = ((piece?: string | Buffer) => {
    if (piece) pieces.push(Buffer.from(piece))
    change(Buffer.concat(pieces).toString(), (body) => {
      res.removeHeader('Content-Length')
      res.setHeader('X-Changed', String(body.length))
      end.call(res, body, 'utf8')
    })
    return res
  }) as typeof res.end
}

const CHANGES: Readonly<Record<string, (body: string, send: Send) => void>> = {
  'at once': (body, send) => send(Buffer.from(`<${body}>`)),
  later: (body, send) => setImmediate(send, Buffer.from(`<${body}>`)),
}

const handler: RequestListener = (req, res) => {
  const { pathname } = new URL(String(req.url), 'http://shop.example')
  if (pathname === '/whole') res.setHeader('Content-Length', 5).end('whole')
  if (pathname === '/piped') Readable.from(['one ', 'two ', 'three']).pipe(res.setHeader('X-Piped', 'yes'))
  if (pathname === '/tagged') res.setHeader('ETag', '"1"').end('tagged')
  if (pathname === '/pieces') {
    res.write('one ')
    setImmediate(() => {
      res.write('two ')
      res.end('three')
    })
  }
}

/** Hits of what has no ETag get one of the cache. */
function withoutOwnTag({ fields, ...rest }: Essence): Essence {
  return { ...rest, fields: fields.filter((line) => !line.startsWith('etag: W/')) }
}

describe.each(Object.entries(CHANGES))('a layer outside that gathers the body, and changes it %s', (_when, change) => {
  const make: Make = (layer) => (req, res) => {
    gather(res, change)
    layer(req, res, () => handler(req, res))
  }

  it.each(['/whole', '/pieces', '/piped', '/tagged'])('%s: is the same on misses and hits', async (target) => {
    const app = await twins(make)
    for (const expected of ['fwd=uri-miss; stored', 'hit; ttl=', 'hit; ttl=']) {
      const { plain, cached } = await app.ask(target)
      expect(withoutOwnTag(essence(cached))).toEqual(essence(plain))
      expect(cached.cacheStatus()).toContain(expected)
    }
  })

  it.each([
    ['a condition that nothing fulfils', '/whole', { 'If-None-Match': '"other"' }],
    ['a condition that the tag of the handler does not fulfil', '/tagged', { 'If-None-Match': '"other"' }],
    ['a condition on a body in pieces', '/pieces', { 'If-Modified-Since': 'Thu, 01 Jan 2015 00:00:00 GMT' }],
  ])('%s is answered as without the cache', async (_name, target, headers) => {
    const app = await twins(make)
    for (const _ of [1, 2]) {
      const { plain, cached } = await app.ask(target, { headers })
      expect(essence(cached)).toEqual(essence(plain))
    }
  })

  it.each([
    ['a 304 on a hit', '/tagged', {}, { 'If-None-Match': '"1"' }, '304 '],
    // The first is the handler's to answer, which knows no conditions.
    ['a 304 on a miss', '/tagged', { 'If-None-Match': '"1"' }, { 'If-None-Match': '"1"' }, '304 '],
    ['a part', '/whole', {}, { Range: 'bytes=1-2' }, '206 <ho>'],
  ])('%s, which the cache makes, comes through', async (_name, target, first, headers, made) => {
    const app = await twins(make)
    expect((await app.ask(target, { headers: first })).cached.status).toBe(200)
    for (const _ of [1, 2]) {
      const { cached } = await app.ask(target, { headers })
      expect(`${cached.status} ${cached.text()}`).toBe(made)
    }
  })

  it('writes are answered as without the cache', async () => {
    const app = await twins(make)
    for (const target of ['/whole', '/pieces', '/piped']) {
      const { plain, cached } = await app.ask(target, { method: 'POST' })
      expect(essence(cached)).toEqual(essence(plain))
    }
  })
})
