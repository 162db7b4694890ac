import { InvalidOptionError } from '@tiercel/cache-core/store'
import { Cluster, type ConnectOptions } from 'couchbase'
import { describe, expect, it } from 'vitest'
import { type CouchbaseStoreOptions, couchbaseStore } from '../src/index.js'
import { parseOptions, type Target } from '../src/options.js'

function target(options: CouchbaseStoreOptions): Target {
  return parseOptions(options).source as Target
}

/** Scope, collection and bucket that the options lead to. No connection is made. */
function keyspace(options: CouchbaseStoreOptions): string {
  const collection = target(options).open(new Cluster('couchbase://localhost'))
  return `${collection.scope.bucket.name}/${collection.scope.name}/${collection.name}`
}

function refusal(options: unknown): string {
  try {
    couchbaseStore(options as CouchbaseStoreOptions)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError)
    return (error as InvalidOptionError).option
  }
  return 'accepted'
}

describe('the url', () => {
  it('names hosts, user, password and bucket', () => {
    const options = { url: 'couchbase://me:p%40ss@h1:11210,h2/pages' }
    expect(target(options).connectionString).toBe('couchbase://h1:11210,h2')
    expect(target(options).options).toMatchObject({ username: 'me', password: 'p@ss' })
    expect(keyspace(options)).toBe('pages/_default/_default')
  })

  it('may name scope and collection', () => {
    expect(keyspace({ url: 'couchbase://h/pages/web/cache' })).toBe('pages/web/cache')
  })

  it('may ask for TLS, and brackets addresses of IPv6', () => {
    expect(target({ url: 'couchbases://[::1]:11207/b' }).connectionString).toBe('couchbases://[::1]:11207')
  })

  it('hands its query options to the connection string', () => {
    const { connectionString } = target({ url: 'couchbase://h/b?network=external&tls_verify=none' })
    expect(connectionString).toBe('couchbase://h?network=external&tls_verify=none')
  })

  it('may name the timeout of operations, as connection strings of the other SDKs do', () => {
    const slow = { url: 'couchbase://h/b?kv_timeout=2s&network=external' }
    expect(target(slow).options.timeouts).toMatchObject({ kvTimeout: 2_000 })
    expect(target(slow).connectionString).toBe('couchbase://h?network=external')
    expect(target({ url: 'couchbase://h/b?kv_timeout=750' }).options.timeouts).toMatchObject({ kvTimeout: 750 })
    expect(refusal({ url: 'couchbase://h/b?kv_timeout=soon' })).toBe('kvTimeout')
  })

  it('may name the time for a connection', () => {
    const { connectionString, options } = target({ url: 'couchbase://h/b?connectTimeout=4s&kvTimeout=1s' })
    expect(options.timeouts).toEqual({ bootstrapTimeout: 4_000, kvTimeout: 1_000 })
    expect(connectionString).toBe('couchbase://h')
  })

  it('gives way to what stands beside it', () => {
    const url = 'couchbase://me:x@h/b/s/c?connectTimeout=4s&kvTimeout=1s'
    const beside = { url, username: 'you', password: 'y', bucket: 'b2', connectTimeout: '5s', kvTimeout: '2s' } as const
    expect(keyspace(beside)).toBe('b2/s/c')
    expect(target(beside).options).toMatchObject({
      username: 'you',
      password: 'y',
      timeouts: { bootstrapTimeout: 5_000, kvTimeout: 2_000 },
    })
  })

  it('may leave to options what it does not name', () => {
    const options = { url: 'couchbase://h', username: 'me', password: 'x', bucket: 'b', scope: 's', collection: 'c' }
    expect(keyspace(options)).toBe('b/s/c')
    expect(target(options).options).toMatchObject({ username: 'me', password: 'x' })
  })

  it('takes an empty password', () => {
    expect(target({ url: 'couchbase://default:@h/b' }).options).toMatchObject({ username: 'default', password: '' })
  })
})

describe('the SDK', () => {
  it('neither traces nor meters unless it is told to', () => {
    expect(target({ url: 'couchbase://h/b' }).options).toMatchObject({
      tracingConfig: { enableTracing: false },
      metricsConfig: { enableMetrics: false },
    })
    const traced = { url: 'couchbase://h/b', config: { tracingConfig: { enableTracing: true } } }
    expect(target(traced).options).toMatchObject({ tracingConfig: { enableTracing: true } })
  })

  it('waits 500 ms for an operation and 2.5 s for a connection', () => {
    expect(target({ url: 'couchbase://h/b' }).options.timeouts).toEqual({ kvTimeout: 500, bootstrapTimeout: 2_500 })
  })

  it('keeps its orphan reporter: without it, 4.7.1 crashes the process at the first timeout', () => {
    const config = { orphanReporterConfig: { enableOrphanReporting: false } } satisfies ConnectOptions
    expect(refusal({ url: 'couchbase://h/b', config })).toBe('config.orphanReporterConfig')
  })
})

describe('options that cannot be meant are refused by name', () => {
  const url = 'couchbase://h/b'
  const client = new Cluster('couchbase://localhost')

  it.each([
    ['url', {}],
    ['url', { url: 'redis://h/b' }],
    ['url', { url: 'couchbase://h/b/scope' }],
    ['url', { url: 'couchbase://h/b/s/c/d' }],
    ['bucket', { url: 'couchbase://h' }],
    ['username', { url, password: 'x' }],
    ['password', { url, username: 'me' }],
    ['password', { url: 'couchbase://me@h/b' }],
    ['maxValueBytes', { url, maxValueBytes: 20_971_521 }],
    ['config', { url, config: 'fast' }],
    [
      'config.authenticator',
      { url, username: 'u', password: 'p', config: { authenticator: { username: 'u', password: 'p' } } },
    ],
    ['config.timeouts', { url, config: { timeouts: { kvTimeout: 1 } } }],
    ['kvTimeout', { url, kvTimeout: 'soon' }],
    ['kvTimeout', { url, kvTimeout: 0 }],
    ['connectTimeout', { url, connectTimeout: -1 }],
    ['prefix', { url, prefix: ':'.repeat(70) }],
    ['scope', { url, scope: '' }],
    ['colection', { url, colection: 'c' }],
    ['client', { client: {} }],
    ['url', { client, url }],
    ['bucket', { client }],
    ['connectTimeout', { client, bucket: 'b', connectTimeout: '1s' }],
    ['bucket', { client: target({ url }).open(client), bucket: 'b' }],
  ])('%s in %j', (option, options) => {
    expect(refusal(options)).toBe(option)
  })
})

describe('messages', () => {
  const url = 'couchbase://h/b'
  const given =
    (options: unknown): unknown =>
    () =>
      couchbaseStore(options as CouchbaseStoreOptions)

  it('say what would be right', () => {
    expect(given({ url, client: {} })).toThrow('url: says how to connect, but a client is given')
    expect(given({ client: {} })).toThrow(
      'client: expected a Cluster or a Collection of this couchbase package, got an object',
    )
    expect(given(new Cluster('couchbase://localhost'))).toThrow('got a Cluster; give it as { client: … }')
    expect(given({ url, kvtimeout: 5 })).toThrow(
      "kvtimeout: couchbaseStore has no such option; did you mean 'kvTimeout'?",
    )
    expect(given({ url, bucket: ['b'] })).toThrow('bucket: expected a non-empty string, got an array')
    expect(given({ url, username: undefined, password: undefined, scope: undefined, client: undefined })).not.toThrow()
  })

  it.each([
    { url: 'couchbase://app:hunter2@h/b/s' },
    { url: 'redis://app:hunter2@h/b' },
    { url, username: 'app', password: ['hunter2'] },
    { url, username: 'app', password: 918_273 },
    { url: new URL('couchbase://app:hunter2@h/b') },
    'couchbase://app:hunter2@h/b',
  ])('never hold a password: %j', (options) => {
    expect(given(options)).toThrow(InvalidOptionError)
    expect(given(options)).not.toThrow(/hunter2|918/)
  })
})

describe('capabilities', () => {
  it('values have 20 MiB, or what maxValueBytes says', () => {
    expect(couchbaseStore({ url: 'couchbase://h/b' }).capabilities.maxValueBytes).toBe(20_971_520)
    expect(couchbaseStore({ url: 'couchbase://h/b', maxValueBytes: 1_000 }).capabilities.maxValueBytes).toBe(1_000)
  })

  it('keys have 246 bytes together with the prefix', () => {
    expect(couchbaseStore({ url: 'couchbase://h/b' }).capabilities.maxKeyBytes).toBe(246 - 'tiercel:'.length)
    expect(couchbaseStore({ url: 'couchbase://h/b', prefix: 'é:' }).capabilities.maxKeyBytes).toBe(
      246 - 'é%3A:'.length - 1,
    )
  })
})
