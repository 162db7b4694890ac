import { describeStore } from '@tiercel/cache-conformance'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, it } from 'vitest'
import create, { unreachable } from '../conformance-store.js'

/** The whole suite on so many servers. */
export async function describeConformance(name: string, count: number): Promise<void> {
  const server = await startServer('memcached', { count })
  process.env.MEMCACHED_TEST_URL = server?.url ?? ''

  describe.skipIf(server === undefined)(name, () => {
    afterAll(() => server?.stop())

    describeStore(
      { describe, it, afterAll },
      {
        name: 'the Memcached store keeps the contract',
        create,
        unreachable,
        module: new URL('../conformance-store.ts', import.meta.url),
        execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'],
        ...(server === undefined || server.external ? {} : { faults: server }),
      },
    )
  })
}
