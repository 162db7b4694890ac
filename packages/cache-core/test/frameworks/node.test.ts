import { execFile } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { httpCache, type NodeMiddleware } from '../../src/frameworks/node.js'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import { later, newCache } from './support/apps.js'
import { ask } from './support/client.js'

type Mounted = IncomingMessage & { originalUrl?: string }

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  later(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

function serve(handler: (req: Mounted, res: ServerResponse) => void): Promise<number> {
  return listen(createServer(handler))
}

describe('httpCache of node:http', () => {
  it('takes an engine in place of a cache, and then no options', async () => {
    const cache = newCache()
    const engine = createHttpCache(cache, { ttl: '1m' })
    expect(() => httpCache(engine, { ttl: '2m' })).toThrow(/options/)
    expect(() => httpCache(cache, { ttl: -1 })).toThrow(/ttl/)
    expect(() => httpCache({} as never)).toThrow(/cache/)
  })

  it('keeps mounts apart that cut their path off the url, and narrows both forms of it', async () => {
    const cached = httpCache(newCache(), { ttl: '1m', query: ['id'] })
    const mount = (path: string, next: NodeMiddleware) => (req: Mounted, res: ServerResponse) => {
      req.originalUrl = req.url as string
      req.url = (req.url as string).slice(path.length)
      next(req, res, () => res.end(`${req.url} of ${req.originalUrl}`))
    }
    const [a, b] = [mount('/a', cached), mount('/b', cached)]
    const port = await serve((req, res) => (req.url?.startsWith('/a') ? a(req, res) : b(req, res)))
    expect((await ask(port, '/a/item?x=1&id=2')).text()).toBe('/item?id=2 of /a/item?id=2')
    expect((await ask(port, '/b/item?id=2')).text()).toBe('/item?id=2 of /b/item?id=2')
    expect((await ask(port, '/a/item?id=2')).cacheStatus()).toContain('hit')
  })

  it('shows narrowed fields in every form that node has', async () => {
    const cached = httpCache(newCache(), { ttl: '1m', cookies: ['a'] })
    const port = await serve((req, res) =>
      cached(req, res, () => {
        const { headers, headersDistinct, rawHeaders } = req
        res.end(JSON.stringify({ headers, headersDistinct, rawHeaders }))
      }),
    )
    const socket = connect(port, '127.0.0.1')
    const lines = ['Host: h', 'X-Two: 1', 'x-two: 2', 'Cookie: a=1; b=2', 'Via: evil', 'Connection: close']
    socket.write(`GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    let received = ''
    for await (const piece of socket) received += piece
    expect(JSON.parse(received.slice(received.indexOf('\r\n\r\n')).replace(/^[^{]*|[^}]*$/g, ''))).toEqual({
      headers: { host: 'h', 'x-two': '1, 2', cookie: 'a=1' },
      headersDistinct: { host: ['h'], 'x-two': ['1', '2'], cookie: ['a=1'] },
      rawHeaders: ['Host', 'h', 'X-Two', '1', 'x-two', '2', 'Cookie', 'a=1'],
    })
  })

  it('leaves an upgrade to its own listener', async () => {
    const cached = httpCache(newCache(), { ttl: '1m' })
    const server = createServer((req, res) => cached(req, res, () => res.end('x')))
    server.on('upgrade', (_req, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nframes'))
    const socket = connect(await listen(server), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    let received = ''
    for await (const piece of socket) received += piece
    expect(received).toContain('frames')
  })

  it.each([
    ['throws', 'uncaughtException'],
    ['rejects', 'unhandledRejection'],
  ])('an error of a handler that %s is the process’s, once, as without a cache', async (how, event) => {
    const program = `
      import { createServer, get } from 'node:http'
      import { createCache, memoryStore } from '@tiercel/cache-core'
      import { httpCache } from '@tiercel/cache-core/node'
      const cached = httpCache(createCache({ store: memoryStore() }), { ttl: '1m' })
      let runs = 0
      const handler = ${how === 'throws' ? '' : 'async'} () => { runs++; throw new Error('boom') }
      const server = createServer((req, res) => cached(req, res, () => handler(req, res)))
      process.on('${event}', (error) => {
        setTimeout(() => { console.log(error.message, runs); process.exit() }, 50)
      })
      server.listen(0, '127.0.0.1', () => get({ port: server.address().port }).on('error', () => {}))
    `
    const flags = ['--import', 'tsx', '--conditions=@tiercel/source', '--input-type=module', '-e', program]
    const { stdout } = await promisify(execFile)(process.execPath, flags)
    expect(stdout.trim()).toBe('boom 1')
  })
})
