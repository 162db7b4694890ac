import type { Cache, Store } from '@tiercel/cache-core'
import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '../database/database.js'
import { whyUnreachable } from '../open-store.js'

const STORE_DEADLINE_MS = 500

export interface HealthOptions {
  readonly database: Database
  readonly cache: Cache
  readonly store: Store
  /** The store's address without credentials. */
  readonly storeUrl: string
}

/**
 * `GET /healthz` says whether this process can serve, `GET /stats` how often it asked the database and what the cache
 * did.
 */
export const health: FastifyPluginAsync<HealthOptions> = async (app, { database, cache, store, storeUrl }) => {
  let cities: number | undefined
  // A failed load ends the process, in main.ts.
  database.ready.then(
    (count) => {
      cities = count
    },
    () => {},
  )

  // Without its store the demo is slower but works, so the status stays 200.
  app.get('/healthz', async (_request, reply) => {
    const problem = await whyUnreachable(store, STORE_DEADLINE_MS)
    return reply.code(cities === undefined ? 503 : 200).send({
      status: cities === undefined ? 'loading' : 'ok',
      cities: cities ?? 0,
      store: { url: storeUrl, reachable: problem === undefined, ...(problem === undefined ? {} : { problem }) },
    })
  })

  app.get('/stats', async () => ({ pid: process.pid, loads: database.loads, cache: cache.stats() }))
}
