import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '../database/database.js'
import { cityKey } from '../keys.js'
import { findCity } from '../queries/city.js'
import type { Read } from './read.js'
import { CITY_ID } from './schemas.js'

const schema = { params: { type: 'object', properties: { id: CITY_ID } } }

/**
 * `GET /cities/:id`. The data is cached, also that there is no such city. A write deletes the key and is visible at
 * once.
 */
export const cityRoute: FastifyPluginAsync<{ database: Database; read: Read }> = async (app, { database, read }) => {
  app.get<{ Params: { id: number } }>('/cities/:id', { schema }, async (request, reply) => {
    const { id } = request.params
    const city = await read(request, reply, cityKey(id), () => findCity(database, id))
    return city ?? reply.code(404).send({ statusCode: 404, error: 'Not Found', message: `no city has the id ${id}` })
  })
}
