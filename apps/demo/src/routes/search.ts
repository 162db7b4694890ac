import type { FastifyPluginAsync } from 'fastify'
import { BadRequest } from '../bad-request.js'
import type { Database } from '../database/database.js'
import { fold } from '../database/fold.js'
import { searchCities } from '../queries/search-cities.js'
import { timed } from '../server-timing.js'
import { LIMIT, SEARCH_TEXT } from './schemas.js'

interface Query {
  readonly q: string
  readonly limit: number
}

const schema = {
  querystring: { type: 'object', required: ['q'], properties: { q: SEARCH_TEXT, limit: LIMIT } },
}

/** `query` names the parameters in the key; others in a URL make no entries of their own. */
const cache = { ttl: '1m', query: ['q', 'limit'] } as const

/** `GET /search?q=&limit=`. The whole answer is cached: a write shows in it within a minute. */
export const searchRoute: FastifyPluginAsync<{ database: Database }> = async (app, { database }) => {
  app.get<{ Querystring: Query }>('/search', { schema, config: { cache } }, async (request) => {
    if (fold(request.query.q) === '') throw new BadRequest('querystring/q must hold more than spaces')
    return { cities: await timed(request, () => searchCities(database, request.query)) }
  })
}
