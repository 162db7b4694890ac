// Pattern 4: cache-aside. The application asks the cache, and on a miss the database.
import type { Cache } from '@tiercel/cache-core'
import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '../database/database.js'
import { namesBeginningWith } from '../queries/names-beginning-with.js'
import { timed } from '../server-timing.js'

const schema = {
  querystring: {
    type: 'object',
    required: ['key'],
    properties: { key: { type: 'string', minLength: 1, maxLength: 200 } },
  },
}

/**
 * `GET /data?key=`: totals of the cities whose name begins with the key.
 *
 * `getOrSet` is `get`, load and `set` in one. Written out by hand, a hundred requests for a cold key load it a hundred
 * times, and a slow load may store an old value over a newer one.
 */
export const cacheAsidePattern: FastifyPluginAsync<{ cache: Cache; database: Database }> = async (
  app,
  { cache, database },
) => {
  app.get<{ Querystring: { key: string } }>('/data', { schema }, async (request) => {
    const { key } = request.query
    let source = 'cache'
    const data = await cache.getOrSet(
      ['data', key],
      () => {
        source = 'database'
        return timed(request, () => namesBeginningWith(database, key))
      },
      { ttl: '10m' },
    )
    return { key, source, data }
  })
}
