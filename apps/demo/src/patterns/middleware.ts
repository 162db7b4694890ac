// Pattern 3: a middleware over all routes below a path.
import type { Cache } from '@tiercel/cache-core'
import { httpCache } from '@tiercel/cache-core/fastify'
import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '../database/database.js'
import { drawWorldMap } from '../pictures/world-map.js'
import { worldStatistics } from '../queries/world-statistics.js'
import { timed } from '../server-timing.js'
import { traps } from './traps.js'
import { renderWorldPage } from './world-page.js'

/**
 * `/patterns/middleware/*`: every answer is stored for an hour under its relative URI, with its status, content type
 * and bytes unchanged. The routes know nothing about it. Without `statuses` a 201 and a 404 would not be stored; with
 * hosts the URI would not be relative.
 */
export const middlewarePattern: FastifyPluginAsync<{ cache: Cache; database: Database }> = async (
  app,
  { cache, database },
) => {
  await app.register(httpCache, { cache, ttl: '1h', host: false, statuses: [200, 201, 404] })

  app.get('/patterns/middleware/world.json', (request) => timed(request, () => worldStatistics(database)))

  app.get('/patterns/middleware/world.html', async (request, reply) => {
    const statistics = await timed(request, () => worldStatistics(database))
    return reply.type('text/html; charset=utf-8').send(renderWorldPage(statistics))
  })

  app.get('/patterns/middleware/map.png', async (request, reply) => {
    const picture = await timed(request, () => drawWorldMap(database))
    return reply.type('image/png').send(picture)
  })

  app.get('/patterns/middleware/created', async (_request, reply) =>
    reply.code(201).header('location', '/patterns/middleware/note').send({ created: true }),
  )

  app.get('/patterns/middleware/missing', async (_request, reply) => reply.code(404).send({ missing: true }))

  app.get('/patterns/middleware/empty', async (_request, reply) => reply.type('text/plain').send(''))

  app.register(traps)
}
