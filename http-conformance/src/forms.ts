import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { createCache, memoryStore } from '@tiercel/cache-core'
import { httpCache as expressCache } from '@tiercel/cache-core/express'
import { httpCache as fastifyCache } from '@tiercel/cache-core/fastify'
import { httpCache as fetchCache } from '@tiercel/cache-core/fetch'
import { httpCache as honoCache } from '@tiercel/cache-core/hono'
import type { HttpCacheOptions } from '@tiercel/cache-core/http'
import { httpCache as koaCache } from '@tiercel/cache-core/koa'
import { httpCache as nodeCache } from '@tiercel/cache-core/node'
import { redisStore } from '@tiercel/cache-redis'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { answerAsFetch } from './fetch-origin.js'
import { onExpress, onFastify } from './nest.js'
import type { NodeHandler } from './suite.js'

type Cache = ReturnType<typeof createCache>
type Form = (origin: NodeHandler, cache: Cache, options: HttpCacheOptions) => Promise<Server> | Server

/** The suite's origin as a handler behind our cache, in the way that each framework is written. */
const FORMS = {
  node(origin, cache, options) {
    const cached = nodeCache(cache, options)
    return createServer((req, res) => cached(req, res, () => origin(req, res)))
  },
  express(origin, cache, options) {
    const app = express()
    app.disable('x-powered-by')
    app.use(expressCache(cache, options))
    app.use((req, res) => origin(req, res))
    return createServer(app)
  },
  async fastify(origin, cache, options) {
    // As node's own: the client reads one of the suite's bodies to the end of the connection.
    const app = fastify({ keepAliveTimeout: 5_000 })
    app.addHttpMethod('M-SEARCH', { hasBody: true })
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    await app.register(fastifyCache, { cache, ...options })
    app.all('/*', (request, reply) => {
      reply.hijack()
      origin(request.raw, reply.raw)
    })
    await app.ready()
    return app.server
  },
  koa(origin, cache, options) {
    const app = new Koa()
    app.use(koaCache(cache, options))
    app.use((ctx) => {
      ctx.respond = false
      // Koa's own is 404 until somebody sets another.
      ctx.status = 200
      origin(ctx.req, ctx.res)
    })
    const handle = app.callback()
    return createServer((req, res) => void handle(req, res))
  },
  fetch(origin, cache, options) {
    const cached = fetchCache(cache, options)((request) => answerAsFetch(origin, request))
    return createAdaptorServer({ fetch: cached, overrideGlobalObjects: false }) as Server
  },
  hono(origin, cache, options) {
    const app = new Hono()
    app.use(honoCache(cache, options))
    app.all('*', (c) => answerAsFetch(origin, c.req.raw))
    return createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server
  },
  'nest-express': onExpress,
  'nest-fastify': onFastify,
} satisfies Record<string, Form>

export type FormName = keyof typeof FORMS
export const FORM_NAMES = Object.keys(FORMS) as readonly FormName[]

/** The origin behind a cache of its own, on a socket, while `use` runs. @param redis In a Redis, in place of memory. */
export async function behindCache<T>(
  name: FormName,
  origin: NodeHandler,
  options: HttpCacheOptions,
  use: (base: string) => Promise<T>,
  redis?: string,
): Promise<T> {
  const store = redis === undefined ? memoryStore() : redisStore({ url: redis, prefix: randomUUID() })
  // A deadline that holds on a busy machine.
  const cache = createCache({ store, storeTimeout: '5s' })
  const form: Form = FORMS[name]
  const server = await form(origin, cache, options)
  if (redis !== undefined) delayRequests(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await cache.close()
  }
}

/** Long enough for what the last answer has left behind it to be stored, on a busy machine. Milliseconds. */
const STORED_AFTER_MS = 50

/** The suite asks again as soon as it has an answer, and wants that to be stored: the engine may still be about it. */
function delayRequests(server: Server): void {
  const listeners = server.listeners('request')
  server.removeAllListeners('request')
  server.on('request', (...args) => {
    setTimeout(() => {
      for (const listener of listeners) listener.apply(server, args)
    }, STORED_AFTER_MS)
  })
}
