import {
  type CallHandler,
  type DynamicModule,
  type ExecutionContext,
  type FactoryProvider,
  Module,
  type ModuleMetadata,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common'
import { APP_INTERCEPTOR, DiscoveryModule, DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core'
import type { Request, Response } from 'express'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Observable } from 'rxjs'
import { InvalidOptionError } from '../base/errors.js'
import type { Cache } from '../data/cache.js'
import { HttpCache, toHttpCache } from '../http/engine/http-cache.js'
import type { HttpCacheOptions } from '../http/rules/options.js'
import { knownToExpress } from './node-http/express-request.js'
import { FastifyExchange } from './node-http/fastify-exchange.js'
import { handleInnermost } from './node-http/innermost.js'
import { NodeExchange } from './node-http/node-exchange.js'

export { nodePurgeHandler as purgeHandler } from './purges/node-purge.js'
/** The engine: what providers inject to purge. */
export { HttpCache }

export interface HttpCacheModuleOptions extends HttpCacheOptions {
  /** A cache, or an `HttpCache` made of one (then without further options). */
  readonly cache: Cache | HttpCache
}

export interface HttpCacheModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** What `useFactory` is given. */
  readonly inject?: FactoryProvider['inject']
  readonly useFactory: (...injected: never[]) => HttpCacheModuleOptions | Promise<HttpCacheModuleOptions>
}

const ROUTE_OPTIONS = 'tiercel:http-cache'

/**
 * How responses of this handler, or of all handlers of this controller, are cached, over what the module was made with;
 * `false`: not at all.
 */
export function CachedResponse(options: HttpCacheOptions | false): MethodDecorator & ClassDecorator {
  return SetMetadata(ROUTE_OPTIONS, options)
}

/**
 * Response caching for Nest, on Express and on Fastify: import `HttpCacheModule.forRoot({ cache, ttl: '1m' })` once, as
 * the first of the root module's imports. The engine, to purge, is injected as `HttpCache`.
 *
 * Middleware and guards run on every request, hit or not; interceptors, pipes, handler and filters on misses.
 *
 * @throws InvalidOptionError naming the option, when the application starts.
 */
// biome-ignore lint/complexity/noStaticOnlyClass: what Nest takes for a module is a class.
export class HttpCacheModule {
  static forRoot(options: HttpCacheModuleOptions): DynamicModule {
    return HttpCacheModule.forRootAsync({ useFactory: () => options })
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: HttpCacheModuleAsyncOptions): DynamicModule {
    return {
      module: HttpCacheModule,
      global: true,
      imports: [...imports, DiscoveryModule],
      providers: [
        {
          provide: HttpCache,
          inject: [...inject],
          useFactory: async (...injected: never[]) => httpCacheOf(await useFactory(...injected)),
        },
        {
          provide: APP_INTERCEPTOR,
          inject: [HttpCache, Reflector, DiscoveryService, MetadataScanner],
          useFactory: (...parts: ConstructorParameters<typeof HttpCacheInterceptor>) =>
            new HttpCacheInterceptor(...parts),
        },
      ],
      exports: [HttpCache],
    }
  }
}
Module({})(HttpCacheModule)

function httpCacheOf({ cache, ...options }: HttpCacheModuleOptions): HttpCache {
  if (cache === undefined) throw new InvalidOptionError('cache', 'missing; expected a cache made by createCache')
  return toHttpCache(cache, Object.keys(options).length > 0 ? options : undefined)
}

/** A handler of a controller: what Nest calls `getHandler()`. */
type Handler = ReturnType<ExecutionContext['getHandler']>

/**
 * A hit ends the request here, and `intercept` never settles: an interceptor around this one would take anything else for the
 * handler's value, and Nest would answer a second time.
 */
class HttpCacheInterceptor implements NestInterceptor {
  readonly #shared: HttpCache
  readonly #reflector: Reflector
  readonly #discovery: DiscoveryService
  readonly #scanner: MetadataScanner
  /** The caches of handlers with options of their own; `undefined` where these are `false`. */
  readonly #own = new Map<Handler, HttpCache | undefined>()

  constructor(shared: HttpCache, reflector: Reflector, discovery: DiscoveryService, scanner: MetadataScanner) {
    this.#shared = shared
    this.#reflector = reflector
    this.#discovery = discovery
    this.#scanner = scanner
  }

  /** Parses the options of all handlers, so that invalid ones fail the start of the application and not a request. */
  onModuleInit(): void {
    for (const { metatype, instance } of this.#discovery.getControllers()) {
      if (typeof metatype !== 'function' || instance === undefined) continue
      const prototype = Object.getPrototypeOf(instance) as Record<string, Handler>
      for (const name of this.#scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name] as Handler
        const options = this.#reflector.getAllAndOverride<HttpCacheOptions | false>(ROUTE_OPTIONS, [handler, metatype])
        if (options !== undefined) this.#own.set(handler, options === false ? undefined : this.#shared.with(options))
      }
    }
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const handler = context.getHandler()
    const engine = this.#own.has(handler) ? this.#own.get(handler) : this.#shared
    if (context.getType() !== 'http') return next.handle()
    const http = context.switchToHttp()
    const request = http.getRequest<Request | FastifyRequest>()
    const req = 'raw' in request ? request.raw : request
    return new Promise((resolve, reject) => {
      const proceed = (): void => resolve(next.handle())
      const constraints = this.#chosenBy(context)
      const handling = handleInnermost(engine, req, () =>
        'raw' in request
          ? new FastifyExchange(request, http.getResponse<FastifyReply>(), proceed, constraints)
          : new NodeExchange(request, http.getResponse<Response>(), {
              proceed,
              constraints,
              ...knownToExpress(request),
            }),
      )
      if (handling === undefined) proceed()
      else handling.catch(reject)
    })
  }

  /** What else selects the handler: handlers of one URL differ by version and host, and controllers of two versions may share a name. */
  #chosenBy(context: ExecutionContext): string[] {
    const handler = context.getHandler()
    const metatype = context.getClass()
    const metadata = CHOSEN_BY.map((name) => this.#reflector.getAllAndOverride<unknown>(name, [handler, metatype]))
    return [metatype.name, handler.name, ...metadata.map((value) => JSON.stringify(value) ?? '')]
  }
}

/** Nest's metadata by which a controller or handler is selected, beside its path. */
const CHOSEN_BY = ['__version__', 'host']
