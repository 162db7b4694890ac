import { createCache } from '@tiercel/cache-core'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.js'
import { type Config, ConfigError, readConfig } from './config.js'
import { Database } from './database/database.js'
import { WorkerConnection } from './database/worker-connection.js'
import { openStore, publicUrl, whyUnreachable } from './open-store.js'

const STORE_DEADLINE_MS = 2_000
/** How long requests under way may take after a signal before the process ends without them. */
const STOP_DEADLINE_MS = 5_000

try {
  await start(readConfig(process.env))
} catch (error) {
  // An error in the configuration prints one sentence; any other is a bug, and prints its stack.
  console.error(error instanceof ConfigError ? error.message : error)
  process.exit(1)
}

async function start(config: Config): Promise<void> {
  const store = await openStore(config.cacheUrl, config.cachePrefix)
  const storeUrl = publicUrl(config.cacheUrl)
  const { cacheTimeout } = config
  const cache = createCache({ store, ...(cacheTimeout === undefined ? {} : { storeTimeout: cacheTimeout }) })
  const database = new Database(new WorkerConnection(config.snapshot))
  const app = buildApp({ database, cache, store, storeUrl, host: config.host })

  stopOnSignal(async () => {
    await app.close()
    await cache.close()
    await database.close()
  })

  // Listens first: a port that is in use is reported at once, and an early request waits for the cities.
  const began = performance.now()
  const address = await listen(app, config)
  console.log('Loading the cities into PostgreSQL …')
  const [cities] = await Promise.all([database.ready, warnIfUnreachable()])
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${cities.toLocaleString('en')} cities loaded in ${seconds} s; the cache is ${storeUrl}`)
  console.log(`Tiercel demo: ${address}`)

  async function warnIfUnreachable(): Promise<void> {
    const problem = await whyUnreachable(store, STORE_DEADLINE_MS)
    if (problem === undefined) return
    console.warn(
      `Warning: the cache at ${storeUrl} does not answer (${problem}); the demo serves from its database until it does. Start that server, or set CACHE_URL.`,
    )
  }
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new ConfigError(
        `Port ${port} on ${host} is taken; choose another, or let the system choose: PORT=0 npm run demo`,
      )
    }
    if (code === 'EACCES') {
      throw new ConfigError(
        `Port ${port} needs rights that this user has not; choose one above 1023: PORT=3000 npm run demo`,
      )
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new ConfigError(`HOST ${host} is no address of this machine (${message}); try HOST=127.0.0.1`)
    }
    throw error
  }
}

/** Stops the demo in order on the first signal, at once on a second one. */
function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false
  const onSignal = (): void => {
    if (stopping) process.exit(1)
    stopping = true
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref()
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
}
