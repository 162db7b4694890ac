import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '../database/database.js'
import { countryKey } from '../keys.js'
import { countryStatistics } from '../queries/country-statistics.js'
import type { Read } from './read.js'
import { COUNTRY_CODE } from './schemas.js'

const schema = { params: { type: 'object', properties: { code: COUNTRY_CODE } } }

/**
 * `GET /countries/:code`. The data is cached, not the answer: a write to one of the country's cities deletes the key,
 * and `/countries/de` and `/countries/DE` share it.
 */
export const countryRoute: FastifyPluginAsync<{ database: Database; read: Read }> = async (app, { database, read }) => {
  app.get<{ Params: { code: string } }>('/countries/:code', { schema }, async (request, reply) => {
    const code = request.params.code.toUpperCase()
    const statistics = await read(request, reply, countryKey(code), () => countryStatistics(database, code))
    return statistics ?? reply.code(404).send({ statusCode: 404, error: 'Not Found', message: `no city in ${code}` })
  })
}
