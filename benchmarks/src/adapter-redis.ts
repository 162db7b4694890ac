/** The Redis store over bare ioredis. */
import { redisStore } from '@tiercel/cache-redis'
import { Redis } from 'ioredis'
import { compareAdapter, PREFIX } from './lib/compare-adapter.js'
import { publish } from './lib/publish.js'
import { serverFor } from './lib/servers.js'

const server = await serverFor('redis')
const redis = new Redis(server.url)
const store = redisStore({ url: server.url, prefix: PREFIX })

publish(
  await compareAdapter({
    engine: 'Redis',
    driverName: { get: 'ioredis getBuffer', set: 'ioredis set' },
    driver: {
      get: (key) => redis.getBuffer(key),
      set: (key, value, ttlMs) => redis.set(key, value, 'PX', ttlMs),
    },
    store,
  }),
)
redis.disconnect()
await store.close()
await server.stop()
