import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { frameworks, newCache, onNode } from './support/apps.js'
import { Agent } from './support/client.js'

/** What a hit says is what the handler said. */
describe.each(frameworks)('%s: messages', (framework, start) => {
  it.runIf(onNode(framework))('a hit has the status, the fields and the bytes of the miss', async () => {
    const body = randomBytes(200_000)
    const app = await start((_req, res) => {
      res.writeHead(200, 'Very Well', [
        ...['Content-Type', 'application/octet-stream', 'Link', '</a>; rel=preload', 'Link', '</b>; rel=preload'],
        ...['X-Empty', '', 'Content-Length', String(body.length)],
      ])
      res.write(body.subarray(0, 70_000))
      res.end(body.subarray(70_000))
    })
    for (const path of ['fwd=uri-miss; stored', 'hit; ttl=']) {
      const reply = await app.get('/')
      expect(reply.cacheStatus()).toContain(path)
      expect([reply.status, reply.statusText]).toEqual([200, 'Very Well'])
      expect(reply.lines('link')).toEqual(['</a>; rel=preload', '</b>; rel=preload'])
      expect(reply.lines('x-empty')).toEqual([''])
      expect(reply.rawHeaders).toContain('Content-Type')
      expect(reply.header('content-length')).toBe('200000')
      expect(reply.body.equals(body)).toBe(true)
      expect(reply.complete).toBe(true)
    }
    expect(app.runs()).toBe(1)
  })

  it('every byte comes back, in whatever form the handler wrote it', async () => {
    const app = await start(async (_req, res) => {
      const buffer = Buffer.from([0, 255, 13, 10, 128])
      await new Promise((resolve) => res.write(buffer, resolve))
      buffer.fill(7)
      res.write('é', 'latin1')
      res.write('00ff', 'hex')
      res.end(new Uint8Array([1, 2, 3]))
    })
    const expected = Buffer.from([0, 255, 13, 10, 128, 0xe9, 0, 255, 1, 2, 3])
    expect((await app.get('/')).body).toEqual(expected)
    const hit = await app.get('/')
    expect(hit.body).toEqual(expected)
    expect(hit.header('content-length')).toBe('11')
    expect(hit.header('transfer-encoding')).toBeUndefined()
  })

  it.each([
    ['nothing', undefined],
    ['an empty string', ''],
    ['false', 'false'],
  ])('a body of %s is a response like any other', async (_name, body) => {
    const app = await start((_req, res) => res.end(body))
    expect((await app.get('/')).text()).toBe(body ?? '')
    const hit = await app.get('/')
    expect([hit.status, hit.text(), hit.cacheStatus().slice(0, 3)]).toEqual([200, body ?? '', 'hit'])
  })

  it.each([
    [200, true],
    [203, true],
    [301, true],
    [308, true],
    [201, false],
    [204, false],
    [302, false],
    [400, false],
    [404, false],
    [405, false],
    [431, false],
    [500, false],
  ])('status %i is stored: %s', async (status, stored) => {
    const app = await start((_req, res) => {
      res.writeHead(status, { Location: '/elsewhere' })
      res.end()
    })
    await app.get('/')
    const again = await app.get('/')
    expect([again.status, again.header('location')]).toEqual([status, '/elsewhere'])
    expect(app.runs()).toBe(stored ? 1 : 2)
  })

  it('other statuses are stored where the route says so, a 204 without a length', async () => {
    const app = await start((_req, res) => res.writeHead(204).end(), { options: { statuses: [204] } })
    await app.get('/')
    const hit = await app.get('/')
    expect([hit.status, hit.header('content-length'), app.runs()]).toEqual([204, undefined, 1])
  })

  it('a GET’s entry answers HEAD, and a HEAD stores nothing', async () => {
    const app = await start(
      (req, res) => {
        res.setHeader('Content-Length', '4')
        res.end(req.method === 'HEAD' ? undefined : 'body')
      },
      { cache: newCache({ clock: new FakeClock() }) },
    )
    const cold = await app.ask('/', { method: 'HEAD' })
    expect([cold.header('content-length'), cold.body.length]).toEqual(['4', 0])
    expect((await app.get('/')).text()).toBe('body')
    const warm = await app.ask('/', { method: 'HEAD' })
    expect([warm.header('content-length'), warm.body.length, warm.cacheStatus()]).toEqual(['4', 0, 'hit; ttl=60'])
    expect((await app.get('/')).text()).toBe('body')
    expect(app.runs()).toBe(2)
  })

  it('a client that has it already gets 304, by the handler’s ETag or by the cache’s', async () => {
    const app = await start((req, res) => {
      if (req.url === '/own') res.setHeader('ETag', '"v1"')
      res.setHeader('Content-Type', 'text/plain')
      res.end('body')
    })
    for (const target of ['/own', '/generated']) {
      await app.get(target)
      const etag = (await app.get(target)).header('etag') as string
      const reply = await app.get(target, { 'If-None-Match': `"other", ${etag}` })
      expect([reply.status, reply.body.length, reply.header('etag')]).toEqual([304, 0, etag])
      expect(reply.cacheStatus()).toContain('hit')
      expect(reply.header('content-type')).toBeUndefined()
      expect((await app.get(target, { 'If-None-Match': '"other"' })).status).toBe(200)
    }
  })

  it('a cold If-None-Match or Range is the handler’s to answer, and does not make a partial entry', async () => {
    const app = await start((req, res) => {
      if (req.headers['if-none-match']) res.writeHead(304).end()
      else if (req.headers.range) res.writeHead(206, { 'Content-Range': 'bytes 0-1/4' }).end('bo')
      else res.end('body')
    })
    expect((await app.get('/a', { 'If-None-Match': '"x"' })).status).toBe(304)
    expect((await app.get('/b', { Range: 'bytes=0-1' })).status).toBe(206)
    for (const path of ['/a', '/b']) {
      for (const status of ['fwd', 'hit']) {
        const whole = await app.get(path)
        expect([whole.status, whole.text(), whole.cacheStatus().slice(0, 3)]).toEqual([200, 'body', status])
      }
    }
  })

  it('a response that is never stored may still be partial, or not modified', async () => {
    const app = await start((req, res) => {
      res.setHeader('Cache-Control', 'private')
      if (req.headers['if-none-match']) res.writeHead(304).end()
      else if (req.headers.range) res.writeHead(206, { 'Content-Range': 'bytes 0-1/4' }).end('bo')
      else res.end('body')
    })
    await app.get('/')
    expect((await app.get('/', { 'If-None-Match': '"x"' })).status).toBe(304)
    expect((await app.get('/', { Range: 'bytes=0-1' })).status).toBe(206)
  })

  it.runIf(onNode(framework))('fields of one connection, and of one exchange, are not stored', async () => {
    const app = await start((_req, res) => {
      res.setHeader('Connection', 'keep-alive, X-Secret-Hop')
      res.setHeader('X-Secret-Hop', '1')
      res.setHeader('Proxy-Authenticate', 'Basic')
      res.setHeader('Trailer', 'X-Sum')
      res.setHeader('Server-Timing', 'db;dur=53')
      res.write('x')
      res.addTrailers({ 'X-Sum': '1' })
      res.end()
    })
    const miss = await app.get('/')
    expect(miss.header('server-timing')).toBe('db;dur=53')
    const hit = await app.get('/')
    expect(hit.cacheStatus()).toContain('hit')
    for (const name of ['x-secret-hop', 'proxy-authenticate', 'trailer', 'server-timing', 'transfer-encoding']) {
      expect(hit.header(name)).toBeUndefined()
    }
  })

  it.runIf(onNode(framework))('what a layer outside sets is new on every response', async () => {
    let count = 0
    const app = await start(
      (_req, res) => {
        res.setHeader('X-Kept', 'by the handler')
        res.setHeader('Vary', `${res.getHeader('Vary')}, Accept`)
        res.end('x')
      },
      {
        outside: (_req, res) => {
          res.setHeader('X-Request-Id', String(++count))
          res.setHeader('X-Kept', 'by the layer')
          res.setHeader('Vary', 'Origin')
          res.setHeader('Link', ['</c>', '</d>'])
        },
      },
    )
    await app.get('/')
    const hit = await app.get('/')
    expect(hit.cacheStatus()).toContain('hit')
    expect(hit.lines('x-request-id')).toEqual(['2'])
    expect(hit.lines('x-kept')).toEqual(['by the handler'])
    expect(hit.lines('vary')).toEqual(['Origin, Accept'])
    expect(hit.lines('link')).toEqual(['</c>', '</d>'])
  })

  it.runIf(onNode(framework))('the Vary of a layer outside is added to what the route depends on', async () => {
    const app = await start((_req, res) => res.end('x'), {
      outside: (_req, res) => res.setHeader('Vary', 'Origin'),
      options: { headers: ['accept'] },
    })
    for (const status of ['fwd', 'hit']) {
      const reply = await app.get('/')
      expect([reply.cacheStatus().slice(0, 3), reply.lines('vary').join(', ')]).toEqual([status, 'Origin, accept'])
    }
  })

  it('what clients see of Cache-Control may be the route’s', async () => {
    const app = await start((_req, res) => res.setHeader('Cache-Control', 'max-age=600').end('x'), {
      options: { clientCacheControl: 'no-cache' },
    })
    for (let pass = 0; pass < 2; pass++) expect((await app.get('/')).lines('cache-control')).toEqual(['no-cache'])
    expect(app.runs()).toBe(1)
  })

  it('1xx are sent, and not again', async () => {
    const app = await start((_req, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
      res.end('x')
    })
    expect((await app.get('/')).text()).toBe('x')
    expect((await app.get('/')).cacheStatus()).toContain('hit')
  })

  it('a connection is used again after a hit, a 304, a HEAD and a miss', async () => {
    const app = await start((_req, res) => res.end('body'))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    let port: number | undefined
    agent.on('free', (socket) => {
      port ??= socket.localPort
      expect(socket.localPort).toBe(port)
    })
    for (const method of ['GET', 'GET', 'HEAD', 'GET']) {
      const reply = await app.ask('/', { method, agent, headers: { 'If-None-Match': method === 'HEAD' ? '*' : '""' } })
      expect(reply.complete).toBe(true)
    }
    expect(port).toBeDefined()
    agent.destroy()
  })
})
