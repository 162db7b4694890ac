import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2, createServer, type Http2Server } from 'node:http2'
import connect from 'connect'
import { fastify } from 'fastify'
import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import { httpCache as connectHttpCache } from '../../src/frameworks/connect.js'
import { httpCache as fastifyHttpCache } from '../../src/frameworks/fastify.js'
import { httpCache as koaHttpCache } from '../../src/frameworks/koa.js'
import { httpCache as nodeHttpCache } from '../../src/frameworks/node.js'
import type { Cache } from '../../src/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { later, newCache } from './support/apps.js'
import { portOf } from './support/running-app.js'

type Answer = (method: string, url: string) => string

async function listen(listener: (req: never, res: never) => unknown): Promise<number> {
  const server: Http2Server = createServer(listener as never)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  later(() => new Promise((resolve) => server.close(resolve)))
  return portOf(server)
}

const FRAMEWORKS: readonly (readonly [string, (cache: Cache, answer: Answer) => Promise<number>])[] = [
  [
    'node:http2',
    (cache, answer) => {
      const cached = nodeHttpCache(cache, { ttl: '1m' })
      return listen((req: IncomingMessage, res: ServerResponse) =>
        cached(req, res, () => res.end(answer(req.method ?? '', req.url ?? ''))),
      )
    },
  ],
  [
    'connect',
    (cache, answer) => {
      const app = connect()
      app.use(connectHttpCache(cache, { ttl: '1m' }))
      app.use((req, res) => res.end(answer(req.method ?? '', req.url ?? '')))
      return listen(app as never)
    },
  ],
  [
    'Fastify',
    async (cache, answer) => {
      const app = fastify({ http2: true })
      await app.register(fastifyHttpCache as never, { cache, ttl: '1m' })
      app.all('/*', async ({ method, url }) => answer(method, url))
      await app.listen({ port: 0 })
      later(() => app.close())
      return portOf(app.server)
    },
  ],
  [
    'Koa',
    (cache, answer) => {
      const app = new Koa()
      app.use(koaHttpCache(cache, { ttl: '1m' }))
      app.use((ctx) => {
        ctx.body = answer(ctx.method, ctx.url)
      })
      return listen(app.callback() as never)
    },
  ],
]

describe.each(FRAMEWORKS)('%s over HTTP/2', (_, start) => {
  it('a hit, a write, another host and HEAD', async () => {
    let version = 1
    const port = await start(newCache({ clock: new FakeClock() }), (method, url) => {
      if (method === 'PUT') version++
      return `${url} ${version}`
    })
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    later(() => session.destroy())
    expect(await ask(session, '/p')).toEqual([200, 'fwd=uri-miss; stored', '/p 1'])
    expect(await ask(session, '/p')).toEqual([200, 'hit; ttl=60', '/p 1'])
    expect(await ask(session, '/p', { ':method': 'HEAD' })).toEqual([200, 'hit; ttl=60', ''])
    expect(await ask(session, '/p', { ':method': 'PUT' })).toEqual([200, 'fwd=method', '/p 2'])
    expect(await ask(session, '/p')).toEqual([200, 'fwd=uri-miss; stored', '/p 2'])
    expect(await ask(session, '/p', { ':authority': 'other.example' })).toEqual([200, 'fwd=uri-miss; stored', '/p 2'])
  })
})

/** Status, Cache-Status without the name of the cache, body. */
async function ask(session: ClientHttp2Session, path: string, headers = {}): Promise<readonly unknown[]> {
  const stream = session.request({ ':path': path, ...headers })
  const head = new Promise<Record<string, unknown>>((resolve) => stream.on('response', resolve))
  let body = ''
  for await (const piece of stream) body += piece
  const given = await head
  return [given[':status'], String(given['cache-status']).replace('tiercel; ', ''), body]
}
