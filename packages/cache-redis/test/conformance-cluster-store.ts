import type { StoreFactory } from '@tiercel/cache-conformance'
import { RedisStore } from '../src/index.js'
import { clusterClient } from './support/cluster.js'

/** A store on a client of the caller's, which the caller closes with it. */
const create: StoreFactory = ({ prefix }) => {
  const client = clusterClient(process.env.REDIS_TEST_CLUSTER ?? '')
  return new (class extends RedisStore {
    override async close(): Promise<void> {
      await super.close()
      client.disconnect()
    }
  })({ client, prefix })
}

export default create
