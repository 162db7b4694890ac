/**
 * The server process of `http.ts`: `<framework> <store> <url of Redis>`, as `ServerKind` names them. Tells its port and, when
 * asked, its CPU time and how often a handler has run.
 */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { type Cache, createCache, memoryStore } from '@tiercel/cache-core'
import { httpCache as expressCache } from '@tiercel/cache-core/express'
import { httpCache as fastifyCache } from '@tiercel/cache-core/fastify'
import { httpCache as honoCache } from '@tiercel/cache-core/hono'
import { httpCache as koaCache } from '@tiercel/cache-core/koa'
import { httpCache } from '@tiercel/cache-core/node'
import { redisStore } from '@tiercel/cache-redis'
import express4 from 'express4'
import fastify from 'fastify'
import { Hono } from 'hono'
import { Redis } from 'ioredis'
import Koa from 'koa'
import { allBodies, bodyOf, HIT_FIELDS, HIT_RECORD, runsSoFar } from './lib/http-content.js'
import { PEERS, type Peer } from './lib/http-peers.js'
import { cpuMs } from './lib/sample.js'

const [framework, storeName, redisUrl] = process.argv.slice(2)

const TTL = '1h'

const handler: RequestListener = (req, res) => send(res, bodyOf(req.url))

function send(res: ServerResponse, body: Buffer): void {
  const fields = ['Content-Type', 'application/octet-stream', 'Content-Length', String(body.byteLength)]
  res.writeHead(200, cache === undefined ? [...fields, ...HIT_FIELDS] : fields)
  res.end(body)
}

/** A hit as one would write it for Redis: the body under the path, and nothing else. */
async function serverByHand(): Promise<Server> {
  const redis = new Redis(redisUrl as string)
  for (const [path, body] of allBodies()) await redis.set(`by-hand:${path}`, body)
  return createServer((req, res) => {
    void redis.getBuffer(`by-hand:${req.url}`).then((body) => send(res, body ?? Buffer.alloc(0)))
  })
}

function nodeServer(cache: Cache | undefined): Server {
  if (cache === undefined) return createServer(handler)
  const cached = httpCache(cache, { ttl: TTL })
  return createServer((req, res) => cached(req, res, () => handler(req, res)))
}

async function fastifyServer(cache: Cache | undefined): Promise<Server> {
  const app = fastify()
  if (cache !== undefined) await app.register(fastifyCache, { cache, ttl: TTL })
  app.get('/*', (request, reply) => {
    if (cache === undefined) {
      for (let i = 0; i < HIT_FIELDS.length; i += 2) reply.header(HIT_FIELDS[i] as string, HIT_FIELDS[i + 1])
    }
    return reply.type('application/octet-stream').send(bodyOf(request.url))
  })
  await app.ready()
  return app.server
}

/** Handlers of all frameworks set the same: what a hit sends beside its own fields is the framework's. */
const handlersFields = (): Record<string, string> => ({
  'Content-Type': 'application/octet-stream',
  ...(cache === undefined ? HIT_RECORD : {}),
})

function expressServer(cache: Cache | undefined): Server {
  const app = express4()
  if (cache !== undefined) app.use(expressCache(cache, { ttl: TTL }))
  app.get('*', (req, res) => {
    res.set(handlersFields()).send(bodyOf(req.path))
  })
  return createServer(app)
}

/** @param layer One around the cache: a hit then stands on the context, and Koa sends it. */
function koaServer(cache: Cache | undefined, layer = false): Server {
  const app = new Koa()
  if (layer) {
    app.use(async (_ctx, next) => {
      await next()
    })
  }
  if (cache !== undefined) app.use(koaCache(cache, { ttl: TTL }))
  app.use((ctx) => {
    ctx.body = bodyOf(ctx.path)
    ctx.set(handlersFields())
  })
  const answer = app.callback()
  return createServer((req, res) => void answer(req, res))
}

function honoServer(cache: Cache | undefined): Server {
  const app = new Hono()
  if (cache !== undefined) app.use(honoCache(cache, { ttl: TTL }))
  app.get('*', (c) => {
    const body = bodyOf(c.req.path)
    return c.body(body as Uint8Array<ArrayBuffer>, 200, {
      ...handlersFields(),
      'Content-Length': String(body.byteLength),
    })
  })
  const answer = getRequestListener(app.fetch)
  return createServer((req, res) => void answer(req, res))
}

function makeCache(): Cache | undefined {
  // A busy machine is no dead store.
  const storeTimeout = '2s'
  if (storeName === 'memory') return createCache({ store: memoryStore(), storeTimeout })
  if (storeName !== 'redis' && storeName !== 'near') return undefined
  const store = redisStore({ url: redisUrl as string, prefix: `http-${framework}-${storeName}` })
  return createCache({ store, storeTimeout, near: storeName === 'near' })
}

const SERVERS = new Map<string, (cache: Cache | undefined) => Server | Promise<Server>>([
  ['fastify', fastifyServer],
  ['express4', expressServer],
  ['koa', koaServer],
  ['koa-layer', (cache) => koaServer(cache, true)],
  ['hono', honoServer],
])

function makeServer(): Server | Promise<Server> {
  if (storeName === 'by-hand') return serverByHand()
  if (storeName === 'peer') return PEERS[framework as Peer](redisUrl as string)
  return (SERVERS.get(framework as string) ?? nodeServer)(cache)
}

const cache = makeCache()
const server = await makeServer()
// Connections rest while others are measured, some before their first request.
server.keepAliveTimeout = 0
server.headersTimeout = 0
server.requestTimeout = 0
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))

process.on('message', () => process.send?.({ cpuMs: cpuMs(), runs: runsSoFar() }))
process.on('disconnect', () => process.exit())
