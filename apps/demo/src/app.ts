import type { Cache, Store } from '@tiercel/cache-core'
import { httpCache } from '@tiercel/cache-core/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import { keepOtherSitesOut } from './browser-safety.js'
import type { Database } from './database/database.js'
import { page } from './page.js'
import { byHandPattern } from './patterns/by-hand.js'
import { cacheAsidePattern } from './patterns/cache-aside.js'
import { middlewarePattern } from './patterns/middleware.js'
import { routePattern } from './patterns/route.js'
import { cityRoute } from './routes/city.js'
import { cityWrites } from './routes/city-writes.js'
import { countryRoute } from './routes/country.js'
import { health } from './routes/health.js'
import { nearRoute } from './routes/near.js'
import { readDatabase, readThrough } from './routes/read.js'
import { searchRoute } from './routes/search.js'
import { addServerTiming } from './server-timing.js'

export interface Parts {
  readonly database: Database
  readonly cache: Cache
  /** The store behind the cache, only asked whether it answers. */
  readonly store: Store
  /** The store's address without credentials. */
  readonly storeUrl: string
  /** The name of the host that it listens on: answered beside the names of this machine. */
  readonly host?: string
}

/** Builds the application. It does not close any of its parts. */
export function buildApp({ database, cache, store, storeUrl, host }: Parts): FastifyInstance {
  // With `strictNumbers`, Fastify's default, Ajv does not check a maximum on Infinity, and `?lat=1e999` would pass.
  const app = fastify({ ajv: { customOptions: { strictNumbers: false } } })
  addServerTiming(app)
  keepOtherSitesOut(app, host)

  app.register(page)
  app.register(health, { database, cache, store, storeUrl })

  // Answers cached as a whole, each route with its own lifetime. They are the same under every host name and port, so
  // processes share them.
  app.register(async (answers) => {
    await answers.register(httpCache, { cache, host: false })
    answers.register(nearRoute, { database })
    answers.register(searchRoute, { database })
  })

  // Data cached under keys of its own, which a write deletes.
  const read = readThrough(cache)
  app.register(cityRoute, { database, read })
  app.register(countryRoute, { database, read })
  app.register(cityWrites, { database, cache })

  app.register(routePattern, { cache, database })
  app.register(byHandPattern, { cache })
  app.register(middlewarePattern, { cache, database })
  app.register(cacheAsidePattern, { cache, database })

  // The same reads without a cache, for comparison.
  app.register(
    async (uncached) => {
      uncached.register(nearRoute, { database })
      uncached.register(searchRoute, { database })
      uncached.register(cityRoute, { database, read: readDatabase })
      uncached.register(countryRoute, { database, read: readDatabase })
    },
    { prefix: '/uncached' },
  )
  return app
}
