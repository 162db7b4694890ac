import type { TestProject } from 'vitest/node'
import { startCluster } from './cluster.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of the cluster that all files share which do not harm it; `undefined` where there can be none. */
    cluster: string | undefined
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startCluster()
  project.provide('cluster', server?.url)
  return async () => server?.stop()
}
