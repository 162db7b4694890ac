import type { Cache } from '@tiercel/cache-core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { timed } from '../server-timing.js'

/** How a route gets its data: through the cache, or straight from the database for comparison. */
export type Read = <T>(
  request: FastifyRequest,
  reply: FastifyReply,
  key: readonly (string | number)[],
  load: () => Promise<T>,
) => Promise<T>

export const readDatabase: Read = (request, _reply, _key, load) => timed(request, load)

/**
 * Values live for five minutes, or until a write deletes their key. Reports the result in `Cache-Status` (RFC 9211).
 */
export function readThrough(cache: Cache): Read {
  return async (request, reply, key, load) => {
    let loaded = false
    const value = await cache.getOrSet(
      key,
      () => {
        loaded = true
        return timed(request, load)
      },
      { ttl: '5m' },
    )
    reply.header('cache-status', loaded ? 'tiercel-data; fwd=miss' : 'tiercel-data; hit')
    return value
  }
}
