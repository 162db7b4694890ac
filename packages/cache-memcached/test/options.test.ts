import { InvalidOptionError } from '@tiercel/cache-core/store'
import { Client } from 'memjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type MemcachedStoreOptions, memcachedStore } from '../src/index.js'
import { parseOptions } from '../src/options.js'
import { FakeServer } from './support/fake-server.js'

const hosts = (options: MemcachedStoreOptions): string[] =>
  parseOptions(options).addresses.map(({ host, port }) => `${host}:${port}`)

describe('servers and URLs', () => {
  it('a port that is not named is 11211', () => {
    expect(hosts({ servers: ['cache-1', 'cache-2:11212', '[::1]:11213', '[::1]'] })).toEqual([
      'cache-1:11211',
      'cache-2:11212',
      '::1:11213',
      '::1:11211',
    ])
    expect(hosts({ url: 'memcached://cache-1,cache-2:11212' })).toEqual(['cache-1:11211', 'cache-2:11212'])
  })

  it('a URL carries credentials and times, and what stands beside it wins', () => {
    const url = 'memcached://user:p%40ss@cache?timeout=2s&connectTimeout=3000'
    expect(parseOptions({ url })).toMatchObject({
      addresses: [{ username: 'user', password: 'p@ss' }],
      bounds: { timeoutMs: 2_000, connectTimeoutMs: 3_000, probeIntervalMs: 100 },
    })
    expect(parseOptions({ url, username: 'other', password: 'secret', timeout: '1s' })).toMatchObject({
      addresses: [{ username: 'other', password: 'secret' }],
      bounds: { timeoutMs: 1_000, connectTimeoutMs: 3_000 },
    })
  })

  it.each<[string, unknown]>([
    ['url', { url: 'redis://cache' }],
    ['url', { url: 'memcached://cache/bucket' }],
    ['url', { url: 'memcached://cache:99999' }],
    ['url', { url: 'memcached://cache,cache:11211' }],
    ['url', { url: 'memcached://cache?colour=red' }],
    ['timeout', { url: 'memcached://cache?timeout=soon' }],
    ['servers', { url: 'memcached://cache', servers: ['cache'] }],
    ['password', { url: 'memcached://user@cache' }],
    ['url', {}],
    ['servers', { servers: [] }],
    ['servers', { servers: 'cache:11211' }],
    ['servers', { servers: ['cache:port'] }],
    ['servers', { servers: ['cache', 'cache:11211'] }],
    ['username', { servers: ['cache'], password: 'secret' }],
    ['timeout', { servers: ['cache'], timeout: 0 }],
    ['connectTimeout', { servers: ['cache'], connectTimeout: 'soon' }],
    ['probeInterval', { servers: ['cache'], probeInterval: -1 }],
    ['maxValueBytes', { servers: ['cache'], maxValueBytes: Number.NaN }],
    ['prefix', { servers: ['cache'], prefix: ':'.repeat(90) }],
    ['failover', { servers: ['cache'], failover: true }],
    ['memcachedStore', undefined],
    ['client', { client: {} }],
    ['timeout', { client: Client.create('cache'), timeout: 5 }],
    ['url', { client: Client.create('cache'), url: 'memcached://cache' }],
  ])('an option that cannot be meant is refused by its name: %s', (option, options) => {
    expect(() => memcachedStore(options as MemcachedStoreOptions)).toThrow(
      expect.objectContaining({ name: InvalidOptionError.name, option }),
    )
  })

  it.each<[unknown, string]>([
    [{ url: 'memcached://user:secret@cache/bucket' }, 'url'],
    [{ servers: ['cache'], username: 'user', password: 918_273 }, 'password'],
    [{ servers: 'memcached://user:secret@cache' }, 'servers'],
    [{ servers: ['user:secret@cache'] }, 'servers'],
    [{ url: ['memcached://user:secret@cache'] }, 'url'],
    ['memcached://user:secret@cache', 'memcachedStore'],
  ])('a password stands in no error: %j', (options, option) => {
    const create = (): unknown => memcachedStore(options as MemcachedStoreOptions)
    expect(create).not.toThrow(/secret|918/)
    expect(create).toThrow(expect.objectContaining({ name: InvalidOptionError.name, option }))
  })

  it('what is wrong is told what would be right', () => {
    const given =
      (options: unknown): unknown =>
      () =>
        memcachedStore(options as MemcachedStoreOptions)
    expect(given({ servers: 'cache:11211' })).toThrow(
      "servers: expected a list of servers, for example ['host-1:1234', 'host-2'], got a string",
    )
    expect(given({ server: ['cache'] })).toThrow("server: memcachedStore has no such option; did you mean 'servers'?")
    expect(given({ servers: ['cache'], maxValueBytes: '1mb' })).toThrow(
      "maxValueBytes: expected a whole number from 1 to 1073741312, got '1mb'",
    )
    expect(given({})).toThrow('url: missing; give a url, servers or a client of your own')
    expect(given({ servers: undefined, url: 'memcached://cache', timeout: undefined, client: undefined })).not.toThrow()
  })
})

describe("a memjs client of the caller's", () => {
  let fake: FakeServer

  beforeEach(async () => {
    fake = await FakeServer.start()
  })

  afterEach(() => fake.stop())

  it('lends its servers, credentials and timeouts', () => {
    const client = Client.create('user:secret@cache-1:11212,user:secret@cache-2', { timeout: 0.25, conntimeout: 2 })
    expect(parseOptions({ client })).toMatchObject({
      addresses: [
        { host: 'cache-1', port: 11_212, username: 'user', password: 'secret' },
        { host: 'cache-2', port: 11_211, username: 'user', password: 'secret' },
      ],
      bounds: { timeoutMs: 250, connectTimeoutMs: 2_000 },
    })
  })

  it('is neither used nor closed', async () => {
    const client = Client.create(fake.address, { logger: { log: () => {} } })
    await client.set('theirs', 'value')
    const store = memcachedStore({ client })
    await store.set('ours', Buffer.from('value'))
    expect(fake.connections).toBe(2)
    await store.close()
    expect((await client.get('theirs')).value?.toString()).toBe('value')
    expect(fake.connections).toBe(2)
    client.close()
  })
})
