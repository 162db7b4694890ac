import { describeStore } from '@tiercel/cache-conformance'
import { afterAll, describe, it } from 'vitest'
import create, { unreachable } from './conformance-cluster-store.js'
import { startCluster } from './support/cluster.js'

const cluster = await startCluster()
process.env.REDIS_TEST_CLUSTER = cluster?.nodes ?? ''

describe.skipIf(cluster === undefined)('a cluster of three masters', () => {
  afterAll(() => cluster?.stop())

  describeStore(
    { describe, it, afterAll },
    {
      name: 'the Redis store keeps the contract',
      create,
      unreachable,
      module: new URL('./conformance-cluster-store.ts', import.meta.url),
      execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'],
      // Three servers to connect to anew, on a busy machine.
      recoveryMs: 15_000,
      ...(cluster !== undefined && { faults: cluster }),
    },
  )
})
