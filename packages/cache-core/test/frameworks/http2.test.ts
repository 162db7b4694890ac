import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ClientHttp2Session, connect, createServer, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Cache } from '../../src/data/cache.js'
import { NodeExchange } from '../../src/frameworks/node-http/node-exchange.js'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import { gate, later, newCache } from './support/apps.js'
import { slowDeletes } from './support/slow-deletes.js'

type Handler = (req: IncomingMessage, res: ServerResponse) => unknown

interface Answer {
  readonly headers: IncomingHttpHeaders & { readonly ':status'?: number | undefined }
  readonly body: string
}

interface Client {
  readonly session: ClientHttp2Session
  ask(path: string, headers?: Record<string, string>): Promise<Answer>
}

/** Node's own server of HTTP/2 with the cache in front, or without it. */
async function start(handler: Handler, cache: Cache | undefined, outside: Handler = () => {}): Promise<Client> {
  const engine = cache && createHttpCache(cache, { ttl: '1m' })
  const server = createServer((request, response) => {
    const [req, res] = [request as unknown as IncomingMessage, response as unknown as ServerResponse]
    outside(req, res)
    if (engine === undefined) return handler(req, res)
    return engine.handle(new NodeExchange(req, res, { proceed: () => handler(req, res) }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  later(() => {
    session.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return { session, ask: (path, headers = {}) => receive(session.request({ ':path': path, ...headers })) }
}

async function receive(stream: ReturnType<ClientHttp2Session['request']>): Promise<Answer> {
  let headers: Answer['headers'] = {}
  stream.on('response', (given) => {
    headers = given
  })
  let body = ''
  for await (const piece of stream) body += piece
  return { headers, body }
}

const ATTEMPT = (log: string[], call: () => unknown): void => {
  try {
    call()
    log.push('fine')
  } catch (error) {
    log.push((error as { code: string }).code)
  }
}

const HANDLERS: Record<string, (res: ServerResponse, log: string[]) => unknown> = {
  'end alone': (res) => res.end(),
  'a body': (res) => {
    res.setHeader('Set-Cookie', ['a=1', 'b=2'])
    res.end('body')
  },
  'writeHead and a body': (res) => res.writeHead(201, { 'X-A': '1', Location: '/x' }).end('body'),
  'a 204': (res, log) => {
    res.writeHead(204)
    log.push(String(res.headersSent))
    ATTEMPT(log, () => res.setHeader('X', '1'))
    res.end()
  },
  'a stream': async (res) => {
    res.write('one ')
    await turn()
    res.write('two')
    res.end()
  },
  'two answers': (res, log) => {
    res.end('one')
    ATTEMPT(log, () => res.setHeader('X', '1'))
    ATTEMPT(log, () => res.writeHead(200))
    ATTEMPT(log, () => res.end('two'))
  },
  'a refusal': (res) => res.writeHead(404).end('no'),
}

describe('over HTTP/2', () => {
  it.each(Object.entries(HANDLERS))('a write and a read that are answered by %s', async (_name, handler) => {
    const logs = { plain: [] as string[], cached: [] as string[] }
    const plain = await start((_req, res) => handler(res, logs.plain), undefined)
    const cached = await start((_req, res) => handler(res, logs.cached), newCache())
    for (const method of ['POST', 'GET']) {
      const [expected, given] = await Promise.all([plain, cached].map((app) => app.ask('/', { ':method': method })))
      const { date: _, 'cache-status': status, ...own } = (given as Answer).headers
      const { date: __, ...plainly } = (expected as Answer).headers
      expect([own, given?.body]).toEqual([plainly, expected?.body])
      expect(status).toContain('tiercel')
      expect(logs.cached).toEqual(logs.plain)
    }
  })

  it('hits with fields of layers outside, parts, 304 and HEAD', async () => {
    const app = await start(
      (_req, res) => {
        res.setHeader('ETag', '"a"')
        res.removeHeader('X-Frame-Options')
        res.writeHead(200, { 'content-type': 'text/plain', 'content-length': '10' }).end('0123456789')
      },
      newCache(),
      (_req, res) => {
        res.setHeader('X-Frame-Options', 'DENY')
        res.setHeader('X-Outer', '1')
      },
    )
    await app.ask('/')
    const cases: [Record<string, string>, number, string][] = [
      [{}, 200, '0123456789'],
      [{ range: 'bytes=2-3' }, 206, '23'],
      [{ 'if-none-match': '"a"' }, 304, ''],
      [{ ':method': 'HEAD' }, 200, ''],
    ]
    for (const [headers, status, body] of cases) {
      const answer = await app.ask('/', headers)
      expect([answer.headers[':status'], answer.body]).toEqual([status, body])
      expect(answer.headers['cache-status']).toContain('hit')
      expect([answer.headers['x-outer'], answer.headers['x-frame-options']]).toEqual(['1', undefined])
    }
  })

  it.each([
    ['a body', (res: ServerResponse) => res.end('done')],
    ['nothing', (res: ServerResponse) => res.end()],
    ['a 204', (res: ServerResponse) => res.writeHead(204).end()],
  ])('who has read the answer to a write, %s, finds nothing older', async (_name, write) => {
    const slow = slowDeletes()
    const app = await start((_req, res) => write(res), newCache({ store: slow.store, storeTimeout: { write: '5s' } }))
    let ended = false
    const writing = app.ask('/', { ':method': 'PUT' }).then(() => {
      ended = true
    })
    await expect.poll(slow.deletes).toBe(1)
    for (let i = 0; i < 10; i++) await turn()
    expect(ended).toBe(false)
    slow.let()
    await writing
  })

  it('keeps hosts apart, and a client that leaves costs the others nothing', async () => {
    const { opened, open: letThem } = gate()
    let runs = 0
    const app = await start(async (req, res) => {
      runs++
      if (req.url === '/slow') await opened
      res.end(`${req.headers[':authority']} ${runs}`)
    }, newCache())
    expect((await app.ask('/', { ':authority': 'a.example' })).body).toBe('a.example 1')
    expect((await app.ask('/', { ':authority': 'b.example' })).body).toBe('b.example 2')
    expect((await app.ask('/', { ':authority': 'a.example' })).body).toBe('a.example 1')
    const leaver = app.session.request({ ':path': '/slow' })
    leaver.on('error', () => {})
    await expect.poll(() => runs).toBe(3)
    const waiting = app.ask('/slow')
    leaver.close(8)
    await new Promise((resolve) => leaver.once('close', resolve))
    letThem()
    expect((await waiting).body).toMatch(/ 3$/)
  })
})
