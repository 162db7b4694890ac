import { describe, expect, it } from 'vitest'
import type { HttpCacheOptions } from '../../src/http/rules/options.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { frameworks, gate, type Handler, newCache, onNode, type Start } from './support/apps.js'

const FULL: HttpCacheOptions = { profile: 'rfc9111', ttl: undefined }

/** An application behind a full shared cache, and its clock. */
async function behind(start: Start, handler: Handler, options: HttpCacheOptions = {}) {
  const clock = new FakeClock()
  const app = await start(handler, { cache: newCache({ clock }), options: { ...FULL, ...options } })
  return { app, clock }
}

/** What a client would write to the log: status, body, and what the cache did. */
type Told = readonly [status: number, text: string, cacheStatus: string]

/** Profile rfc9111: what a handler is asked, and what clients get. */
describe.each(frameworks)('%s: profile rfc9111', (framework, start) => {
  it('asks the handler whether what is stale still holds, and answers by the condition of the client', async () => {
    const seen: unknown[] = []
    const { app, clock } = await behind(start, (req, res) => {
      seen.push(req.headers['if-none-match'])
      res.setHeader('Cache-Control', 'max-age=10, must-revalidate')
      res.setHeader('ETag', '"v1"')
      res.setHeader('X-Run', String(seen.length))
      if (req.headers['if-none-match']?.includes('"v1"')) res.writeHead(304).end()
      else res.end('version 1')
    })
    const told = async (headers = {}): Promise<Told> => {
      const { status, text, cacheStatus } = await app.get('/', headers)
      return [status, text(), cacheStatus().split(';', 1)[0] as string]
    }
    expect(await told()).toEqual([200, 'version 1', 'fwd=uri-miss'])
    await clock.advance(11_000)
    expect(await told()).toEqual([200, 'version 1', 'fwd=stale'])
    expect((await app.get('/')).header('x-run')).toBe('2')
    await clock.advance(11_000)
    expect(await told({ 'If-None-Match': '"v1"' })).toEqual([304, '', 'fwd=stale'])
    expect(await told({ Range: 'bytes=0-6' })).toEqual([206, 'version', 'hit'])
    await clock.advance(11_000)
    expect(await told({ 'If-None-Match': '"other"' })).toEqual([200, 'version 1', 'fwd=stale'])
    expect(seen).toEqual([undefined, '"v1"', '"v1"', '"v1", "other"'])
  })

  it('replaces what does not hold any more, and keeps what a failure says nothing of', async () => {
    let version = 1
    const seen: unknown[] = []
    const { app, clock } = await behind(start, (req, res) => {
      seen.push(req.headers['if-none-match'])
      if (version === 0) return res.writeHead(503).end('down')
      const etag = `"v${version}"`
      res.setHeader('Cache-Control', 'max-age=10, must-revalidate').setHeader('ETag', etag)
      return req.headers['if-none-match'] === etag ? res.writeHead(304).end() : res.end(`version ${version}`)
    })
    await app.get('/')
    await clock.advance(11_000)
    version = 2
    expect((await app.get('/')).text()).toBe('version 2')
    await clock.advance(11_000)
    version = 0
    expect((await app.get('/')).text()).toBe('down')
    version = 2
    expect((await app.get('/')).text()).toBe('version 2')
    expect((await app.get('/')).cacheStatus()).toContain('hit')
    expect(seen).toEqual([undefined, '"v1"', '"v2"', '"v2"'])
    version = 0
    expect((await app.get('/', { 'Cache-Control': 'no-cache' })).text()).toBe('down')
    expect((await app.get('/')).cacheStatus()).toContain('hit')
  })

  it('a 304 brings new fields, a new Vary among them, and not those of one connection', async () => {
    const { app, clock } = await behind(start, (req, res) => {
      res.setHeader('Cache-Control', 'max-age=10').setHeader('ETag', '"v1"').setHeader('X-Kept', 'kept')
      if (req.headers['if-none-match'] === undefined) return res.end('body')
      res.removeHeader('X-Kept')
      res.setHeader('X-New', 'new').setHeader('Vary', 'X-Tenant').setHeader('Content-Language', 'de')
      return res.writeHead(304).end()
    })
    await app.get('/', { 'X-Tenant': 'a' })
    await clock.advance(11_000)
    const renewed = await app.get('/', { 'X-Tenant': 'a' })
    const fields = ['x-kept', 'x-new', 'vary', 'content-language'].map((name) => renewed.header(name))
    expect(fields).toEqual(['kept', 'new', 'X-Tenant', 'de'])
    expect((await app.get('/', { 'X-Tenant': 'a' })).cacheStatus()).toContain('hit')
    expect((await app.get('/', { 'X-Tenant': 'b' })).cacheStatus()).not.toContain('hit')
  })

  it('does for a client what its Cache-Control asks, max-stale up to its limit', async () => {
    const { app, clock } = await behind(start, (req, res) => {
      res.setHeader('Cache-Control', req.url === '/strict' ? 'max-age=10, must-revalidate' : 'max-age=10')
      res.end('x')
    })
    const isHit = async (wish: string, target = '/') =>
      (await app.get(target, { 'Cache-Control': wish })).cacheStatus().startsWith('hit')
    const missing = await app.get('/', { 'Cache-Control': 'only-if-cached' })
    expect([missing.status, missing.text(), app.runs()]).toEqual([504, '', 0])
    await app.get('/')
    await clock.advance(4_000)
    expect(await isHit('max-age=4')).toBe(true)
    expect(await isHit('max-age=3, max-stale=100')).toBe(false)
    await clock.advance(4_000)
    expect(await isHit('min-fresh=6')).toBe(true)
    expect(await isHit('min-fresh=7')).toBe(false)
    await app.get('/strict')
    await clock.advance(14_000)
    expect(await isHit('only-if-cached, max-stale=4')).toBe(true)
    expect(await isHit('only-if-cached, max-stale=3')).toBe(false)
    expect(await isHit('only-if-cached, max-stale')).toBe(true)
    expect(await isHit('only-if-cached, max-stale', '/strict')).toBe(false)
    expect(await isHit('no-store')).toBe(false)
    expect(await isHit('no-cache')).toBe(false)
    expect((await app.get('/', { Pragma: 'no-cache' })).cacheStatus()).not.toContain('hit')
    expect((await app.get('/', { Pragma: 'no-cache', 'Cache-Control': 'x' })).cacheStatus()).toContain('hit')
  })

  it('stores a part and answers with what is in it, whatever part was asked for first', async () => {
    const whole = '0123456789'
    const { app } = await behind(start, (req, res) => {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '') ?? []
      res.setHeader('Cache-Control', 'max-age=60').setHeader('ETag', '"v1"')
      if (from === undefined) return res.end(whole)
      const part = whole.slice(Number(from), Number(to) + 1)
      return res.writeHead(206, { 'Content-Range': `bytes ${from}-${to}/10`, 'Content-Length': part.length }).end(part)
    })
    const told = async (range: string, more = {}) => {
      const reply = await app.get('/', { Range: range, ...more })
      return [reply.status, reply.text(), reply.header('content-range'), reply.cacheStatus().startsWith('hit')]
    }
    expect(await told('bytes=2-7')).toEqual([206, '234567', 'bytes 2-7/10', false])
    expect(await told('bytes=4-5')).toEqual([206, '45', 'bytes 4-5/10', true])
    expect(await told('bytes=4-5', { 'If-Range': '"v1"' })).toEqual([206, '45', 'bytes 4-5/10', true])
    expect((await told('bytes=4-5', { 'If-Range': '"v0"' }))[3]).toBe(false)
    expect(await told('bytes=7-8')).toEqual([206, '78', 'bytes 7-8/10', false])
    expect(await told('bytes=3-8')).toEqual([206, '345678', 'bytes 3-8/10', true])
    // Under the tag of what is stored the rest of an interrupted download is as good as any part.
    expect(await told('bytes=0-1', { 'If-Range': '"v1"' })).toEqual([206, '01', 'bytes 0-1/10', false])
    expect(await told('bytes=0-8')).toEqual([206, whole.slice(0, 9), 'bytes 0-8/10', true])
    expect(await told('bytes=9-9')).toEqual([206, '9', 'bytes 9-9/10', false])
    const got = await app.get('/')
    expect([got.status, got.text(), got.header('content-length'), got.header('content-range')]).toEqual([
      200,
      whole,
      '10',
      undefined,
    ])
    expect(got.cacheStatus().startsWith('hit')).toBe(true)
    expect(await told('bytes=0-0')).toEqual([206, '0', 'bytes 0-0/10', true])
    expect((await told('bytes=10-')).slice(0, 3)).toEqual([416, '', 'bytes */10'])
  })

  it('stores no error that only who asks for a part gets, and joins no parts of two versions', async () => {
    let version = 1
    const { app } = await behind(start, (req, res) => {
      res.setHeader('Cache-Control', 'max-age=60').setHeader('ETag', `"v${version}"`)
      const at = /^bytes=(\d)-$/.exec(req.headers.range ?? '')?.[1]
      if (req.headers.range === undefined) return res.end('whole')
      if (at === undefined) return res.writeHead(416, { 'Content-Range': 'bytes */9' }).end()
      return res.writeHead(206, { 'Content-Range': `bytes ${at}-${at}/9`, 'Content-Length': 1 }).end(String(version))
    })
    expect((await app.get('/416', { Range: 'bytes=99-' })).status).toBe(416)
    expect((await app.get('/416')).text()).toBe('whole')
    await app.get('/', { Range: 'bytes=0-' })
    version = 2
    await app.get('/', { Range: 'bytes=1-' })
    const [first, second] = [await app.get('/', { Range: 'bytes=1-1' }), await app.get('/', { Range: 'bytes=0-' })]
    expect([first.text(), first.cacheStatus().slice(0, 3)]).toEqual(['2', 'hit'])
    expect([second.text(), second.cacheStatus().slice(0, 3)]).toEqual(['2', 'fwd'])
  })

  it('answers a request for several ranges with several parts, out of the whole and out of stored parts', async () => {
    const whole = '0123456789'
    const { app } = await behind(start, (req, res) => {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '') ?? []
      res.setHeader('Cache-Control', 'max-age=60').setHeader('ETag', '"v1"').setHeader('Content-Type', 'text/x')
      if (from === undefined) return res.end(whole)
      const part = whole.slice(Number(from), Number(to) + 1)
      return res.writeHead(206, { 'Content-Range': `bytes ${from}-${to}/10`, 'Content-Length': part.length }).end(part)
    })
    const told = async (target: string, range: string): Promise<string[]> => {
      const reply = await app.get(target, { Range: range })
      expect([reply.status, reply.header('content-range'), reply.complete]).toEqual([206, undefined, true])
      expect([reply.header('content-length'), reply.header('etag')]).toEqual([String(reply.body.length), '"v1"'])
      expect(reply.cacheStatus()).toMatch(/^hit/)
      const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(reply.header('content-type') ?? '')?.[1]
      const pieces = reply.text().split(`--${boundary}`)
      expect([pieces[0], pieces.at(-1)]).toEqual(['', '--\r\n'])
      return pieces.slice(1, -1).map((piece) => piece.replaceAll('\r\n', '|'))
    }
    await app.get('/whole')
    expect(await told('/whole', 'bytes=8-,0-1,1-2')).toEqual([
      '|Content-Type: text/x|Content-Range: bytes 8-9/10||89|',
      '|Content-Type: text/x|Content-Range: bytes 0-2/10||012|',
    ])
    await app.get('/parts', { Range: 'bytes=0-2' })
    await app.get('/parts', { Range: 'bytes=6-9' })
    expect(await told('/parts', 'bytes=1-1,-2')).toEqual([
      '|Content-Type: text/x|Content-Range: bytes 1-1/10||1|',
      '|Content-Type: text/x|Content-Range: bytes 8-9/10||89|',
    ])
    const flood = Array.from({ length: 40 }, (_, i) => `${i}-${i}`).join()
    expect((await app.get('/whole', { Range: `bytes=${flood}` })).header('content-range')).toBe('bytes 0-9/10')
    const narrow = await behind(start, (_req, res) => res.setHeader('Cache-Control', 'max-age=60').end(whole), {
      maxRanges: 1,
    })
    await narrow.app.get('/')
    expect((await narrow.app.get('/', { Range: 'bytes=0-0,2-2' })).status).toBe(200)
  })

  it('keeps the answer to a POST that is what a GET would get, and no other', async () => {
    const { app } = await behind(start, (req, res) => {
      res.setHeader('Cache-Control', 'max-age=60')
      if (req.method === 'POST') res.setHeader('Content-Location', req.headers['x-location'] ?? req.url ?? '')
      res.end(req.method)
    })
    const write = async (headers = {}) => (await app.ask('/made', { method: 'POST', headers })).text()
    const read = async () => (await app.get('/made')).text()
    expect([await write(), await read()]).toEqual(['POST', 'POST'])
    expect([await write({ 'X-Location': '/other' }), await read()]).toEqual(['POST', 'GET'])
    expect([await write({ 'X-Location': 'http://elsewhere.example/made' }), await read()]).toEqual(['POST', 'GET'])
    expect([await write({ Authorization: 'secret' }), await read()]).toEqual(['POST', 'GET'])
  })

  it('gives what another client waits for to no client that wants something newer or something else', async () => {
    for (const [said, headers] of [
      ['max-age=60', { 'Cache-Control': 'no-cache' }],
      ['max-age=60', { 'Cache-Control': 'min-fresh=100' }],
      ['max-age=0', {}],
    ] as const) {
      const held = gate()
      let arrived = 0
      const outside = (): void => void arrived++
      const app = await start(
        async (_req, res) => {
          const run = app.runs()
          await held.opened
          res.setHeader('Cache-Control', said).setHeader('ETag', '"1"').end(String(run))
        },
        { options: FULL, outside },
      )
      const first = app.get('/')
      await expect.poll(app.runs).toBe(1)
      const second = app.get('/', headers)
      const third = app.get('/')
      await expect.poll(() => arrived).toBe(3)
      held.open()
      const texts = (await Promise.all([first, second, third])).map((reply) => reply.text())
      expect([said, texts[0], texts[1] === '1', texts[2] === '1']).toEqual([said, '1', false, said !== 'max-age=0'])
    }
  })

  it('believes the field that speaks to it before Cache-Control, and hands it on', async () => {
    const { app, clock } = await behind(start, (_req, res) => {
      res.setHeader('Cache-Control', 'no-store').setHeader('CDN-Cache-Control', 'max-age=60')
      res.end('x')
    })
    await app.get('/')
    await clock.advance(59_000)
    const hit = await app.get('/')
    expect(hit.cacheStatus()).toBe('hit; ttl=1')
    expect([hit.header('cache-control'), hit.header('cdn-cache-control')]).toEqual(['no-store', 'max-age=60'])
  })

  it('shares what a request with Authorization was answered only where the response says so', async () => {
    const { app } = await behind(start, (req, res) => {
      res.setHeader('Cache-Control', `max-age=60${req.url === '/public' ? ', public' : ''}`)
      res.end(`for ${req.headers.authorization ?? 'all'}`)
    })
    for (const [target, shared] of [
      ['/public', 'for A'],
      ['/own', 'for all'],
    ]) {
      await app.get(target as string, { Authorization: 'A' })
      expect((await app.get(target as string)).text()).toBe(shared)
    }
  })

  it('keeps out what Cache-Control names, and stores the rest, on however many lines it is said', async () => {
    const { app } = await behind(start, (_req, res) => {
      res.setHeader('Cache-Control', ['no-cache="X-One"', 'private="x-two, X-Three"', 'max-age=60'])
      res.setHeader('X-One', '1').setHeader('X-Two', '2').setHeader('X-Three', '3').setHeader('X-Four', '4')
      res.end('x')
    })
    await app.get('/')
    const hit = await app.get('/')
    expect(hit.cacheStatus()).toContain('hit')
    expect(['x-one', 'x-two', 'x-three', 'x-four'].map((name) => hit.header(name))).toEqual([
      undefined,
      undefined,
      undefined,
      '4',
    ])
  })

  it('runs the handler once for one client whose stale answer may not be stored any more', async () => {
    let says = 'max-age=10'
    const { app, clock } = await behind(start, (_req, res) => {
      res.setHeader('Cache-Control', says)
      res.end(says)
    })
    await app.get('/')
    await clock.advance(11_000)
    says = 'no-store'
    expect([(await app.get('/')).text(), app.runs()]).toEqual(['no-store', 2])
  })

  it.runIf(onNode(framework))('answers for a handler that breaks off, and for no other reason', async () => {
    const handler: Handler = (_req, res) => void res.socket?.destroy()
    const { app } = await behind(start, handler)
    const broken = await app.get('/')
    expect([broken.status, broken.text(), broken.header('connection')]).toEqual([504, '', 'close'])
    const plain = await behind(start, handler, { gatewayErrors: false })
    await expect(plain.app.get('/')).rejects.toThrow()
    const late = await behind(start, (_req, res) => {
      res.writeHead(200, { 'Content-Length': 10 }).write('half')
      setImmediate(() => res.socket?.destroy())
    })
    const cut = await late.app.get('/')
    expect([cut.status, cut.complete]).toEqual([200, false])
  })
})
