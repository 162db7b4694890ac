import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { frameworks, type Handler, newCache } from './support/apps.js'

describe.each(frameworks)('%s: a 304 that does not say what it is about', (_framework, start) => {
  it.each<[string, string | undefined, Record<string, string>]>([
    ['names what nobody asked about', '"other"', {}],
    ['does not say whose it means', undefined, { 'If-None-Match': '"theirs"' }],
  ])('has the handler asked again, for all of the response, where it %s', async (_, tag, headers) => {
    const seen: unknown[] = []
    let version = 1
    const clock = new FakeClock()
    const handler: Handler = (req, res) => {
      const asked = req.headers['if-none-match']
      seen.push(asked)
      res.setHeader('Cache-Control', 'max-age=10, must-revalidate')
      if (asked !== undefined && tag !== undefined) res.setHeader('ETag', tag)
      if (asked !== undefined) return res.writeHead(304).end()
      return res.setHeader('ETag', `"v${version}"`).end(`version ${version}`)
    }
    const app = await start(handler, { cache: newCache({ clock }), options: { profile: 'rfc9111', ttl: undefined } })
    await app.get('/')
    version = 2
    await clock.advance(11_000)
    const answer = await app.get('/', headers)
    expect([answer.status, answer.text(), answer.header('etag')]).toEqual([200, 'version 2', '"v2"'])
    expect(seen).toEqual([undefined, ['"v1"', ...Object.values(headers)].join(', '), undefined])
    const next = await app.get('/')
    expect([next.text(), next.cacheStatus()]).toEqual(['version 2', expect.stringContaining('hit')])
  })
})
