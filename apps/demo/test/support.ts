import { createCache, memoryStore } from '@tiercel/cache-core'
import { afterAll, beforeAll } from 'vitest'
import { buildApp } from '../src/app.js'
import { Database } from '../src/database/database.js'
import { PgliteConnection } from '../src/database/pglite-connection.js'

export const BERLIN = 2_950_159

/** One for all test files, which share a process (vitest.config.ts): creating and filling it takes seconds. */
export const database = new Database(new PgliteConnection(process.env.DATABASE_SNAPSHOT))

/** The whole application over a memory store, for all tests of a file. */
export function startApp() {
  const store = memoryStore()
  const cache = createCache({ store })
  const app = buildApp({ database, cache, store, storeUrl: 'memory:' })

  beforeAll(async () => {
    await database.ready
    await app.ready()
  })
  afterAll(async () => {
    await app.close()
    await cache.close()
  })

  /** How often the database ran the named query while `work` went on. */
  const loadsDuring = async (name: string, work: () => Promise<unknown>): Promise<number> => {
    const before = database.loads[name] ?? 0
    await work()
    return (database.loads[name] ?? 0) - before
  }
  return { app, cache, database, loadsDuring }
}
