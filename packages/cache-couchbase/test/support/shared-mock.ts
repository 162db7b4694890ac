import { startServer } from '@tiercel/servers'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of the server that all files share which do not harm it; `undefined` where there can be none. */
    server: string | undefined
    /** The same, unless the environment names it: an external server is left in peace. */
    mock: string | undefined
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer('couchbase')
  project.provide('server', server?.url)
  project.provide('mock', server?.external ? undefined : server?.url)
  return async () => server?.stop()
}
