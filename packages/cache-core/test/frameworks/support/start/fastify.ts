import { type FastifyInstance, fastify as fastify5 } from 'fastify'
import { fastify as fastify4 } from 'fastify4'
import { httpCache } from '../../../../src/frameworks/fastify.js'
import { later, portOf, type Start, startWith } from '../running-app.js'

// The types of the two versions differ in much that is not used here.
export const startFastify4 = startOn(
  () => fastify4({ forceCloseConnections: true, maxParamLength: 20_000 }) as never as FastifyInstance,
)
export const startFastify5 = startOn(() => {
  const app: FastifyInstance = fastify5({ forceCloseConnections: true, routerOptions: { maxParamLength: 20_000 } })
  app.addHttpMethod('PROPPATCH')
  return app
})

function startOn(fastify: () => FastifyInstance): Start {
  return startWith(async ({ engine, route, outside, handler }) => {
    const app = fastify()
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.addHook('onRequest', async (request, reply) => outside(request.raw, reply.raw))
    await app.register(httpCache, { cache: engine })
    app.all('/*', { config: route === undefined ? {} : { cache: route } }, (request, reply) => {
      reply.hijack()
      return handler(request.raw, reply.raw)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    later(() => app.close())
    return portOf(app.server)
  })
}
