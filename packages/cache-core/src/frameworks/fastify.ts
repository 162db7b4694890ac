import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { InvalidOptionError } from '../base/errors.js'
import type { Cache } from '../cache/cache.js'
import type { Exchange, RunPlan } from '../http/exchange.js'
import { type HttpCache, toHttpCache } from '../http/http-cache.js'
import type { Origin } from '../http/message.js'
import type { HttpCacheOptions } from '../http/options.js'
import { holdResponse } from './hold-response.js'
import { sendStored } from './node.js'
import { cacheRequest, showRequest } from './node-request.js'
import { tapResponse } from './tap-response.js'

export interface FastifyHttpCacheOptions extends HttpCacheOptions {
  /** A cache, or an `HttpCache` made of one (then without further options). */
  readonly cache: Cache | HttpCache
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How responses of this route are cached, over what the plugin was registered with; `false`: not at all. */
    cache?: HttpCacheOptions | false
  }
}

/**
 * Response caching for Fastify: `app.register(httpCache, { cache, ttl: '1m' })` for the routes of this context that are
 * added afterwards, `{ config: { cache: { ttl: '5m' } } }` on a route for one of its own, `{ cache: false }` for none.
 *
 * @throws InvalidOptionError naming the option, when the plugin is registered and when a route is added.
 */
export async function httpCache(app: FastifyInstance, { cache, ...options }: FastifyHttpCacheOptions): Promise<void> {
  if (cache === undefined) throw new InvalidOptionError('cache', 'expected a cache made by createCache')
  const named = Object.keys(options).length > 0
  const shared = toHttpCache(cache, named ? options : undefined)

  app.addHook('onRoute', (route) => {
    const own = route.config?.cache
    if (own === false) return
    const engine = own === undefined ? shared : shared.with(own)
    const hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
      engine.handle(fastifyExchange(request, reply, done)).catch(done)
    }
    const hooks = route.onRequest ?? []
    route.onRequest = [...(Array.isArray(hooks) ? hooks : [hooks]), hook]
  })
}

// Not in a context of its own: the routes that it is for are added beside it (as fastify-plugin does).
Object.assign(httpCache, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'tiercel' })

function fastifyExchange(request: FastifyRequest, reply: FastifyReply, done: () => void): Exchange {
  // Fastify has `ips` where it was told to trust its proxy; host and protocol are then as it resolves them.
  const origin: Origin | undefined =
    request.ips !== undefined ? { scheme: request.protocol, host: request.host } : undefined
  return {
    request: cacheRequest(request.raw, origin),
    send(head, body) {
      reply.hijack()
      sendStored(reply.raw, head, body)
    },
    run({ sees, ...plan }: RunPlan) {
      if (sees !== undefined) {
        showRequest(request.raw, sees)
        narrowParsed(request, sees.target)
      }
      const outcome = tapResponse(reply.raw, plan)
      done()
      return outcome
    },
    hold(onHead) {
      holdResponse(reply.raw, onHead)
      done()
    },
  }
}

/** What Fastify and its cookie plugin have parsed before the narrowing: only what the narrowed request would give stays. */
function narrowParsed(request: FastifyRequest & { cookies?: unknown }, target: string): void {
  const mark = target.indexOf('?')
  const seen = new Set(new URLSearchParams(mark === -1 ? '' : target.slice(mark)).keys())
  keepOnly(request.query, (name) => seen.has(name) || [...seen].some((full) => full.startsWith(`${name}[`)))
  const cookie = request.raw.headers.cookie
  keepOnly(request.cookies, (name) => cookie?.split(';').some((pair) => pair.trim().startsWith(`${name}=`)) ?? false)
}

function keepOnly(parsed: unknown, keeps: (name: string) => boolean): void {
  if (typeof parsed !== 'object' || parsed === null) return
  for (const name of Object.keys(parsed)) if (!keeps(name)) delete (parsed as Record<string, unknown>)[name]
}
