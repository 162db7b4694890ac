import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import { InvalidOptionError } from '../base/errors.js'
import { show } from '../base/show.js'
import type { Cache } from '../data/cache.js'
import { HANDLED, type HttpCache, toHttpCache } from '../http/engine/http-cache.js'
import { PurgeEndpoint, type PurgeHandlerOptions } from '../http/engine/purge-endpoint.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { constraintTexts, FastifyExchange } from './node-http/fastify-exchange.js'
import { handleInnermost } from './node-http/innermost.js'
import { answerNode, headersFor } from './purges/node-purge.js'

export interface FastifyHttpCacheOptions extends HttpCacheOptions<FastifyRequest> {
  /** A cache, or an `HttpCache` made of one (then without further options). */
  readonly cache: Cache | HttpCache
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How responses of this route are cached, over what the plugin was registered with; `false`: not at all. */
    cache?: (HttpCacheOptions<FastifyRequest> & object) | false
  }
}

/** The hooks of this plugin. A route keeps one, that of the innermost context. */
const own = new WeakSet<object>()

/**
 * Response caching for Fastify: `app.register(httpCache, { cache, ttl: '1m' })` for the routes of this context that are
 * added afterwards, `{ config: { cache: { ttl: '5m' } } }` on a route for one of its own, `{ cache: false }` for none.
 *
 * A hit ends the request in the last of the route's onRequest hooks: all others run before it, in whatever way and
 * order they were added, and `onResponse` after it; none of those between.
 *
 * @throws InvalidOptionError naming the option, when the plugin is registered and when a route is added.
 */
export async function httpCache(app: FastifyInstance, { cache, ...options }: FastifyHttpCacheOptions): Promise<void> {
  if (typeof (app as Partial<FastifyInstance>).addHook !== 'function') {
    throw new TypeError(
      "httpCache of @tiercel/cache-core/fastify is a plugin: app.register(httpCache, { cache, ttl: '1m' })",
    )
  }
  if (cache === undefined) throw new InvalidOptionError('cache', 'expected a cache made by createCache')
  const named = Object.keys(options).length > 0
  const shared = toHttpCache(cache, named ? options : undefined)

  app.addHook('onRoute', (route) => {
    const named = optionsOf(route)
    if (named === false) return setHooks(route, undefined)
    const engine = named === undefined ? shared : shared.with(named)
    const constraints = constraintTexts(route.constraints)
    // Named, for `printRoutes({ includeHooks: true })`.
    setHooks(route, function tiercel(request, reply, done) {
      const newExchange = (): FastifyExchange => new FastifyExchange(request, reply, done, constraints)
      const handling = handleInnermost(engine, request.raw, newExchange)
      if (handling === undefined) done()
      else if (handling !== HANDLED) handling.catch(done)
    })
  })
}

// Not in a context of its own, as fastify-plugin does it: the routes that it is for are added beside it.
Object.assign(httpCache, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'tiercel' })

/**
 * A handler for a purge endpoint: `app.post('/purge', purgeHandler(engine, { token }))`.
 * @throws InvalidOptionError naming the option.
 */
export function purgeHandler(
  httpCache: HttpCache,
  options: PurgeHandlerOptions,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  const endpoint = new PurgeEndpoint(httpCache, options)
  return async (request, reply) => {
    const { status, headers, body } = await answerNode(endpoint, request.raw, request.body ?? undefined)
    return reply.code(status).headers(headersFor(request.raw, headers)).send(body)
  }
}

/** The options of a route. Checked here, since Fastify infers the type of a route's config and would let anything pass. */
function optionsOf({ config, method, url }: RouteOptions): HttpCacheOptions | false | undefined {
  const named: unknown = config?.cache
  if (named === undefined || named === false) return named
  if (typeof named !== 'object' || named === null || Array.isArray(named)) {
    throw new InvalidOptionError(
      'config.cache',
      `expected an object of options, or false, for ${[method].flat().join()} ${url}, got ${show(named)}`,
    )
  }
  return named
}

/**
 * Puts this hook behind all other onRequest hooks of a route, and removes those of caches in outer contexts. By a getter,
 * which Fastify reads at the end of the start, so that it is also behind hooks that `onRoute` hooks of other plugins (a
 * guard, a rate limit) add after ours.
 */
function setHooks(route: RouteOptions, last: onRequestHookHandler | undefined): void {
  let hooks = hooksOf(route.onRequest)
  if (last !== undefined) own.add(last)
  Object.defineProperty(route, 'onRequest', {
    configurable: true,
    enumerable: true,
    get: () => {
      const others = hooksOf(hooks)
      // The same list: a plugin may push to it.
      hooks.splice(0, hooks.length, ...others, ...(last === undefined ? [] : [last]))
      return hooks
    },
    set: (value: RouteOptions['onRequest']) => {
      hooks = hooksOf(value)
    },
  })
}

function hooksOf(hooks: RouteOptions['onRequest']): onRequestHookHandler[] {
  // Whatever is no hook stays where it is, for Fastify to refuse it.
  return (hooks === undefined ? [] : [hooks].flat()).filter((hook) => !own.has(hook)) as onRequestHookHandler[]
}
