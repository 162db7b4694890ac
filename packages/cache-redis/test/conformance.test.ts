import { describeStore } from '@tiercel/cache-conformance'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, it } from 'vitest'
import { redisStore } from '../src/index.js'
import create from './conformance-store.js'

const server = await startServer('redis')
process.env.CONFORMANCE_REDIS_URL = server?.url
afterAll(() => server?.stop())

describe.skipIf(server === undefined)('redis', () => {
  describeStore(
    { describe, it, afterAll },
    {
      create,
      module: new URL('./conformance-store.ts', import.meta.url),
      execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'],
      // Port 9 (discard) is privileged, and nobody listens there.
      unreachable: ({ prefix }) => redisStore({ url: 'redis://127.0.0.1:9', prefix }),
      ...(server?.external === false && { faults: server }),
    },
  )
})
