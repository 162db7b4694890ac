/** The Memcached store over the hardened memjs that it stands on. `memcached-reads.ts` compares with stock memjs. */
import { memcachedStore } from '@tiercel/cache-memcached'
import { HardenedClient } from '../../packages/cache-memcached/src/memjs/client.js'
import { parseOptions } from '../../packages/cache-memcached/src/options.js'
import { compareAdapter, PREFIX } from './lib/compare-adapter.js'
import { publish } from './lib/publish.js'
import { serverFor } from './lib/servers.js'

const server = await serverFor('memcached')
const { addresses, bounds } = parseOptions({ url: server.url })
const client = new HardenedClient(addresses, bounds)
const store = memcachedStore({ url: server.url, prefix: PREFIX })

publish(
  await compareAdapter({
    engine: 'Memcached',
    driverName: { get: 'hardened memjs get', set: 'hardened memjs set' },
    driver: {
      get: (key) => client.get(key),
      set: (key, value, ttlMs) => client.set(key, value, { expires: ttlMs / 1_000 }),
    },
    store,
  }),
)
client.close()
await store.close()
await server.stop()
