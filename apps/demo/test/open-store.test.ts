import { memoryStore } from '@tiercel/cache-core'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../src/config.js'
import { openStore, publicUrl, whyUnreachable } from '../src/open-store.js'

describe('CACHE_URL', () => {
  it.each([
    ['memory:', 'memory'],
    ['redis://127.0.0.1:1', 'redis'],
    ['rediss://127.0.0.1:1', 'redis'],
    ['memcached://127.0.0.1:1,127.0.0.1:2', 'memcached'],
    ['couchbase://user:pass@127.0.0.1/bucket', 'couchbase'],
    ['hazelcast://127.0.0.1:1/map', 'hazelcast'],
  ])('%s opens its engine without connecting', async (url, name) => {
    const store = await openStore(url, 'test')
    expect(store.name).toBe(name)
    await store.close()
  })

  it.each([
    ['etcd://host', "CACHE_URL has the unknown scheme 'etcd:'; use one of memory:, redis://"],
    ['localhost', 'CACHE_URL has no scheme; use one of memory:, redis://'],
    ['constructor:', "CACHE_URL has the unknown scheme 'constructor:'; use one of"],
    ['redis://host:99999', 'CACHE_URL is wrong: '],
  ])('%s is refused in one sentence', async (url, sentence) => {
    await expect(openStore(url, 'test')).rejects.toThrow(ConfigError)
    await expect(openStore(url, 'test')).rejects.toThrow(sentence)
  })

  it('is shown without user and password', () => {
    expect(publicUrl('couchbase://user:p%40ss@host/bucket')).toBe('couchbase://host/bucket')
    expect(publicUrl('memory:')).toBe('memory:')
  })
})

describe('a store', () => {
  it('that answers is reachable', async () => {
    expect(await whyUnreachable(memoryStore(), 100)).toBeUndefined()
  })

  it('that fails is not, and says why', async () => {
    const store = memoryStore()
    await store.close()
    expect(await whyUnreachable(store, 100)).toBe('memory: the store is closed')
  })

  it('that is silent is not, after the time given', async () => {
    const silent = Object.assign(memoryStore(), { ping: () => new Promise<void>(() => {}) })
    expect(await whyUnreachable(silent, 20)).toBe('no answer within 20 ms')
  })
})
