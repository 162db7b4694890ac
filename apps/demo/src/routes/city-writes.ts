import type { Cache } from '@tiercel/cache-core'
import type { FastifyPluginAsync } from 'fastify'
import { BadRequest } from '../bad-request.js'
import type { Database } from '../database/database.js'
import { cityKey, countryKey } from '../keys.js'
import { type City, findCity, removeCity, saveCity } from '../queries/city.js'
import { timed } from '../server-timing.js'
import { CITY_BODY, CITY_ID } from './schemas.js'

export interface CityWritesOptions {
  readonly database: Database
  readonly cache: Cache
  /** How many cities may be added to those that were loaded: the database is in memory, and anybody may write. */
  readonly maxAdded?: number
}

const params = { type: 'object', properties: { id: CITY_ID } }

/**
 * `PUT` and `DELETE /cities/:id`. They change the database first, then the cache: in the other order, a reader in
 * between would store the old city again. A delete takes the lease from a load under way, so what that has read is not
 * stored.
 */
export const cityWrites: FastifyPluginAsync<CityWritesOptions> = async (
  app,
  { database, cache, maxAdded = 10_000 },
) => {
  let added = 0
  const forget = (id: number, ...countries: string[]) =>
    Promise.all([cache.delete(cityKey(id)), ...countries.map((code) => cache.delete(countryKey(code)))])

  app.put<{ Params: { id: number }; Body: Omit<City, 'id'> }>(
    '/cities/:id',
    { schema: { params, body: CITY_BODY } },
    async (request, reply) => {
      const { id } = request.params
      const city = { ...request.body, id, country: request.body.country.toUpperCase() }
      if (added >= maxAdded && (await findCity(database, id)) === null) {
        throw new BadRequest(`the demo takes at most ${maxAdded} new cities`)
      }
      const { created, formerCountry } = await timed(request, () => saveCity(database, city))
      if (created) added++
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
    added--
    await forget(id, country)
    return reply.code(204).send()
  })
}
