import { describe, expect, it } from 'vitest'
import { expectLinear } from '../support/linear.js'
import { frameworks, gate } from './support/apps.js'

/** The safety cases of the HTTP cache: nobody gets what was made for somebody else. */
describe.each(frameworks)('%s: who sees what', (_, start) => {
  it('a response that sets a cookie is its own client’s alone', async () => {
    const app = await start((_req, res) => {
      res.setHeader('Set-Cookie', ['session=a', 'theme=b'])
      res.end('hello')
    })
    const first = await app.get('/')
    const second = await app.get('/')
    expect(first.lines('set-cookie')).toEqual(['session=a', 'theme=b'])
    expect(second.cacheStatus()).toBe('fwd=miss; detail="response sets a cookie"')
    expect(app.runs()).toBe(2)
  })

  it.each(['Set-Cookie', 'private', 'no-store'])(
    'concurrent clients of a %s response each get their own',
    async (how) => {
      const { opened, open } = gate()
      let visitors = 0
      const app = await start(async (_req, res) => {
        const visitor = ++visitors
        await opened
        if (how === 'Set-Cookie') res.setHeader(how, `visitor=${visitor}`)
        else res.setHeader('Cache-Control', how)
        res.end(`visitor ${visitor}`)
      })
      const all = Array.from({ length: 5 }, () => app.get('/'))
      open()
      const bodies = (await Promise.all(all)).map((reply) => reply.text())
      expect(new Set(bodies).size).toBe(5)
    },
  )

  it('who sees the pass mark does not queue', async () => {
    const { opened, open } = gate()
    let slow = false
    const app = await start(async (_req, res) => {
      res.setHeader('Cache-Control', 'private')
      if (slow) await opened
      res.end('mine')
    })
    await app.get('/')
    slow = true
    const held = Array.from({ length: 3 }, () => app.get('/'))
    await expect.poll(app.runs).toBe(4)
    open()
    await Promise.all(held)
  })

  it('an answer to Authorization is not an anonymous client’s, nor the other way round', async () => {
    const app = await start((req, res) => res.end(`for ${req.headers.authorization ?? 'nobody'}`))
    expect((await app.get('/', { Authorization: 'Basic a' })).text()).toBe('for Basic a')
    expect((await app.get('/')).text()).toBe('for nobody')
    const third = await app.get('/', { Authorization: 'Basic b' })
    expect(third.text()).toBe('for Basic b')
    expect(third.cacheStatus()).toContain('fwd=bypass')
    expect((await app.get('/')).cacheStatus()).toContain('hit')
  })

  it('a response that says public may answer Authorization and Cookie', async () => {
    const app = await start((_req, res) => {
      res.setHeader('Cache-Control', 'public, max-age=60')
      res.end('for all')
    })
    await app.get('/')
    expect((await app.get('/', { Authorization: 'Basic a' })).cacheStatus()).toContain('hit')
    expect((await app.get('/', { Cookie: 'a=b' })).cacheStatus()).toContain('hit')
    expect(app.runs()).toBe(1)
  })

  it('a route that names its header keeps credentials apart', async () => {
    const app = await start((req, res) => res.end(req.headers.authorization), {
      options: { headers: ['authorization'] },
    })
    for (const user of ['Basic a', 'Basic b', 'Basic a']) {
      expect((await app.get('/', { Authorization: user })).text()).toBe(user)
    }
    expect(app.runs()).toBe(2)
  })

  it('what a handler echoes of a cookie reaches no other client', async () => {
    const app = await start((req, res) => res.end(req.headers.cookie ?? 'none'))
    expect((await app.get('/', { Cookie: 'id=1' })).text()).toBe('id=1')
    expect((await app.get('/')).text()).toBe('none')
    expect((await app.get('/', { Cookie: 'id=2' })).text()).toBe('id=2')
  })

  it('of cookies the handler sees those that the route names', async () => {
    const app = await start((req, res) => res.end(req.headers.cookie ?? 'none'), { options: { cookies: ['lang'] } })
    expect((await app.get('/', { Cookie: 'id=1; lang=de' })).text()).toBe('lang=de')
    const other = await app.get('/', { Cookie: 'lang=de; id=2' })
    expect(other.text()).toBe('lang=de')
    expect(other.cacheStatus()).toContain('hit')
    expect((await app.get('/', { Cookie: 'lang=en' })).text()).toBe('lang=en')
    expect((await app.get('/', { Cookie: 'id=3' })).text()).toBe('none')
  })

  it.each([
    'private',
    'PRIVATE',
    'private=',
    'private=""',
    'private, private="x"',
    'no-store',
    'No-Store',
    'no-cache',
    'no-cache="set-cookie"',
    'max-age=60, private',
  ])('Cache-Control: %s is not reused and not rewritten', async (value) => {
    let count = 0
    const app = await start((_req, res) => {
      res.setHeader('Cache-Control', value)
      res.end(String(++count))
    })
    const first = await app.get('/')
    expect(first.lines('cache-control')).toEqual([value])
    expect((await app.get('/')).text()).toBe('2')
  })

  it('repeated lines of Cache-Control count as one list', async () => {
    const app = await start((_req, res) => {
      res.setHeader('Cache-Control', ['max-age=60', 'no-store'])
      res.end()
    })
    expect((await app.get('/')).lines('cache-control').join(', ')).toBe('max-age=60, no-store')
    await app.get('/')
    expect(app.runs()).toBe(2)
  })

  it('unkeyed X-Forwarded-Host does not reach the handler', async () => {
    const app = await start((req, res) => res.end(`${req.headers.host} ${req.headers['x-forwarded-host']}`))
    const poison = { Host: 'good.example', 'X-Forwarded-Host': 'evil.example', 'X-Original-URL': '/admin' }
    expect((await app.get('/', poison)).text()).toBe('good.example undefined')
    expect((await app.get('/', { Host: 'good.example' })).text()).toBe('good.example undefined')
    expect(app.runs()).toBe(1)
  })

  it('each host has entries of its own', async () => {
    const app = await start((req, res) => res.end(req.headers.host))
    await app.get('/', { Host: 'evil.example' })
    expect((await app.get('/', { Host: 'good.example' })).text()).toBe('good.example')
    expect((await app.get('/', { Host: 'GOOD.example' })).cacheStatus()).toContain('hit')
  })

  it('query parameters that are not in the key are not seen', async () => {
    const app = await start((req, res) => res.end(req.url), { options: { query: ['id'] } })
    expect((await app.get('/p?utm=1&id=7')).text()).toBe('/p?id=7')
    const second = await app.get('/p?id=7&evil=1')
    expect(second.text()).toBe('/p?id=7')
    expect(second.cacheStatus()).toContain('hit')
    expect((await app.get('/p?id=7&id=8')).text()).toBe('/p?id=7&id=8')
  })

  it.each([
    [['/p', '/p/', '/%70', '//p', '/p;x.css', '/p/x.css', '/p%00']],
    [['/q?a=1%26b=2', '/q?a=1&b=2', '/q?b=2&a=1', '/q?a=1;b=2', '/q?', '/q']],
    [['/r?id=1&id=2', '/r?id=2&id=1']],
    [['/%1E', '/%0D%0A', '/%20', '/+']],
  ])('%j are as many resources', async (targets) => {
    const app = await start((req, res) => res.end(req.url))
    for (const target of targets) expect((await app.get(target)).text()).toBe(target)
    for (const target of targets) {
      const again = await app.get(target)
      expect(again.text()).toBe(target)
      expect(again.cacheStatus()).toContain('hit')
    }
  })

  it('a target that is too long passes uncached, and shares no key', async () => {
    const app = await start((req, res) => res.end(`${req.url?.length}`))
    const long = `/${'x'.repeat(9_000)}`
    expect((await app.get(long)).text()).toBe('9001')
    expect((await app.get(`${long}y`)).text()).toBe('9002')
    expect((await app.get(long)).cacheStatus()).toContain('fwd=bypass')
  })

  it('a GET with content has an answer of its own', async () => {
    const app = await start(async (req, res) => {
      let body = ''
      for await (const piece of req) body += piece
      res.end(`content: ${body}`)
    })
    const asking = { method: 'GET', headers: { 'Content-Length': '4', 'Content-Type': 'text/plain' }, body: 'mine' }
    expect((await app.ask('/', asking)).cacheStatus()).toContain('fwd=bypass')
    expect((await app.get('/')).text()).toBe('content: ')
    expect(app.runs()).toBe(2)
  })

  it('a client’s Cache-Control does not force a run', async () => {
    const app = await start((_req, res) => res.end('x'))
    await app.get('/')
    for (const value of ['no-cache', 'no-store', 'max-age=0']) {
      expect((await app.get('/', { 'Cache-Control': value, Pragma: 'no-cache' })).cacheStatus()).toContain('hit')
    }
    expect(app.runs()).toBe(1)
  })

  it('a long Accept-Encoding or Cache-Control costs no time', async () => {
    const app = await start((_req, res) => {
      res.setHeader('Vary', 'Accept-Encoding')
      res.end('x')
    })
    const asking = (count: number) => (): Promise<unknown> => {
      const long = ', ,\t"'.repeat(count)
      return app.get('/', { 'Accept-Encoding': long, 'Cache-Control': long.slice(0, 2_000) })
    }
    await expectLinear(asking, { small: 300, large: 2_400 })
  })
})
