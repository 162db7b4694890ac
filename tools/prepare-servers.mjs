// A child of tools/test.mjs under tsx, since the launcher is TypeScript. Installs what the engines need before the
// tests start, so that no download counts as a slow test. Sends one message for each engine.
import { prepareServers } from './servers/src/index.ts'

/** @typedef {{ engine: import('./servers/src/index.ts').Engine, problem: string | undefined }} Prepared */

/** @type {readonly import('./servers/src/index.ts').Engine[]} */
const ENGINES = ['redis', 'memcached', 'couchbase', 'hazelcast']

for (const engine of ENGINES) {
  const problem = await prepareServers([engine]).then(
    () => undefined,
    (error) => (error instanceof Error ? error.message : String(error)),
  )
  process.send?.(/** @type {Prepared} */ ({ engine, problem }))
}
process.disconnect?.()
