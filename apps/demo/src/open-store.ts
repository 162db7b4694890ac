import { setTimeout } from 'node:timers/promises'
import { InvalidOptionError, memoryStore, type Store } from '@tiercel/cache-core'
import { ConfigError } from './config.js'

type Open = (options: { readonly url: string; readonly prefix: string }) => Promise<Store>

/** Engines by the scheme of `CACHE_URL`. An adapter is imported only when used, so the others need not be installed. */
const ENGINES: ReadonlyMap<string, Open> = new Map(
  Object.entries<Open>({
    memory: async () => memoryStore(),
    redis: async (options) => (await import('@tiercel/cache-redis')).redisStore(options),
    rediss: async (options) => (await import('@tiercel/cache-redis')).redisStore(options),
    memcached: async (options) => (await import('@tiercel/cache-memcached')).memcachedStore(options),
    couchbase: async (options) => (await import('@tiercel/cache-couchbase')).couchbaseStore(options),
    couchbases: async (options) => (await import('@tiercel/cache-couchbase')).couchbaseStore(options),
    hazelcast: async (options) => (await import('@tiercel/cache-hazelcast')).hazelcastStore(options),
  }),
)

const FORMS =
  'memory:, redis://host:6379, rediss://…, memcached://host:11211, couchbase://user:pass@host/bucket, hazelcast://host:5701/map'

/**
 * Opens the store that `CACHE_URL` names. It connects with its first operation.
 * @throws ConfigError for a URL that names no store.
 */
export async function openStore(url: string, prefix: string): Promise<Store> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  const open = scheme === undefined ? undefined : ENGINES.get(scheme)
  if (scheme === undefined || open === undefined) {
    const problem = scheme === undefined ? 'has no scheme' : `has the unknown scheme '${scheme}:'`
    throw new ConfigError(`CACHE_URL ${problem}; use one of ${FORMS}.`)
  }
  try {
    return await open({ url, prefix })
  } catch (error) {
    if (error instanceof InvalidOptionError) throw new ConfigError(`CACHE_URL is wrong: ${error.message}.`)
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') {
      throw new ConfigError(`CACHE_URL needs a package that is not installed: ${(error as Error).message}.`)
    }
    throw error
  }
}

/** A store's URL without user and password. */
export function publicUrl(url: string): string {
  return url.replace(/\/\/[^@/?#]*@/, '//')
}

/** Why the store does not answer within the time; `undefined` if it does. */
export async function whyUnreachable(store: Store, withinMs: number): Promise<string | undefined> {
  const late = setTimeout(withinMs, `no answer within ${withinMs} ms`, { ref: false })
  try {
    return await Promise.race([store.ping().then(() => undefined), late])
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
