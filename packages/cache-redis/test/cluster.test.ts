import { createCache } from '@tiercel/cache-core'
import { guardStore, StoreUnavailableError } from '@tiercel/cache-core/store'
import { Cluster } from 'ioredis'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { failFast, failFastCluster, redisStore } from '../src/index.js'
import { clusterClient, startCluster } from './support/cluster.js'
import { bytes, bytesSent, openClient, openStore, uniquePrefix } from './support/stores.js'
import { hearWarnings } from './support/warnings.js'

const cluster = await startCluster()
const nodes = cluster?.nodes ?? ''
const KEYS = Array.from({ length: 60 }, (_, index) => `key-${index}`)

afterAll(() => cluster?.stop())
afterEach(() => cluster?.thaw())

describe.skipIf(cluster === undefined)('a cluster', () => {
  it.each([
    ['a url', { url: `redis+cluster://${nodes}` }],
    ['the option cluster', { cluster: [nodes.split(',')[0] ?? ''] }],
  ])('is reached by %s alone', async (_, options) => {
    const heard = hearWarnings()
    const store = openStore(options)
    // The first operations of a process, all at once and on every node.
    await store.setMany(KEYS.map((key) => ({ key, bytes: bytes(key) })))
    const entries = await store.getMany(KEYS)
    expect(entries.map((entry) => Buffer.from(entry?.bytes ?? []).toString())).toEqual(KEYS)
    expect(new Set(KEYS.map((key) => store.serverOf(key)))).toEqual(new Set(nodes.split(',')))
    await store.purge()
    expect((await store.getMany(KEYS)).filter(Boolean)).toEqual([])
    expect(heard).toEqual([])
  })

  it("says where a key lies also behind a client's own prefix and with a hash tag", async () => {
    const client = new Cluster([{ host: '127.0.0.1', port: Number(nodes.split(',')[0]?.split(':')[1]) }], {
      ...failFastCluster,
      keyPrefix: 'own:',
    })
    client.on('error', () => {})
    const store = openStore({ client, prefix: 'p' })
    for (const key of [...KEYS, '{tag}a', '{tag}b', 'ümläut']) {
      await store.set(key, bytes('value'))
      const [host, port] = store.serverOf(key)?.split(':') ?? []
      expect(await openClient(`redis://${host}:${port}`).exists(`own:p:${key}`)).toBe(1)
    }
    client.disconnect()
  })

  it('sends no more of a planted value than maxValueBytes, alone and in a batch, to a client of the caller’s too', async () => {
    const client = clusterClient(nodes)
    const sent = bytesSent(...nodes.split(',').map((node) => openClient(`redis://${node}`)))
    // The first store waits until the client is connected.
    for (const options of [{ client }, { url: `redis+cluster://${nodes}` }]) {
      const prefix = uniquePrefix()
      const store = openStore({ ...options, prefix, maxValueBytes: 10_000 })
      await store.set('small', bytes('small'))
      await client.setrange(`${prefix}:key`, 32_000_000, 'x')
      const before = await sent()
      expect((await store.get('key'))?.bytes.byteLength).toBe(0)
      const found = await store.getMany(['small', 'key', 'none'])
      expect(found.map((entry) => entry?.bytes.byteLength)).toEqual([5, 0, undefined])
      // Nodes talk to each other meanwhile.
      expect((await sent()) - before).toBeLessThan(1_000_000)
      expect(await store.compareAndSet('key', found[1]?.version ?? '', bytes('new'))).toBeDefined()
    }
    client.disconnect()
  })

  it('that has one frozen node answers for the others, in a batch too, and soon at once', async () => {
    const store = openStore({ url: `redis+cluster://${nodes}` })
    // Long enough for a server that shares its core with others.
    const guarded = guardStore(store, { timeout: '2s' })
    await guarded.setMany(KEYS.map((key) => ({ key, bytes: bytes(key) })))
    const [frozen] = cluster?.servers ?? []
    const lost = new Set(KEYS.filter((key) => store.serverOf(key) === frozen?.url.replace('redis://', '')))
    expect(lost.size).toBeGreaterThan(0)
    await frozen?.freeze()
    const took: number[] = []
    for (let round = 0; round < 12; round++) {
      const began = performance.now()
      const outcomes = await guarded.getEach(KEYS)
      took.push(performance.now() - began)
      for (const [index, key] of KEYS.entries()) expect(outcomes[index] instanceof Error).toBe(lost.has(key))
    }
    expect(guarded.openBreakers).toBe(1)
    expect(Math.min(...took.slice(6))).toBeLessThan(250)
    await frozen?.thaw()
    await expect
      .poll(() => guarded.getMany(KEYS).then((found) => found.filter(Boolean).length, String))
      .toBe(KEYS.length)
  })

  it('that has lost a node fails its keys at once, and no others', async () => {
    const store = openStore({ url: `redis+cluster://${nodes}` })
    await store.setMany(KEYS.map((key) => ({ key, bytes: bytes(key) })))
    const [lost] = cluster?.servers ?? []
    const address = lost?.url.replace('redis://', '')
    const theirs = new Set(KEYS.filter((key) => store.serverOf(key) === address))
    expect(theirs.size).toBeGreaterThan(0)
    await lost?.kill()
    const outcomes = async (): Promise<Map<string, unknown>> =>
      new Map(await Promise.all(KEYS.map(async (key) => [key, await store.get(key).catch((error) => error)] as const)))
    let found = await outcomes()
    const again = async (): Promise<number> => {
      const began = performance.now()
      found = await outcomes()
      return performance.now() - began
    }
    await expect.poll(again).toBeLessThan(100)
    for (const [key, outcome] of found) {
      if (theirs.has(key)) expect(outcome).toBeInstanceOf(StoreUnavailableError)
      else expect(outcome).toHaveProperty('bytes')
    }
    await cluster?.restart()
    await expect.poll(() => store.ping().then(() => 'works', String)).toBe('works')
  })

  it('of which a plain url names one node is told, and what lies on that node works', async () => {
    const heard = hearWarnings()
    const [url = ''] = nodes.split(',').map((node) => `redis://${node}`)
    const cache = createCache({ store: openStore({ url }) })
    for (const key of KEYS) expect(await cache.getOrSet(key, async () => key)).toBe(key)
    expect(heard).toEqual([expect.stringMatching(/one node of a cluster.*redis\+cluster:\/\//)])
    await cache.close()
  })

  it('client of the caller that fails slowly is told what to set', () => {
    const heard = hearWarnings()
    const slow = new Cluster([{ port: 1 }], { lazyConnect: true, retryDelayOnFailover: 0, redisOptions: failFast })
    openStore({ client: slow })
    expect(heard).toEqual([
      expect.stringMatching(/queues commands while a node is away; create it with failFastCluster/),
    ])
    openStore({ client: new Cluster([{ port: 1 }], { ...failFastCluster, lazyConnect: true }) })
    expect(heard).toHaveLength(1)
    openStore({ client: new Cluster([{ port: 1 }], { ...failFastCluster, lazyConnect: true, scaleReads: 'slave' }) })
    expect(heard[1]).toMatch(/reads from replicas/)
  })

  it('has no other database than 0', async () => {
    const [node = ''] = nodes.split(',')
    await expect(openStore({ url: `redis://${node}/3` }).ping()).rejects.toThrow(/SELECT 3 was refused.*cluster mode/)
    const client = clusterClient(nodes)
    client.options.redisOptions = { ...failFast, db: 3 }
    expect(() => redisStore({ client, prefix: uniquePrefix() })).toThrow('a cluster has database 0 only')
    expect(() => redisStore({ url: `redis+cluster://${nodes}/3` })).toThrow('no databases')
    client.disconnect()
  })
})
