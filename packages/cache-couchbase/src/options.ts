import { InvalidOptionError } from '@tiercel/cache-core/store'
import {
  bothCredentials,
  configOption,
  count,
  type Duration,
  duration,
  durationInQuery,
  either,
  formatHost,
  instance,
  OptionTable,
  overUrl,
  type Parsed,
  parseStoreUrl,
  passwordOption,
  prefixOption,
  type RowsOf,
  type StoreUrl,
  text,
  urlOption,
  usernameOption,
} from '@tiercel/cache-core/store-kit'
import { Bucket, Cluster, Collection, type ConnectOptions } from 'couchbase'
import type { NodeAddress } from './ask-node.js'

export type CouchbaseClient = Cluster | Collection

/** The SDK's own connect options, without what the store sets itself. */
export type CouchbaseConfig = Omit<ConnectOptions, keyof typeof OWN_SETTINGS>

export interface CouchbaseStoreOptions {
  /**
   * `couchbase://user:password@host1,host2/bucket/scope/collection`, or `couchbases://` for TLS; scope and collection
   * may be left out. Query parameters: `connectTimeout`, `kvTimeout`, and those of the SDK's connection string.
   */
  readonly url?: string | undefined
  /** Needs `password`. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Required, here or in `url`. */
  readonly bucket?: string | undefined
  /** Default `'_default'`. */
  readonly scope?: string | undefined
  /** Default `'_default'`. */
  readonly collection?: string | undefined
  /** Put before every key. Stores with different prefixes can share a collection. Default `'tiercel'`. */
  readonly prefix?: string | undefined
  /** The largest value, in bytes. Default and at most 20 MiB, the server's own limit. */
  readonly maxValueBytes?: number | undefined
  /** How long one attempt to connect may take. A process that ends meanwhile waits for that long. Default `'2.5s'`. */
  readonly connectTimeout?: Duration | undefined
  /**
   * How long the SDK keeps an operation that no node answers. A safety net behind the cache's `storeTimeout`, so no
   * shorter than that. Default `'500ms'`.
   */
  readonly kvTimeout?: Duration | undefined
  /**
   * Further settings of the connection that the store opens: TLS, DNS, tracing, metrics, a logger, an authenticator.
   */
  readonly config?: CouchbaseConfig | undefined
  /**
   * Your own `Cluster` (together with `bucket`) or `Collection`, in place of all settings for connecting. The store
   * never closes it.
   */
  readonly client?: CouchbaseClient | undefined
}

/** Where the documents are, in a cluster of the store's own. */
export interface Target {
  readonly connectionString: string
  /** The hosts that it names. */
  readonly nodes: readonly NodeAddress[]
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

/** Settings that the store makes itself, and what to do about each. */
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
const KEYSPACE = ['bucket', 'scope', 'collection'] as const
const CONNECTING = ['url', 'username', 'password', 'connectTimeout', 'config'] as const

const OPTIONS = {
  url: urlOption('couchbase://user:password@host/bucket'),
  username: usernameOption,
  password: passwordOption,
  bucket: text(),
  scope: text(),
  collection: text(),
  prefix: prefixOption,
  maxValueBytes: count({ max: MAX_VALUE_BYTES }).or(MAX_VALUE_BYTES),
  connectTimeout: duration({ min: 1 }).or('2.5s'),
  kvTimeout: duration({ min: 1 }).or('500ms'),
  config: configOption<CouchbaseConfig>('couchbase', OWN_SETTINGS),
  // Checked by its class: errors and CAS values of another copy of the package would not be recognized.
  client: either(instance('a Cluster', Cluster), instance('a Collection of this couchbase package', Collection)),
} satisfies RowsOf<CouchbaseStoreOptions>

const TABLE = new OptionTable('couchbaseStore', OPTIONS)

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: CouchbaseStoreOptions): ParsedOptions {
  const parsed = TABLE.read(overUrl(TABLE, options, CONNECTING, readUrl))
  return {
    source: parsed.client === undefined ? target(parsed) : callersCollection(parsed.client, parsed),
    keyPrefix: parsed.prefix,
    maxValueBytes: parsed.maxValueBytes,
    kvTimeoutMs: parsed.kvTimeoutMs,
  }
}

function callersCollection(client: CouchbaseClient, parsed: Keyspace): Collection {
  if (client instanceof Cluster) return keyspace(parsed)(client)
  const given = KEYSPACE.find((name) => parsed[name] !== undefined)
  if (given !== undefined) throw new InvalidOptionError(given, 'is settled by the collection given as client')
  return client
}

function target(parsed: Parsed<typeof OPTIONS>): Target {
  const { url, username, password, connectTimeoutMs, kvTimeoutMs } = parsed
  const config: ConnectOptions = parsed.config ?? {}
  if (url === undefined) throw new InvalidOptionError('url', 'missing; give a url or a client of your own')
  const credentials = bothCredentials(username, password)
  if (credentials !== undefined && config.authenticator !== undefined) {
    throw new InvalidOptionError('config.authenticator', 'the username and password say who connects already')
  }
  const parsedUrl = parseStoreUrl(url, SCHEMES)
  return {
    connectionString: connectionString(parsedUrl),
    nodes: nodesOf(parsedUrl),
    open: keyspace(parsed),
    options: {
      // Together they cost a third of the throughput at one reader (measured), for a log that is off.
      tracingConfig: { enableTracing: false },
      metricsConfig: { enableMetrics: false },
      ...config,
      ...credentials,
      timeouts: { bootstrapTimeout: connectTimeoutMs, kvTimeout: kvTimeoutMs },
    },
  }
}

const SCHEMES = ['couchbase', 'couchbases'] as const
/** Of the key-value service. */
const CLEAR_PORT = 11_210
const TLS_PORT = 11_207
/** Its name in connection strings, where the SDK for Node ignores it. */
const KV_TIMEOUT_OF_SDKS = 'kv_timeout'
const OWN_QUERY: readonly string[] = ['connectTimeout', 'kvTimeout', KV_TIMEOUT_OF_SDKS]

/** The URL as the options that it stands for, beside the connection string that it is. */
function readUrl(text: string): CouchbaseStoreOptions {
  const url = parseStoreUrl(text, SCHEMES)
  const [bucket, scope, collection, ...rest] = url.path
  if (rest.length > 0 || (scope !== undefined && collection === undefined)) {
    throw new InvalidOptionError('url', 'expected /bucket or /bucket/scope/collection behind the hosts')
  }
  return {
    username: url.username,
    password: url.password,
    bucket,
    scope,
    collection,
    connectTimeout: durationInQuery(url, 'connectTimeout'),
    kvTimeout: durationInQuery(url, 'kvTimeout') ?? durationInQuery(url, KV_TIMEOUT_OF_SDKS),
  }
}

/** What the SDK reads of the URL: its scheme, its hosts, and the options of the query that are not the store's own. */
function connectionString({ scheme, hosts, query }: StoreUrl): string {
  const ofSdk = new URLSearchParams([...query].filter(([name]) => !OWN_QUERY.includes(name))).toString()
  return `${scheme}://${hosts.map(formatHost).join(',')}${ofSdk === '' ? '' : `?${ofSdk}`}`
}

function nodesOf({ scheme, hosts }: StoreUrl): NodeAddress[] {
  const tls = scheme === 'couchbases'
  return hosts.map(({ host, port = tls ? TLS_PORT : CLEAR_PORT }) => ({ host, port, tls }))
}

interface Keyspace {
  readonly bucket?: string | undefined
  readonly scope?: string | undefined
  readonly collection?: string | undefined
}

function keyspace({ bucket, scope = '_default', collection = '_default' }: Keyspace): (cluster: Cluster) => Collection {
  if (bucket === undefined) throw new InvalidOptionError('bucket', "missing; name it here or in the url's path")
  // Not `cluster.bucket()`: that one opens the bucket at once and prints to stderr when it cannot. Made this way, the
  // first operation opens it and gets the error.
  return (cluster) => new Bucket(cluster, bucket).scope(scope).collection(collection)
}
