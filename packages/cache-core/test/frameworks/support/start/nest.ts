import type { IncomingMessage, ServerResponse } from 'node:http'
import { All, Controller, type INestApplication, Req, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { CachedResponse, HttpCacheModule } from '../../../../src/frameworks/nest.js'
import { type Handler, later, type Parts, portOf, type Start, startWith } from '../running-app.js'

export const startNestExpress = startOn('*path', () => {
  const adapter = new ExpressAdapter()
  adapter.disable('x-powered-by')
  return adapter
})
export const startNestFastify = startOn('*', () => {
  const adapter = new FastifyAdapter({ forceCloseConnections: true, routerOptions: { maxParamLength: 20_000 } })
  adapter.getInstance().addContentTypeParser('*', (_request, _payload, done) => done(null))
  return adapter
})

function startOn(everything: string, newAdapter: () => ExpressAdapter | FastifyAdapter): Start {
  return startWith(async ({ engine, route, outside, handler }) => {
    const module = {
      module: class {},
      imports: [HttpCacheModule.forRoot({ cache: engine })],
      controllers: [controllerOf(everything, handler, route)],
    }
    const options = { logger: false, bodyParser: false, forceCloseConnections: true } as const
    const app: INestApplication = await NestFactory.create(module, newAdapter(), options)
    app.use((req: IncomingMessage, res: ServerResponse, next: () => void) => {
      outside(req, res)
      next()
    })
    await app.listen(0, '127.0.0.1')
    later(() => app.close())
    return portOf(app.getHttpServer())
  })
}

/** One handler for everything, on Node's own request and response. */
function controllerOf(everything: string, handler: Handler, route: Parts['route']): new () => object {
  class Everything {
    answer(
      request: IncomingMessage | { raw: IncomingMessage },
      reply: ServerResponse | { raw: ServerResponse },
    ): unknown {
      if ('raw' in reply) (reply as unknown as { hijack(): void }).hijack()
      return handler('raw' in request ? request.raw : request, 'raw' in reply ? reply.raw : reply)
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Everything.prototype, 'answer') as PropertyDescriptor
  All(['/', everything])(Everything.prototype, 'answer', descriptor)
  Req()(Everything.prototype, 'answer', 0)
  Res()(Everything.prototype, 'answer', 1)
  if (route !== undefined) CachedResponse(route)(Everything.prototype, 'answer', descriptor)
  Controller()(Everything)
  return Everything
}
