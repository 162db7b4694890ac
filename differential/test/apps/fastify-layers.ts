import { join } from 'node:path'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import csrf from '@fastify/csrf-protection'
import etag from '@fastify/etag'
import formbody from '@fastify/formbody'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import multipart from '@fastify/multipart'
import rateLimit from '@fastify/rate-limit'
import session from '@fastify/session'
import files from '@fastify/static'
import swagger from '@fastify/swagger'
import view from '@fastify/view'
import ejs from 'ejs'
import type { FastifyInstance } from 'fastify'
import { exchangeOf, type Site } from '../support/application.js'
import type { RequestContext } from './context.js'
import { STATIC, VIEWS } from './fixtures.js'

declare module 'fastify' {
  interface FastifyRequest {
    nonce: string
  }
  interface Session {
    user: string | undefined
    visits: number
  }
}

/** The outermost layers, which show whether the cache leaves the request unchanged. */
export function fastifyWatchers(app: FastifyInstance, site: Site, context: RequestContext): void {
  app.addHook('onRequest', (request, _reply, done) => context.run(request.raw, done))
  app.decorateRequest('nonce', '')
  app.addHook('onRequest', async (request, reply) => {
    request.nonce = Buffer.from(exchangeOf(request)).toString('base64url')
    const source = request.url === '/nonce' ? `nonce-${request.nonce}` : 'self'
    reply.header('Content-Security-Policy', `script-src '${source}'`)
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, url, query, ip, protocol, hostname, headers } = request
    const cookies = (headers.cookie ?? '').replaceAll(/=[^;]*/g, '')
    const from = [ip, protocol, hostname, headers['x-forwarded-for'], cookies].join(' ')
    site.note(request.raw, `log: ${method} ${url} ${JSON.stringify(query)} ${reply.statusCode} from ${from}`)
  })
}

/** The plugins for Fastify 5. Those for 4 are the same in another major version. */
export const PLUGINS = {
  compress,
  cookie,
  cors,
  csrf,
  etag,
  files,
  formbody,
  helmet,
  jwt,
  multipart,
  rateLimit,
  session,
  swagger,
  view,
}

/** Plugins that people register before their routes, each with hooks of its own. */
export async function fastifyPlugins(app: FastifyInstance, plugins: typeof PLUGINS): Promise<void> {
  const { compress, cookie, cors, csrf, etag, files, formbody, helmet, jwt, multipart, rateLimit } = plugins
  const { session, swagger, view } = plugins
  await app.register(rateLimit, { max: 10_000, timeWindow: 600_000 })
  await app.register(helmet, { contentSecurityPolicy: false })
  await app.register(cors, {
    origin: ['https://app.example', 'https://other.example'],
    credentials: true,
    exposedHeaders: ['X-Total'],
  })
  await app.register(compress, { threshold: 1000 })
  await app.register(etag)
  await app.register(cookie, { secret: 'a secret of cookies' })
  await app.register(session, {
    secret: 'a secret of sessions that is long enough',
    cookieName: 'sid',
    cookie: { secure: false },
    saveUninitialized: false,
  })
  await app.register(csrf, { sessionPlugin: '@fastify/session' })
  await app.register(jwt, { secret: 'a secret of tokens' })
  await app.register(formbody)
  await app.register(multipart, { limits: { fileSize: 10_000 } })
  await app.register(swagger, { openapi: { info: { title: 'Shop', version: '1' } } })
  await app.register(view, { engine: { ejs }, root: VIEWS })
  await app.register(files, { root: STATIC, prefix: '/static/', maxAge: 3_600_000 })
  await app.register(files, {
    root: join(STATIC, 'sub'),
    prefix: '/plain-static/',
    decorateReply: false,
    etag: false,
    lastModified: false,
  })
}
