import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { All, Controller, type INestApplication, Req, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import type { createCache } from '@tiercel/cache-core'
import type { HttpCacheOptions } from '@tiercel/cache-core/http'
import { HttpCacheModule } from '@tiercel/cache-core/nest'
import type { NodeHandler } from './suite.js'

type Cache = ReturnType<typeof createCache>
type Request = IncomingMessage | { readonly raw: IncomingMessage }
type Reply = ServerResponse | { readonly raw: ServerResponse; hijack(): void }

/** The suite's origin as a controller of Nest on Express. */
export function onExpress(origin: NodeHandler, cache: Cache, options: HttpCacheOptions): Promise<Server> {
  const adapter = new ExpressAdapter()
  adapter.disable('x-powered-by')
  return start(adapter, '*path', origin, { cache, ...options })
}

/** The same on Fastify. */
export function onFastify(origin: NodeHandler, cache: Cache, options: HttpCacheOptions): Promise<Server> {
  const adapter = new FastifyAdapter({ keepAliveTimeout: 5_000 })
  const fastify = adapter.getInstance()
  fastify.addHttpMethod('M-SEARCH', { hasBody: true })
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('*', (_request, _payload, done) => done(null))
  return start(adapter, '*', origin, { cache, ...options })
}

async function start(
  adapter: ExpressAdapter | FastifyAdapter,
  everything: string,
  origin: NodeHandler,
  options: HttpCacheOptions & { readonly cache: Cache },
): Promise<Server> {
  const module = {
    module: class {},
    imports: [HttpCacheModule.forRoot(options)],
    controllers: [controllerOf(origin, everything)],
  }
  const app: INestApplication = await NestFactory.create(module, adapter, { logger: false, bodyParser: false })
  await app.init()
  if (adapter instanceof FastifyAdapter) await adapter.getInstance().ready()
  return app.getHttpServer() as Server
}

/** Without the syntax of decorators: one handler for everything, on what Node gave. */
function controllerOf(origin: NodeHandler, everything: string): new () => object {
  class Everything {
    answer(request: Request, reply: Reply): void {
      if ('raw' in reply) reply.hijack()
      origin('raw' in request ? request.raw : request, 'raw' in reply ? reply.raw : reply)
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Everything.prototype, 'answer') as PropertyDescriptor
  All(['/', everything])(Everything.prototype, 'answer', descriptor)
  Req()(Everything.prototype, 'answer', 0)
  Res()(Everything.prototype, 'answer', 1)
  Controller()(Everything)
  return Everything
}
