import { describeStore } from '@tiercel/cache-conformance'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, it } from 'vitest'
import create, { unreachable } from './conformance-store.js'

const server = await startServer('hazelcast', { count: 2 })
process.env.HAZELCAST_TEST_URL = server?.url ?? ''

describe.skipIf(server === undefined)('two members', () => {
  afterAll(() => server?.stop())

  describeStore(
    { describe, it, afterAll },
    {
      name: 'the Hazelcast store keeps the contract',
      create,
      unreachable,
      module: new URL('./conformance-store.ts', import.meta.url),
      execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'],
      ...(server === undefined || server.external ? {} : { faults: server }),
    },
  )
})
