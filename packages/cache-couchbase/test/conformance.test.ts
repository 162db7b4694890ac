import { describeStore } from '@tiercel/cache-conformance'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, it } from 'vitest'
import create, { unreachable } from './conformance-store.js'

const server = await startServer('couchbase')
process.env.COUCHBASE_TEST_URL = server?.url ?? ''

describe.skipIf(server === undefined)('one server', () => {
  afterAll(() => server?.stop())

  describeStore(
    { describe, it, afterAll },
    {
      name: 'the Couchbase store keeps the contract',
      create,
      unreachable,
      module: new URL('./conformance-store.ts', import.meta.url),
      execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'],
      timeoutMs: 6_000,
      // Connected anew in a moment, but not where the mock shares its core with many.
      recoveryMs: 20_000,
      ...(server === undefined || server.external ? {} : { faults: server }),
    },
  )
})
