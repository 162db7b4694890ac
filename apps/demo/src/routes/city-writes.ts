import type { Cache } from '@tiercel/cache-core'
import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '../database/database.js'
import { cityKey, countryKey } from '../keys.js'
import { type City, removeCity, saveCity } from '../queries/city.js'
import { timed } from '../server-timing.js'
import { CITY_BODY, CITY_ID } from './schemas.js'

const params = { type: 'object', properties: { id: CITY_ID } }

/**
 * `PUT` and `DELETE /cities/:id`. First the database, then the cache: the other way round, a reader in between would
 * store the old city again. A load under way loses its lease to the delete, and what it read is not stored.
 */
export const cityWrites: FastifyPluginAsync<{ database: Database; cache: Cache }> = async (
  app,
  { database, cache },
) => {
  const forget = (id: number, ...countries: string[]) =>
    Promise.all([cache.delete(cityKey(id)), ...countries.map((code) => cache.delete(countryKey(code)))])

  app.put<{ Params: { id: number }; Body: Omit<City, 'id'> }>(
    '/cities/:id',
    { schema: { params, body: CITY_BODY } },
    async (request, reply) => {
      const { id } = request.params
      const city = { ...request.body, id, country: request.body.country.toUpperCase() }
      const { created, formerCountry } = await timed(request, () => saveCity(database, city))
      await forget(id, city.country, formerCountry ?? city.country)
      return reply.code(created ? 201 : 200).send(city)
    },
  )

  app.delete<{ Params: { id: number } }>('/cities/:id', { schema: { params } }, async (request, reply) => {
    const { id } = request.params
    const country = await timed(request, () => removeCity(database, id))
    if (country === undefined) {
      return reply.code(404).send({ statusCode: 404, error: 'Not Found', message: `no city has the id ${id}` })
    }
    await forget(id, country)
    return reply.code(204).send()
  })
}
