import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import apicache from 'apicache'
import express4 from 'express4'
import { Hono } from 'hono'
import Koa from 'koa'
import koaCash from 'koa-cash'
import koaRedisCache from 'koa-redis-cache'
import { LRUCache } from 'lru-cache'
import { defineCachedHandler } from 'ocache'
import { bodyOf } from './http-content.js'

const TYPE = { 'Content-Type': 'application/octet-stream' }

/** What others offer for the same, each on the framework that it is made for, as its own README sets it up. */
export const PEERS = {
  apicache: () => {
    const app = express4()
    app.use(apicache.middleware('1 hour'))
    app.get('*', (req, res) => void res.set(TYPE).send(bodyOf(req.path)))
    return createServer(app)
  },
  'koa-cash': () => {
    const app = new Koa()
    const kept = new LRUCache<string, object>({ max: 1_000 })
    app.use(koaCash({ get: async (key) => kept.get(key), set: async (key, value) => void kept.set(key, value) }))
    app.use(async (ctx, next) => {
      if (!(await ctx.cashed())) await next()
    })
    app.use((ctx) => {
      ctx.body = bodyOf(ctx.path)
      ctx.set(TYPE)
    })
    return serving(app.callback())
  },
  'koa-redis-cache': (redisUrl) => {
    const app = new Koa()
    app.use(koaRedisCache({ redis: { url: redisUrl, options: { return_buffers: true } }, expire: 3_600 }))
    app.use((ctx) => {
      ctx.body = bodyOf(ctx.path)
      ctx.set(TYPE)
    })
    return serving(app.callback())
  },
  ocache: () => {
    const app = new Hono()
    const cached = defineCachedHandler(
      ({ req }) => new Response(new Uint8Array(bodyOf(new URL(req.url).pathname)), { headers: TYPE }),
      { maxAge: 3_600 },
    )
    app.get('*', async (c) => (await cached({ req: c.req.raw })) as Response)
    return serving(getRequestListener(app.fetch))
  },
} as const satisfies Record<string, (redisUrl: string) => Server>

export type Peer = keyof typeof PEERS

/** What a listener returns is a promise, which no server waits for. */
function serving(listener: (req: IncomingMessage, res: ServerResponse) => Promise<unknown>): Server {
  return createServer((req, res) => void listener(req, res))
}
