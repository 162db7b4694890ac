import {
  checkOptions,
  type Duration,
  InvalidOptionError,
  keyPrefix,
  parseDuration,
  parseStoreUrl,
  parseText,
  show,
} from '@tiercel/cache-core/store'
import { Bucket, Cluster, Collection, type ConnectOptions } from 'couchbase'

/** The SDK's own connect options, without what the store sets itself. */
export type CouchbaseConfig = Omit<
  ConnectOptions,
  'username' | 'password' | 'timeouts' | 'transcoder' | 'orphanReporterConfig'
>

export interface CouchbaseStoreOptions {
  /**
   * `couchbase://user:password@host,host/bucket/scope/collection`, or `couchbases://` for TLS; scope and collection
   * may be left out. Its query options go to the SDK's connection string; `?kv_timeout=2s` is `kvTimeout`.
   */
  readonly url?: string
  /** Where the url names none. */
  readonly username?: string
  readonly password?: string
  readonly bucket?: string
  /** Default `'_default'`. */
  readonly scope?: string
  /** Default `'_default'`. */
  readonly collection?: string
  /** Stands before every key. Stores with different prefixes share a collection and do not meet. Default `'tiercel'`. */
  readonly prefix?: string
  /**
   * How long the SDK keeps an operation that no node answers. A safety net behind the cache's `storeTimeout`, and not
   * below it. Default `'500ms'`.
   */
  readonly kvTimeout?: Duration
  /** How long one attempt to connect may take. A process that ends meanwhile waits for it. Default `'2.5s'`. */
  readonly connectTimeout?: Duration
  /** Further settings of the cluster that the store connects to: TLS, DNS, tracing, metrics, logger, authenticator. */
  readonly config?: CouchbaseConfig
  /** Your own cluster (with `bucket`) or collection, in place of all that says how to connect. It is never closed by the store. */
  readonly client?: Cluster | Collection
}

/** Where the documents are, in a cluster of the store's own. */
export interface Target {
  readonly connectionString: string
  readonly options: ConnectOptions
  readonly open: (cluster: Cluster) => Collection
}

export interface ParsedOptions {
  readonly source: Target | Collection
  readonly keyPrefix: string
  readonly kvTimeoutMs: number
}

/** Couchbase takes 250 bytes, of which up to 4 name the collection. */
const MAX_KEY_BYTES = 246

const DEFAULT_KV_TIMEOUT = '500ms'
const DEFAULT_CONNECT_TIMEOUT = '2.5s'
const KEYSPACE = ['bucket', 'scope', 'collection'] as const
const IN_URL = ['username', 'password', ...KEYSPACE] as const
const CONNECTING = ['url', 'username', 'password', 'connectTimeout', 'config'] as const
const OWN_CONFIG = ['username', 'password', 'timeouts', 'transcoder', 'orphanReporterConfig']

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: CouchbaseStoreOptions): ParsedOptions {
  checkOptions('couchbaseStore', options, [...CONNECTING, ...KEYSPACE, 'prefix', 'kvTimeout', 'client'])
  const prefix = keyPrefix(options.prefix)
  if (options.client !== undefined) {
    return { source: parseClient(options.client, options), keyPrefix: prefix, kvTimeoutMs: parseKvTimeout(options) }
  }
  const url = parseUrl(options.url)
  const kvTimeoutMs = parseKvTimeout(options, url.kvTimeout)
  return { source: parseTarget(options, url, kvTimeoutMs), keyPrefix: prefix, kvTimeoutMs }
}

/** The SDK's own name for it in a connection string is `kv_timeout`, which the SDK for Node then ignores. */
function parseKvTimeout({ kvTimeout }: CouchbaseStoreOptions, inUrl?: string): number {
  const given = kvTimeout ?? (inUrl !== undefined && /^\d+$/.test(inUrl) ? Number(inUrl) : inUrl)
  return parseDuration('kvTimeout', given ?? DEFAULT_KV_TIMEOUT, { min: 1 })
}

/** Bytes of a key that are left behind the prefix. */
export function maxKeyBytes(prefix: string): number {
  return MAX_KEY_BYTES - Buffer.byteLength(prefix)
}

function parseClient(client: unknown, options: CouchbaseStoreOptions): Collection {
  const refuse = (names: readonly (keyof CouchbaseStoreOptions)[], problem: string): void => {
    const given = names.find((name) => options[name] !== undefined)
    if (given !== undefined) throw new InvalidOptionError(given, problem)
  }
  refuse(CONNECTING, 'says how to connect, and the client given is connected already')
  if (client instanceof Cluster) return keyspaceOf(options)(client)
  if (!(client instanceof Collection)) {
    // Also an instance of another copy of the package: its errors and its CAS would not be known here.
    throw new InvalidOptionError(
      'client',
      `expected a Cluster or Collection of this couchbase package, got ${show(client)}`,
    )
  }
  refuse(KEYSPACE, 'is settled by the collection given as client')
  return client
}

function parseTarget(
  options: CouchbaseStoreOptions,
  { connectionString, named }: UrlParts,
  kvTimeoutMs: number,
): Target {
  const twice = IN_URL.find((name) => named[name] !== undefined && options[name] !== undefined)
  if (twice !== undefined) throw new InvalidOptionError(twice, 'the url names it already; give one of the two')
  const given = { ...options, ...named }
  const config = parseConfig(given)
  const bootstrapTimeout = parseDuration('connectTimeout', options.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT, {
    min: 1,
  })
  return {
    connectionString,
    open: keyspaceOf(given),
    options: {
      // Together they cost a third of the throughput at one reader (measured), for a log that is off.
      tracingConfig: { enableTracing: false },
      metricsConfig: { enableMetrics: false },
      ...config,
      timeouts: { bootstrapTimeout, kvTimeout: kvTimeoutMs },
    },
  }
}

function parseConfig({ config = {}, username, password }: CouchbaseStoreOptions): ConnectOptions {
  checkOptions(
    'config',
    config,
    Object.keys(config).filter((name) => !OWN_CONFIG.includes(name)),
  )
  if (username === undefined && password === undefined) return config
  if (config.authenticator !== undefined) {
    throw new InvalidOptionError('config.authenticator', 'the username and password say who connects already')
  }
  return {
    ...config,
    username: parseText('username', username),
    password: parseText('password', password ?? '', { empty: true }),
  }
}

type Named = { readonly [Name in (typeof IN_URL)[number]]?: string }

interface UrlParts {
  readonly connectionString: string
  readonly named: Named
  readonly kvTimeout: string | undefined
}

function parseUrl(text: unknown): UrlParts {
  if (text === undefined) throw new InvalidOptionError('url', "expected 'couchbase://host/bucket', or a client")
  const { scheme, hosts, username, password, path, query } = parseStoreUrl(text, ['couchbase', 'couchbases'])
  const [bucket, scope, collection, ...rest] = path
  if (rest.length > 0 || (scope !== undefined && collection === undefined)) {
    throw new InvalidOptionError('url', 'expected /bucket or /bucket/scope/collection behind the hosts')
  }
  const addresses = hosts.map(({ host, port }) => {
    const name = host.includes(':') ? `[${host}]` : host
    return port === undefined ? name : `${name}:${port}`
  })
  const parameters = new URLSearchParams([...query].filter(([name]) => name !== 'kv_timeout')).toString()
  return {
    kvTimeout: query.get('kv_timeout'),
    connectionString: `${scheme}://${addresses.join(',')}${parameters === '' ? '' : `?${parameters}`}`,
    named: Object.fromEntries(
      Object.entries({ username, password, bucket, scope, collection }).filter(([, value]) => value !== undefined),
    ),
  }
}

function keyspaceOf({ bucket, scope = '_default', collection = '_default' }: Named): (cluster: Cluster) => Collection {
  if (bucket === undefined) throw new InvalidOptionError('bucket', "is missing; name it here or in the url's path")
  const names = [parseText('bucket', bucket), parseText('scope', scope), parseText('collection', collection)] as const
  // Not `cluster.bucket()`: that one opens the bucket at once and prints to stderr when it cannot. Made this way, the
  // first operation opens it and gets the error.
  return (cluster) => new Bucket(cluster, names[0]).scope(names[1]).collection(names[2])
}
