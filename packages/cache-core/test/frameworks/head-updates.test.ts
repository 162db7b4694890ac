import { describe, expect, it } from 'vitest'
import type { HttpCacheOptions } from '../../src/http/rules/options.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { frameworks, type Handler, newCache, type Start } from './support/apps.js'

const FULL: HttpCacheOptions = { profile: 'rfc9111', ttl: undefined }

async function behind(start: Start, handler: Handler, options: HttpCacheOptions = FULL) {
  const clock = new FakeClock()
  const app = await start(handler, { cache: newCache({ clock }), options })
  return { app, clock }
}

/** RFC 9111 section 4.3.5. */
describe.each(frameworks)('%s: a HEAD that reaches the handler', (_, start) => {
  it('freshens the stored GET that it is about, and is answered with what that is then', async () => {
    const seen: unknown[] = []
    const { app, clock } = await behind(start, (req, res) => {
      seen.push(req.method)
      res.setHeader('Cache-Control', 'max-age=10').setHeader('X-Run', String(seen.length))
      if (req.method === 'GET') res.setHeader('X-Kept', 'kept').end('body')
      else res.setHeader('Content-Length', '4').end()
    })
    await app.get('/')
    await clock.advance(11_000)
    const head = await app.ask('/', { method: 'HEAD' })
    expect([head.status, head.text(), head.header('content-length'), head.complete]).toEqual([200, '', '4', true])
    expect([head.header('x-kept'), head.header('x-run')]).toEqual(['kept', '2'])
    const hit = await app.get('/')
    expect([hit.text(), hit.header('x-run'), hit.cacheStatus()]).toEqual(['body', '2', 'hit; ttl=10'])
    expect(seen).toEqual(['GET', 'HEAD'])
  })

  it.each([
    ['another ETag', { ETag: '"2"' }],
    ['another Last-Modified', { 'Last-Modified': 'Wed, 02 Jan 2020 00:00:00 GMT' }],
    ['another length', { 'Content-Length': '5' }],
  ])('makes a stored GET stale by %s, also a fresh one', async (_, fields) => {
    const seen: unknown[] = []
    const { app } = await behind(start, (req, res) => {
      seen.push([req.method, req.headers['if-none-match']])
      res.setHeader('Cache-Control', 'max-age=100').setHeader('ETag', '"1"')
      res.setHeader('Last-Modified', 'Wed, 01 Jan 2020 00:00:00 GMT')
      if (req.method === 'GET') return res.end('body')
      res.setHeader('Content-Length', '4')
      for (const [name, value] of Object.entries(fields)) res.setHeader(name, value as string)
      return res.end()
    })
    await app.get('/')
    const head = await app.ask('/', { method: 'HEAD', headers: { 'Cache-Control': 'no-cache' } })
    expect(Object.keys(fields).map((name) => head.header(name.toLowerCase()))).toEqual(Object.values(fields))
    expect((await app.get('/')).cacheStatus()).toContain('fwd=stale')
    expect(seen).toEqual([
      ['GET', undefined],
      ['HEAD', '"1"'],
      ['GET', '"1"'],
    ])
  })

  it('changes nothing by another status, and nothing where it is not asked to', async () => {
    const handler: Handler = (req, res) => {
      res.setHeader('Cache-Control', 'max-age=100').setHeader('X-Method', req.method as string)
      res.writeHead(req.method === 'HEAD' && req.url === '/gone' ? 410 : 200).end(req.method === 'HEAD' ? '' : 'body')
    }
    const forced = { method: 'HEAD', headers: { 'Cache-Control': 'no-cache' } }
    const { app } = await behind(start, handler)
    await app.get('/gone')
    expect((await app.ask('/gone', forced)).status).toBe(410)
    expect((await app.get('/gone')).cacheStatus()).toContain('hit')
    const other = await behind(start, handler, { ...FULL, updateByHead: false })
    await other.app.get('/')
    expect((await other.app.ask('/', forced)).header('x-method')).toBe('HEAD')
    const hit = await other.app.get('/')
    expect([hit.cacheStatus().slice(0, 3), hit.header('x-method')]).toEqual(['hit', 'GET'])
  })
})
