import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '../database/database.js'
import { nearestCities } from '../queries/nearest-cities.js'
import { timed } from '../server-timing.js'
import { LATITUDE, LIMIT, LONGITUDE } from './schemas.js'

interface Query {
  readonly lat: number
  readonly lon: number
  readonly limit: number
}

const schema = {
  querystring: {
    type: 'object',
    required: ['lat', 'lon'],
    properties: { lat: LATITUDE, lon: LONGITUDE, limit: LIMIT },
  },
}

/** `query` names the parameters in the key; others in a URL make no entries of their own. */
const cache = { ttl: '1m', query: ['lat', 'lon', 'limit'] } as const

/** `GET /cities/near?lat=&lon=&limit=`. The whole answer is cached: a write shows in it within a minute. */
export const nearRoute: FastifyPluginAsync<{ database: Database }> = async (app, { database }) => {
  app.get<{ Querystring: Query }>('/cities/near', { schema, config: { cache } }, async (request) => ({
    cities: await timed(request, () => nearestCities(database, request.query)),
  }))
}
