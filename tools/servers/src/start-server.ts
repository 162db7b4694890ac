import { debianProgram } from './debian.js'
import { couchbaseJar, planCouchbase } from './engines/couchbase.js'
import { hazelcastJar, planHazelcast } from './engines/hazelcast.js'
import { planMemcached } from './engines/memcached.js'
import { planRedis } from './engines/redis.js'
import { externalServer } from './external-server.js'
import { LocalServer, type Plan } from './local-server.js'
import { javaProgram } from './maven.js'
import type { Engine, Server, StartOptions } from './server.js'
import { recordSkipped } from './skipped.js'

interface Launcher {
  /** Downloads and installs what is missing. */
  prepare(): Promise<unknown>
  /** Chooses the ports. */
  plan(options: StartOptions): Promise<Plan>
}

const LAUNCHERS: Readonly<Record<Engine, Launcher>> = {
  redis: { prepare: () => debianProgram('redis-server'), plan: planRedis },
  memcached: { prepare: () => debianProgram('memcached'), plan: planMemcached },
  couchbase: { prepare: async () => [javaProgram(), await couchbaseJar()], plan: planCouchbase },
  hazelcast: { prepare: async () => [javaProgram(), await hazelcastJar()], plan: planHazelcast },
}

/** Another run may take a port that was free before the server listens on it. */
const START_ATTEMPTS = 3

/**
 * The server named by `TIERCEL_<ENGINE>_URL`, or a private one on free loopback ports. Installs what is missing, where
 * this process may.
 *
 * If neither is possible: throws where `CI` is set, so that nothing is skipped silently; otherwise returns `undefined`
 * and writes the reason to `test-results/skipped.json` in the current folder.
 */
export async function startServer(engine: Engine, options: StartOptions = {}): Promise<Server | undefined> {
  const external = externalServer(engine)
  if (external !== undefined) return external
  try {
    return await startLocal(engine, options)
  } catch (error) {
    if (process.env.CI) throw error
    recordSkipped(engine, error instanceof Error ? error.message : String(error))
    return undefined
  }
}

/**
 * Downloads and installs what the engines need, without starting them. Engines that a URL in the environment names need
 * nothing.
 * @throws Error that says what is missing.
 */
export async function prepareServers(engines: readonly Engine[]): Promise<void> {
  for (const engine of engines) if (externalServer(engine) === undefined) await LAUNCHERS[engine].prepare()
}

async function startLocal(engine: Engine, options: StartOptions): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const plan = await LAUNCHERS[engine].plan(options)
    try {
      return await LocalServer.start(plan)
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error
    }
  }
}
