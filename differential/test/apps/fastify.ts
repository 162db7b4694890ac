import { httpCache } from '@tiercel/cache-core/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import fastify4 from 'fastify4'
import compress from 'fastify4-compress'
import cookie from 'fastify4-cookie'
import cors from 'fastify4-cors'
import csrf from 'fastify4-csrf-protection'
import etag from 'fastify4-etag'
import formbody from 'fastify4-formbody'
import helmet from 'fastify4-helmet'
import jwt from 'fastify4-jwt'
import multipart from 'fastify4-multipart'
import rateLimit from 'fastify4-rate-limit'
import session from 'fastify4-session'
import files from 'fastify4-static'
import swagger from 'fastify4-swagger'
import view from 'fastify4-view'
import type { Application, Place, Running, Site } from '../support/application.js'
import { RequestContext } from './context.js'
import { fastifyPlugins, fastifyWatchers, PLUGINS } from './fastify-layers.js'
import { fastifyRoutes } from './fastify-routes.js'
import { portOf } from './listen.js'

export const fastifyFive: Application = {
  name: 'Fastify 5',
  places: ['outside of all', 'inside of all'],
  randomCookies: ['sid'],
  // @fastify/etag compares with a single ETag only; @fastify/cors refuses a preflight without an origin.
  statuses: {
    'GET /etag/strong (If-None-Match: "other", "v1")': 200,
    'GET /etag/strong (If-None-Match: *)': 200,
    'GET /etag/weak (If-None-Match: "other", "v1")': 200,
    'GET /etag/weak (If-None-Match: *)': 200,
    'GET /etag/private (If-None-Match: "other", "v1")': 200,
    'GET /etag/private (If-None-Match: *)': 200,
    'GET /last-modified (If-None-Match: *)': 200,
    'GET /last-modified (If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT)': 200,
    'GET /last-modified (If-Modified-Since: Fri, 31 Dec 2100 23:59:59 GMT)': 200,
    'POST /static/digits.txt': 404,
    'OPTIONS /items/1': 400,
    'OPTIONS /send/object': 400,
    'OPTIONS /cache-control/public': 400,
    'a file that is too large': 413,
    'GET /static/%2e%2e/express.ts': 403,
  },
  start: async (site) => {
    const app = fastify(OPTIONS)
    for (const method of ['PROPFIND', 'REPORT', 'PURGE']) app.addHttpMethod(method, { hasBody: false })
    return start(app, site, PLUGINS)
  },
}

export const fastifyFour: Application = {
  ...fastifyFive,
  name: 'Fastify 4',
  start: (site) => start(fastify4(OPTIONS), site, FOUR),
}

const OPTIONS = { forceCloseConnections: true, trustProxy: 'loopback', keepAliveTimeout: 60_000 }

const FOUR: typeof PLUGINS = {
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

async function start(app: FastifyInstance, site: Site, plugins: typeof PLUGINS): Promise<Running> {
  const context = new RequestContext()
  const cacheIf = async (here: Place): Promise<void> => {
    if (site.cache?.place === here) await app.register(httpCache, { cache: site.cache.engine })
  }
  fastifyWatchers(app, site, context)
  await cacheIf('outside of all')
  await fastifyPlugins(app, plugins)
  await cacheIf('inside of all')
  await fastifyRoutes(app, site, context)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: portOf(app.server), close: () => app.close() }
}
