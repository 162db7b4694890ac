import type { FastifyInstance, onRequestHookHandler } from 'fastify'
import { InvalidOptionError } from '../base/errors.js'
import type { Cache } from '../data/cache.js'
import { type HttpCache, toHttpCache } from '../http/engine/http-cache.js'
import { isUnsafe } from '../http/rules/invalidation.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { fastifyExchange } from './node-http/fastify-exchange.js'

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

/** The hooks of this plugin: a route has one, that of the innermost context. */
const own = new WeakSet<object>()

/**
 * Response caching for Fastify: `app.register(httpCache, { cache, ttl: '1m' })` for the routes of this context that are
 * added afterwards, `{ config: { cache: { ttl: '5m' } } }` on a route for one of its own, `{ cache: false }` for none.
 *
 * A hit ends the request in the route's onRequest hooks: those that stand before it run, and `onResponse`; no others.
 * HTTP/2 passes uncached.
 *
 * @throws InvalidOptionError naming the option, when the plugin is registered and when a route is added.
 */
export async function httpCache(app: FastifyInstance, { cache, ...options }: FastifyHttpCacheOptions): Promise<void> {
  if (cache === undefined) throw new InvalidOptionError('cache', 'expected a cache made by createCache')
  const named = Object.keys(options).length > 0
  const shared = toHttpCache(cache, named ? options : undefined)
  /** By URL of the route: a write invalidates under the key that the reads have. */
  const readers = new Map<string, HttpCache>()

  app.addHook('onRoute', (route) => {
    const hooks = [route.onRequest ?? []].flat().filter((hook) => !own.has(hook))
    route.onRequest = hooks
    const named = route.config?.cache
    if (named === false) return
    const engine = named === undefined ? shared : shared.with(named)
    if ([route.method].flat().includes('GET')) readers.set(route.url, engine)
    const hook: onRequestHookHandler = (request, reply, done) => {
      if (request.raw.httpVersionMajor !== 1) return done()
      const responsible = isUnsafe(request.method) ? (readers.get(route.url) ?? engine) : engine
      responsible.handle(fastifyExchange(request, reply, done)).catch(done)
    }
    own.add(hook)
    route.onRequest = [...hooks, hook]
  })
}

// Not in a context of its own: the routes that it is for are added beside it (as fastify-plugin does).
Object.assign(httpCache, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'tiercel' })
