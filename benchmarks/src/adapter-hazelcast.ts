/** The Hazelcast store over a bare map of hazelcast-client. */
import { hazelcastStore } from '@tiercel/cache-hazelcast'
import { Client } from 'hazelcast-client'
import { parseOptions } from '../../packages/cache-hazelcast/src/options.js'
import { compareAdapter, PREFIX } from './lib/compare-adapter.js'
import { publish } from './lib/publish.js'
import { serverFor } from './lib/servers.js'

const server = await serverFor('hazelcast')
const { source, map: name } = parseOptions({ url: server.url })
if (!('config' in source)) throw new TypeError('a url names a cluster')
const { clusterName, network } = source.config
const client = await Client.newHazelcastClient({
  clusterName: clusterName as string,
  network: { clusterMembers: network?.clusterMembers as string[] },
  properties: { 'hazelcast.logging.level': 'OFF' },
})
const map = await client.getMap<string, Buffer>(name)
const store = hazelcastStore({ url: server.url, prefix: PREFIX })

publish(
  await compareAdapter({
    engine: 'Hazelcast',
    driverName: { get: 'hazelcast-client IMap.get', set: 'hazelcast-client IMap.set' },
    driver: {
      get: (key) => map.get(key),
      set: (key, value, ttlMs) => map.set(key, value, ttlMs),
    },
    store,
  }),
)
await client.shutdown()
await store.close()
await server.stop()
