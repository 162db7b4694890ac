// Pattern 1: one cached route with a lifetime of its own.
import type { Cache } from '@tiercel/cache-core'
import { httpCache } from '@tiercel/cache-core/fastify'
import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '../database/database.js'
import { worldStatistics } from '../queries/world-statistics.js'
import { timed } from '../server-timing.js'

/** `GET /patterns/route`: statistics of the world. The handler runs once in 30 seconds, for all processes together. */
export const routePattern: FastifyPluginAsync<{ cache: Cache; database: Database }> = async (
  app,
  { cache, database },
) => {
  // The answer is the same under every host name and port, so one entry serves all.
  await app.register(httpCache, { cache, host: false })

  app.get('/patterns/route', { config: { cache: { ttl: '30s' } } }, (request) =>
    timed(request, () => worldStatistics(database)),
  )
}
