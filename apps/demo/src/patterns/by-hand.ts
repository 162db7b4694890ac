// Pattern 2: the cache by hand, as a key-value store whose values expire.
import type { Cache, Duration } from '@tiercel/cache-core'
import type { FastifyPluginAsync } from 'fastify'

interface Address {
  Params: { name: string }
}

const WITH_A_TIME = {
  querystring: { type: 'object', properties: { ttl: { type: 'string', pattern: '^\\d+(ms|s|m|h|d|w)$' } } },
}

/**
 * `PUT /patterns/by-hand/:name` stores the JSON value of its body, for the time in `?ttl=30s`; `GET` answers it while
 * it lives; `DELETE` removes it.
 */
export const byHandPattern: FastifyPluginAsync<{ cache: Cache }> = async (app, { cache }) => {
  const values = cache.namespace('by-hand')

  app.get<Address>('/patterns/by-hand/:name', async (request, reply) => {
    const value = await values.get(request.params.name)
    // `0`, `''`, `false` and `null` are values; only `undefined` means that nothing is stored.
    if (value === undefined) return reply.code(404).send({ found: false })
    return { found: true, value, msLeft: await values.ttl(request.params.name) }
  })

  app.put<Address & { Body: unknown; Querystring: { ttl?: Duration } }>(
    '/patterns/by-hand/:name',
    { schema: WITH_A_TIME },
    async (request, reply) => {
      const { ttl } = request.query
      if (ttl === undefined) await values.set(request.params.name, request.body)
      else await values.set(request.params.name, request.body, { ttl })
      return reply.code(204).send()
    },
  )

  app.delete<Address>('/patterns/by-hand/:name', async (request, reply) => {
    await values.delete(request.params.name)
    return reply.code(204).send()
  })
}
