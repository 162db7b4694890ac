import { httpCache } from '@tiercel/cache-core/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import type { Application, Place, Running, Site } from '../support/application.js'
import { RequestContext } from './context.js'
import { fastifyPlugins, fastifyWatchers } from './fastify-layers.js'
import { fastifyRoutes } from './fastify-routes.js'
import { portOf } from './listen.js'

export const fastifyFive: Application = {
  name: 'Fastify 5',
  places: ['outside of all', 'inside of all'],
  randomCookies: ['sid'],
  // @fastify/etag compares with one ETag, @fastify/cors refuses a preflight without an origin.
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
  start: async (site) =>
    start(fastify({ forceCloseConnections: true, trustProxy: 'loopback', keepAliveTimeout: 60_000 }), site),
}

async function start(app: FastifyInstance, site: Site): Promise<Running> {
  for (const method of ['PROPFIND', 'REPORT', 'PURGE']) app.addHttpMethod(method, { hasBody: false })
  const context = new RequestContext()
  const cacheIf = async (here: Place): Promise<void> => {
    if (site.cache?.place === here) await app.register(httpCache, { cache: site.cache.engine })
  }
  fastifyWatchers(app, site, context)
  await cacheIf('outside of all')
  await fastifyPlugins(app)
  await cacheIf('inside of all')
  await fastifyRoutes(app, site, context)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: portOf(app.server), close: () => app.close() }
}
