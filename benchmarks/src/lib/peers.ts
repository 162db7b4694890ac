import { type CacheEntry, type Cache as CachifiedCache, cachified } from '@epic-web/cachified'
import KeyvRedis from '@keyv/redis'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisDriver } from 'bentocache/drivers/redis'
import { createCache } from 'cache-manager'
import { Cacheable } from 'cacheable'
import type { Redis } from 'ioredis'
import { Keyv } from 'keyv'
import { Loader, RedisCache } from 'layered-loader'
import { LRUCache } from 'lru-cache'

/** A cache of others, as its own documentation uses it, asked for what it may have to load. */
export interface Peer {
  readonly name: string
  getOrLoad(key: string, load: () => Promise<object>): Promise<unknown>
  close(): Promise<unknown>
}

const TTL_MS = 3_600_000
const TTL_SECONDS = 3_600

/** Each in the memory of this process alone. */
export function inMemory(maxItems: number): Peer[] {
  const bento = new BentoCache({
    default: 'memory',
    ttl: '1h',
    stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems })) },
  })
  const manager = createCache({ ttl: TTL_MS })
  const cacheable = new Cacheable({ ttl: TTL_MS })
  const lru = new LRUCache<string, CacheEntry>({ max: maxItems })
  return [
    layered(new LoadersOf({ inMemoryCache: { cacheType: 'lru-object', ttlInMsecs: TTL_MS, maxItems } })),
    bentoPeer(bento),
    cacheablePeer(cacheable),
    managerPeer(manager),
    cachifiedPeer(lru),
  ]
}

/** Each on Redis, without a memory in front. */
export function onRedis(redis: Redis, url: string): Peer[] {
  const { hostname, port } = new URL(url)
  // Their keys have no prefix.
  const databaseOf = (number: number): Keyv => new Keyv({ store: new KeyvRedis(`${url}/${number}`) })
  const bento = new BentoCache({
    default: 'redis',
    ttl: '1h',
    stores: { redis: bentostore().useL2Layer(redisDriver({ connection: { host: hostname, port: Number(port) } })) },
  })
  const manager = createCache({ stores: [databaseOf(1)], ttl: TTL_MS })
  const cacheable = new Cacheable({ primary: databaseOf(2), ttl: TTL_MS })
  const adapter: CachifiedCache = {
    async get(key) {
      const stored = await redis.get(`cachified:${key}`)
      return stored === null ? undefined : (JSON.parse(stored) as CacheEntry)
    },
    set: (key, value) => redis.set(`cachified:${key}`, JSON.stringify(value), 'EX', TTL_SECONDS),
    delete: (key) => redis.del(`cachified:${key}`),
  }
  // It is written against an earlier major version, of which it uses `get` and `set`.
  const asyncCache = new RedisCache<object>(redis as never, { prefix: 'layered', ttlInMsecs: TTL_MS, json: true })
  return [
    layered(new LoadersOf({ asyncCache })),
    bentoPeer(bento),
    cacheablePeer(cacheable),
    managerPeer(manager),
    cachifiedPeer(adapter),
  ]
}

/** What its loader loads is said when it is made, not when it is called. */
class LoadersOf {
  readonly loader: Loader<object>
  load: (key: string) => Promise<object> = () => Promise.reject(new Error('nothing to load'))

  constructor(layers: Pick<ConstructorParameters<typeof Loader<object>>[0], 'inMemoryCache' | 'asyncCache'>) {
    const get = (key: string): Promise<object> => this.load(key)
    this.loader = new Loader<object>({ ...layers, dataSources: [{ name: 'source', get, getMany: async () => [] }] })
  }
}

function layered(loaders: LoadersOf): Peer {
  return {
    name: 'layered-loader',
    getOrLoad(key, load) {
      loaders.load = load
      return loaders.loader.get(key)
    },
    close: () => loaders.loader.close(),
  }
}

function bentoPeer(bento: {
  getOrSet(options: { key: string; factory: () => Promise<object> }): Promise<unknown>
  disconnectAll(): Promise<void>
}): Peer {
  return {
    name: 'bentocache',
    getOrLoad: (key, factory) => bento.getOrSet({ key, factory }),
    close: () => bento.disconnectAll(),
  }
}

function cacheablePeer(cacheable: Cacheable): Peer {
  return {
    name: 'cacheable',
    getOrLoad: (key, load) => cacheable.getOrSet(key, load),
    close: () => cacheable.disconnect(),
  }
}

function managerPeer(manager: ReturnType<typeof createCache>): Peer {
  return {
    name: 'cache-manager',
    getOrLoad: (key, load) => manager.wrap(key, load),
    close: () => manager.disconnect(),
  }
}

function cachifiedPeer(cache: CachifiedCache): Peer {
  return {
    name: 'cachified',
    getOrLoad: (key, load) => cachified({ key, cache, ttl: TTL_MS, getFreshValue: load }),
    close: async () => {},
  }
}
