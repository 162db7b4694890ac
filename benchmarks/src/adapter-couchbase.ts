/** The Couchbase store over the bare SDK; on the vendor's mock, unless `TIERCEL_COUCHBASE_URL` names a server. */
import { couchbaseStore } from '@tiercel/cache-couchbase'
import { connect, RawBinaryTranscoder } from 'couchbase'
import { parseOptions } from '../../packages/cache-couchbase/src/options.js'
import { compareAdapter, PREFIX } from './lib/compare-adapter.js'
import { publish } from './lib/publish.js'
import { serverFor } from './lib/servers.js'

const server = await serverFor('couchbase')
const { source } = parseOptions({ url: server.url })
if (!('connectionString' in source)) throw new TypeError('a url names a cluster')
const cluster = await connect(source.connectionString, source.options)
const collection = source.open(cluster)
const store = couchbaseStore({ url: server.url, prefix: PREFIX, kvTimeout: '2.5s' })
const transcoder = new RawBinaryTranscoder()

publish(
  await compareAdapter({
    engine: 'Couchbase',
    driverName: { get: 'couchbase get', set: 'couchbase upsert' },
    driver: {
      get: (key) => collection.get(key, { transcoder }),
      set: (key, value, ttlMs) => collection.upsert(key, value, { transcoder, expiry: ttlMs / 1_000 }),
    },
    store,
  }),
)
await cluster.close()
await store.close()
await server.stop()
