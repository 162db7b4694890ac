import { InvalidOptionError } from '@tiercel/cache-core/store'
import {
  checkDriverConfig,
  checkOptions,
  type Duration,
  durationInQuery,
  formatHost,
  keyPrefix,
  parseCount,
  parseCredentials,
  parseDuration,
  parseStoreUrl,
  parseText,
  refuseBesideClient,
  show,
} from '@tiercel/cache-core/store-kit'
import { Bucket, Cluster, Collection, type ConnectOptions } from 'couchbase'

export type CouchbaseClient = Cluster | Collection

/** The SDK's own connect options, without what the store sets itself. */
export type CouchbaseConfig = Omit<ConnectOptions, keyof typeof OWN_SETTINGS>

export interface CouchbaseStoreOptions {
  /**
   * `couchbase://user:password@host,host/bucket/scope/collection`, or `couchbases://` for TLS; scope and collection
   * may be left out. In the query: `connectTimeout`, `kvTimeout`, and options of the SDK's connection string.
   */
  readonly url?: string
  /** Given together with `password`. */
  readonly username?: string
  readonly password?: string
  /** Required, here or in the url. */
  readonly bucket?: string
  /** Default `'_default'`. */
  readonly scope?: string
  /** Default `'_default'`. */
  readonly collection?: string
  /** Stands before every key. Stores with different prefixes share a collection and do not meet. Default `'tiercel'`. */
  readonly prefix?: string
  /** The largest value, in bytes. Default and at most 20 MiB, the server's own limit. */
  readonly maxValueBytes?: number
  /** How long one attempt to connect may take. A process that ends meanwhile waits for it. Default `'2.5s'`. */
  readonly connectTimeout?: Duration
  /**
   * How long the SDK keeps an operation that no node answers. A safety net behind the cache's `storeTimeout`, and not
   * below it. Default `'500ms'`.
   */
  readonly kvTimeout?: Duration
  /** Further settings of the cluster that the store connects to: TLS, DNS, tracing, metrics, logger, authenticator. */
  readonly config?: CouchbaseConfig
  /** Your own cluster (with `bucket`) or collection, in place of all that says how to connect. It is never closed by the store. */
  readonly client?: CouchbaseClient
}

/** Where the documents are, in a cluster of the store's own. */
export interface Target {
  readonly connectionString: string
  readonly options: ConnectOptions
  readonly open: (cluster: Cluster) => Collection
}

export interface ParsedOptions {
  /** The caller's client, or what leads to one of the store's own. */
  readonly source: Target | Collection
  readonly keyPrefix: string
  readonly maxValueBytes: number
  readonly kvTimeoutMs: number
}

/** Settings that the store makes itself, and what to do instead. */
const OWN_SETTINGS = {
  username: 'use the option username',
  password: 'use the option password',
  timeouts: 'use the options connectTimeout and kvTimeout',
  transcoder: 'is set by the store: it reads and writes raw bytes',
  orphanReporterConfig: 'is left alone: without its reporter the SDK ends the process at the first timeout',
} as const satisfies { readonly [Name in keyof ConnectOptions]?: string }

/** Couchbase takes 250 bytes, of which up to 4 name the collection. */
export const MAX_KEY_BYTES = 246
/** The server's own limit: 20 MiB. */
const MAX_VALUE_BYTES = 20_971_520
const DEFAULT_KV_TIMEOUT = '500ms'
const DEFAULT_CONNECT_TIMEOUT = '2.5s'
const KEYSPACE = ['bucket', 'scope', 'collection'] as const
const CONNECTING = ['url', 'username', 'password', 'connectTimeout', 'config'] as const

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: CouchbaseStoreOptions): ParsedOptions {
  checkOptions('couchbaseStore', options, [
    ...CONNECTING,
    ...KEYSPACE,
    'prefix',
    'maxValueBytes',
    'kvTimeout',
    'client',
  ])
  const fromUrl = options.client === undefined ? parseUrl(options.url) : undefined
  const kvTimeoutMs = parseDuration('kvTimeout', options.kvTimeout ?? fromUrl?.kvTimeout ?? DEFAULT_KV_TIMEOUT, {
    min: 1,
  })
  return {
    source: fromUrl === undefined ? callersCollection(options) : target(options, fromUrl, kvTimeoutMs),
    keyPrefix: keyPrefix(options.prefix),
    maxValueBytes: parseCount('maxValueBytes', options.maxValueBytes ?? MAX_VALUE_BYTES, 1, MAX_VALUE_BYTES),
    kvTimeoutMs,
  }
}

/** By its class: the errors and CAS of another copy of the package would not be known here. */
function callersCollection(options: CouchbaseStoreOptions): Collection {
  refuseBesideClient(options, CONNECTING)
  const { client } = options
  if (client instanceof Cluster) return keyspace(options)(client)
  if (!(client instanceof Collection)) {
    throw new InvalidOptionError(
      'client',
      `expected a Cluster or Collection of this couchbase package, got ${show(client)}`,
    )
  }
  const given = KEYSPACE.find((name) => options[name] !== undefined)
  if (given !== undefined) throw new InvalidOptionError(given, 'is settled by the collection given as client')
  return client
}

/** What stands beside the URL wins over what stands in it. */
function target(options: CouchbaseStoreOptions, fromUrl: FromUrl, kvTimeoutMs: number): Target {
  const config: ConnectOptions = options.config ?? {}
  checkDriverConfig(config, 'couchbase', OWN_SETTINGS)
  const credentials = parseCredentials(options.username ?? fromUrl.username, options.password ?? fromUrl.password)
  if (credentials !== undefined && config.authenticator !== undefined) {
    throw new InvalidOptionError('config.authenticator', 'the username and password say who connects already')
  }
  const connectTimeout = options.connectTimeout ?? fromUrl.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT
  return {
    connectionString: fromUrl.connectionString,
    open: keyspace({
      bucket: options.bucket ?? fromUrl.bucket,
      scope: options.scope ?? fromUrl.scope,
      collection: options.collection ?? fromUrl.collection,
    }),
    options: {
      // Together they cost a third of the throughput at one reader (measured), for a log that is off.
      tracingConfig: { enableTracing: false },
      metricsConfig: { enableMetrics: false },
      ...config,
      ...credentials,
      timeouts: {
        bootstrapTimeout: parseDuration('connectTimeout', connectTimeout, { min: 1 }),
        kvTimeout: kvTimeoutMs,
      },
    },
  }
}

type FromUrl = ReturnType<typeof parseUrl>

function parseUrl(text: unknown) {
  if (text === undefined) throw new InvalidOptionError('url', 'missing; give a url or a client of your own')
  const url = parseStoreUrl(text, ['couchbase', 'couchbases'])
  const { scheme, hosts, username, password, path, query } = url
  const [bucket, scope, collection, ...rest] = path
  if (rest.length > 0 || (scope !== undefined && collection === undefined)) {
    throw new InvalidOptionError('url', 'expected /bucket or /bucket/scope/collection behind the hosts')
  }
  const ofSdk = new URLSearchParams([...query].filter(([name]) => !OWN_QUERY.includes(name))).toString()
  return {
    connectionString: `${scheme}://${hosts.map(formatHost).join(',')}${ofSdk === '' ? '' : `?${ofSdk}`}`,
    username,
    password,
    bucket,
    scope,
    collection,
    connectTimeout: durationInQuery(url, 'connectTimeout'),
    kvTimeout: durationInQuery(url, 'kvTimeout') ?? durationInQuery(url, KV_TIMEOUT_OF_SDKS),
  }
}

/** Its name in connection strings, where the SDK for Node ignores it. */
const KV_TIMEOUT_OF_SDKS = 'kv_timeout'
const OWN_QUERY: readonly string[] = ['connectTimeout', 'kvTimeout', KV_TIMEOUT_OF_SDKS]

interface Keyspace {
  readonly bucket?: string | undefined
  readonly scope?: string | undefined
  readonly collection?: string | undefined
}

function keyspace({ bucket, scope = '_default', collection = '_default' }: Keyspace): (cluster: Cluster) => Collection {
  if (bucket === undefined) throw new InvalidOptionError('bucket', "missing; name it here or in the url's path")
  const names = [parseText('bucket', bucket), parseText('scope', scope), parseText('collection', collection)] as const
  // Not `cluster.bucket()`: that one opens the bucket at once and prints to stderr when it cannot. Made this way, the
  // first operation opens it and gets the error.
  return (cluster) => new Bucket(cluster, names[0]).scope(names[1]).collection(names[2])
}
