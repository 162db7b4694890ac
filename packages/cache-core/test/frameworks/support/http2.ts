import { type ClientHttp2Session, connect as connectHttp2, createServer, type OutgoingHttpHeaders } from 'node:http2'
import connect from 'connect'
import { fastify } from 'fastify'
import Koa from 'koa'
import { httpCache as connectHttpCache } from '../../../src/frameworks/connect.js'
import { httpCache as fastifyHttpCache } from '../../../src/frameworks/fastify.js'
import { httpCache as koaHttpCache } from '../../../src/frameworks/koa.js'
import { httpCache as nodeHttpCache } from '../../../src/frameworks/node.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import type { Cache } from '../../../src/index.js'
import { type Handler, later, portOf } from './running-app.js'

const ANYWHERE = { port: 0, host: '127.0.0.1' }

async function listen(listener: unknown): Promise<number> {
  const server = createServer(listener as never)
  await new Promise<void>((resolve) => server.listen(ANYWHERE, resolve))
  later(() => new Promise((resolve) => server.close(resolve)))
  return portOf(server)
}

/** Starts an application over HTTP/2, without TLS, and resolves with its port. */
type StartHttp2 = (cache: Cache, handler: Handler, options?: HttpCacheOptions) => Promise<number>

/** Every entry point that node:http2 can serve. */
export const http2Frameworks: readonly (readonly [string, StartHttp2])[] = [
  [
    'node:http2',
    (cache, handler, options) => {
      const cached = nodeHttpCache(cache, { ttl: '1m', ...options })
      return listen((req: never, res: never) => cached(req, res, () => handler(req, res)))
    },
  ],
  [
    'connect',
    (cache, handler, options) => {
      const app = connect()
      app.use(connectHttpCache(cache, { ttl: '1m', ...options }))
      app.use((req, res) => void handler(req, res))
      return listen(app)
    },
  ],
  [
    'Fastify',
    async (cache, handler, options) => {
      const app = fastify({ http2: true })
      await app.register(fastifyHttpCache as never, { cache, ttl: '1m', ...options })
      app.addContentTypeParser('*', (_request, _payload, done) => done(null))
      app.all('/*', (request, reply) => {
        reply.hijack()
        handler(request.raw as never, reply.raw as never)
      })
      await app.listen(ANYWHERE)
      later(() => app.close())
      return portOf(app.server)
    },
  ],
  [
    'Koa',
    (cache, handler, options) => {
      const app = new Koa()
      app.use(koaHttpCache(cache, { ttl: '1m', ...options }))
      app.use((ctx) => {
        ctx.respond = false
        ctx.res.statusCode = 200
        return handler(ctx.req, ctx.res) as Promise<void>
      })
      return listen(app.callback())
    },
  ],
]

/** A connection that ends with the test. */
export function sessionTo(port: number): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  later(() => session.destroy())
  return session
}

export interface Http2Reply {
  readonly status: unknown
  /** Without the name of the cache. */
  readonly cacheStatus: string
  readonly body: string
}

/** @param content Follows the fields. Without it, they end the request. */
export async function askOver(
  session: ClientHttp2Session,
  path: string,
  headers: OutgoingHttpHeaders = {},
  content?: string,
): Promise<Http2Reply> {
  const stream = session.request({ ':path': path, ...headers }, { endStream: content === undefined })
  if (content !== undefined) stream.end(content)
  const head = new Promise<Record<string, unknown>>((resolve) => stream.on('response', resolve))
  let body = ''
  for await (const piece of stream) body += piece
  const given = await head
  return { status: given[':status'], cacheStatus: String(given['cache-status']).replace('tiercel; ', ''), body }
}
