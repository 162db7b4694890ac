import type { Store } from '@tiercel/cache-core'

type Open = (options: { readonly url: string; readonly prefix: string }) => Promise<Store>

/** By the URL's scheme. Imported when used: a process loads one driver. */
const ENGINES: Readonly<Record<string, Open>> = {
  redis: async (options) => (await import('@tiercel/cache-redis')).redisStore(options),
  memcached: async (options) => (await import('@tiercel/cache-memcached')).memcachedStore(options),
  couchbase: async (options) => (await import('@tiercel/cache-couchbase')).couchbaseStore(options),
  hazelcast: async (options) => (await import('@tiercel/cache-hazelcast')).hazelcastStore(options),
}

export async function openStore(url: string, prefix: string): Promise<Store> {
  const open = ENGINES[url.slice(0, url.indexOf(':'))]
  if (open === undefined) throw new Error(`no engine for ${url}`)
  return open({ url, prefix })
}
