import { describeStore } from '@tiercel/cache-conformance'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, it } from 'vitest'
import create, { URL_VARIABLE, unreachable } from './conformance-store.js'

const server = await startServer('couchbase')
process.env[URL_VARIABLE] = server?.url

afterAll(() => server?.stop())

describe.skipIf(server === undefined)('couchbase', () => {
  describeStore(
    { describe, it, afterAll },
    {
      create,
      module: new URL('./conformance-store.ts', import.meta.url),
      execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'],
      unreachable,
      timeoutMs: 6_000,
      recoveryMs: 6_000,
      ...(server === undefined || server.external ? {} : { faults: server }),
    },
  )
})
