import { describeStore } from '@tiercel/cache-conformance'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, it } from 'vitest'
import { memcachedStore } from '../src/index.js'
import create from './conformance-store.js'

const server = await startServer('memcached', { count: 3 })
process.env.TEST_MEMCACHED_URL = server?.url
afterAll(() => server?.stop())

describe.skipIf(server === undefined)('three servers', () => {
  describeStore(
    { describe, it, afterAll },
    {
      create,
      module: new URL('./conformance-store.ts', import.meta.url),
      execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'],
      unreachable: ({ prefix }) => memcachedStore({ servers: ['127.0.0.1:1'], prefix }),
      ...(server === undefined || server.external ? {} : { faults: server }),
    },
  )
})
