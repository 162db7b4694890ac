import type { StoreFactory } from '@tiercel/cache-conformance'
import { RedisStore } from '../src/redis-store.js'
import { clusterClient } from './support/cluster.js'

/** A store on a client of the caller's, which the caller closes with it. */
function open(nodes: string, prefix: string): RedisStore {
  const client = clusterClient(nodes)
  return new (class extends RedisStore {
    override async close(): Promise<void> {
      await super.close()
      client.disconnect()
    }
  })({ client, prefix })
}

const create: StoreFactory = ({ prefix }) => open(process.env.REDIS_TEST_CLUSTER ?? '', prefix)

/** Port 1 is nobody's. */
export const unreachable: StoreFactory = ({ prefix }) => open('127.0.0.1:1', prefix)

export default create
