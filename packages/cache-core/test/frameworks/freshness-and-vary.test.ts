import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { frameworks, newCache } from './support/apps.js'

/** How long a response is used again, and for which requests. */
describe.each(frameworks)('%s: freshness and Vary', (_, start) => {
  it('Age, Date and Cache-Status tell how old a hit is', async () => {
    const clock = new FakeClock()
    const app = await start((_req, res) => res.end('x'), { cache: newCache({ clock }) })
    expect((await app.get('/')).header('age')).toBeUndefined()
    await clock.advance(7_500)
    const hit = await app.get('/')
    expect(hit.lines('age')).toEqual(['7'])
    expect(hit.cacheStatus()).toBe('hit; ttl=52')
    expect(Date.parse(hit.header('date') as string)).toBe(1_700_000_000_000)
    await clock.advance(52_500)
    expect((await app.get('/')).cacheStatus()).toBe('fwd=uri-miss; stored')
  })

  it('a hit does not renew the lifetime', async () => {
    const clock = new FakeClock()
    const app = await start((_req, res) => res.end('x'), { cache: newCache({ clock }), options: { ttl: '10s' } })
    for (let second = 0; second < 21; second++) {
      await app.get('/')
      await clock.advance(1_000)
    }
    expect(app.runs()).toBe(3)
  })

  it('the response’s own lifetime beats the route’s; without either nothing is stored', async () => {
    const clock = new FakeClock()
    const cache = newCache({ clock })
    const app = await start(
      (req, res) => {
        if (req.url === '/own') res.setHeader('Cache-Control', 's-maxage=5, max-age=1')
        res.end('x')
      },
      { cache, options: { ttl: 0 } },
    )
    await app.get('/own')
    await app.get('/none')
    await clock.advance(4_000)
    expect((await app.get('/own')).cacheStatus()).toBe('hit; ttl=1')
    expect((await app.get('/none')).cacheStatus()).toBe('fwd=miss; detail="ttl is 0"')
  })

  it('an endless lifetime is kept', async () => {
    const clock = new FakeClock()
    const app = await start((_req, res) => res.end('x'), { cache: newCache({ clock }), options: { ttl: Infinity } })
    await app.get('/')
    clock.setWall(clock.now() + 20 * 86_400_000)
    expect((await app.get('/')).cacheStatus()).toBe('hit')
  })

  it('variants are kept side by side, and a list of Vary may grow', async () => {
    const app = await start((req, res) => {
      const language = req.headers['accept-language']
      res.setHeader('Vary', language === 'en' ? 'Accept-Language, Accept-Encoding' : 'Accept-Language')
      res.end(language === 'en' ? `en ${req.headers['accept-encoding'] ?? '-'}` : (language ?? '-'))
    })
    const clients = [
      { 'Accept-Language': 'de' },
      {},
      { 'Accept-Language': 'en' },
      { 'Accept-Language': 'en', 'Accept-Encoding': 'br' },
      { 'Accept-Encoding': 'br' },
      { 'Accept-Language': 'en', 'Accept-Encoding': 'gzip' },
      { 'Accept-Language': 'de' },
    ]
    const wanted = ['de', '-', 'en -', 'en br', '-', 'en gzip', 'de']
    for (let pass = 0; pass < 3; pass++) {
      for (const [index, headers] of clients.entries()) {
        const reply = await app.get('/', headers)
        expect(reply.text()).toBe(wanted[index])
        if (pass === 2) expect(reply.cacheStatus()).toContain('hit')
      }
    }
  })

  it('Vary: * and Vary on a cookie that the route does not name are not shared', async () => {
    const app = await start((req, res) => {
      res.setHeader('Vary', req.url === '/star' ? 'Accept, *' : 'Cookie')
      res.end(req.headers.cookie ?? 'none')
    })
    await app.get('/star')
    expect((await app.get('/star')).cacheStatus()).toContain('fwd=miss')
    await app.get('/cookie')
    expect((await app.get('/cookie', { Cookie: 'a=1' })).text()).toBe('a=1')
    expect((await app.get('/cookie')).cacheStatus()).toContain('hit')
  })

  it('a gzip client and an identity client each get what they can read', async () => {
    const app = await start((req, res) => {
      const zipped = req.headers['accept-encoding']?.includes('gzip')
      if (zipped) res.setHeader('Content-Encoding', 'gzip')
      res.end(zipped ? gzipSync('hello') : 'hello')
    })
    for (let pass = 0; pass < 2; pass++) {
      const zipped = await app.get('/', { 'Accept-Encoding': 'gzip' })
      expect(zipped.lines('vary')).toEqual(['accept-encoding'])
      expect(gunzipSync(zipped.body).toString()).toBe('hello')
      expect((await app.get('/')).text()).toBe('hello')
    }
    expect(app.runs()).toBeLessThanOrEqual(3)
  })

  it('leave for one origin, which CORS by hand repeats from the request, is not given to another', async () => {
    const app = await start((req, res) => {
      res.setHeader('Access-Control-Allow-Origin', req.headers.origin ?? '*')
      res.end('page')
    })
    for (let pass = 0; pass < 2; pass++) {
      for (const origin of ['https://a.example', 'https://b.example']) {
        expect((await app.get('/', { Origin: origin })).header('access-control-allow-origin')).toBe(origin)
      }
      expect((await app.get('/')).header('access-control-allow-origin')).toBe('*')
    }
    expect((await app.get('/', { Origin: 'https://a.example' })).cacheStatus()).toContain('hit')
  })
})
