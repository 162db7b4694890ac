import { InvalidOptionError } from '@tiercel/cache-core/store'
import {
  configOption,
  count,
  type Duration,
  duration,
  hostsOption,
  OptionTable,
  oneOf,
  overUrl,
  prefixOption,
  type RowsOf,
  shape,
  urlOption,
} from '@tiercel/cache-core/store-kit'
import type { Cluster, RedisOptions } from 'ioredis'
import type { RedisClient } from './client.js'
import { type ClusterSettings, clusterSettings, failFast } from './fail-fast.js'
import { DEFAULT_PORT, readUrl } from './url.js'

/** ioredis's own options, without those that the store sets itself. */
export type RedisConfig = Omit<RedisOptions, keyof typeof OWN_SETTINGS>

export interface RedisStoreOptions {
  /**
   * `redis://user:password@host:6379/0`, or `rediss://` for TLS. The path is the database, default 0. Query parameters:
   * `connectTimeout`, `family` (4, 6, or 0 for either), `connectionName`. For a cluster, some of its nodes:
   * `redis+cluster://user:password@host1:6379,host2:6379`. For Sentinel, the sentinels, the master's name and the
   * database: `redis+sentinel://user:password@host1:26379,host2:26379/main/0`; user and password are the server's. Not
   * needed if `config` has a `host`, a `path` or `sentinels`.
   */
  readonly url?: string | undefined
  /** Some nodes of a cluster, in place of `url`: `'host:port'` or `'host'` each. Default port 6379. */
  readonly cluster?: readonly string[] | undefined
  /** Put before every key and channel. Stores with different prefixes can share a server. Default `'tiercel'`. */
  readonly prefix?: string | undefined
  /**
   * The largest value, in bytes. A large value holds up every client of the server while it travels. Default 16 MiB, at
   * most 511 MiB.
   */
  readonly maxValueBytes?: number | undefined
  /** How long one attempt to connect may take. Default `'2s'`. */
  readonly connectTimeout?: Duration | undefined
  /**
   * Sends writes over a second connection all the time, so that not even the first reads wait behind writes that the
   * server holds back (during a failover, or by `CLIENT PAUSE WRITE`). Otherwise reads take a second connection after a
   * few missed deadlines, until writes are answered again. Default false.
   */
  readonly writeConnection?: boolean | undefined
  /**
   * Further settings of the connection that the store opens: TLS, Sentinel, a unix socket, auto-pipelining. They take
   * precedence over the URL.
   */
  readonly config?: RedisConfig | undefined
  /** Your own `Redis` or `Cluster`, in place of all settings for connecting. The store never closes it. */
  readonly client?: RedisClient | undefined
}

export interface ParsedOptions {
  /** The caller's client, or the settings to create one. */
  readonly source:
    | { readonly client: RedisClient }
    | { readonly config: Omit<RedisOptions, 'replyMapping'> }
    | { readonly nodes: readonly { readonly host: string; readonly port: number }[]; readonly cluster: ClusterSettings }
  readonly writeConnection: boolean
  readonly keyPrefix: string
  readonly maxValueBytes: number
}

/** Settings that the store makes itself, and what to do about each. */
const OWN_SETTINGS = {
  connectTimeout: 'use the option connectTimeout',
  lazyConnect: 'is set by the store: the first operation connects',
  enableOfflineQueue: 'is set by the store: offline, an operation fails at once',
  maxRetriesPerRequest: 'is set by the store: nothing is sent twice',
  autoResendUnfulfilledCommands: 'is set by the store: nothing is sent twice',
  replyMapping: 'is set by the store: its replies have one shape',
} as const satisfies { readonly [Name in keyof RedisOptions]?: string }

const MIB = 1_048_576
/** Redis's own `proto-max-bulk-len`, less room for the version stamp and a hashed key. */
const MAX_VALUE_BYTES = 511 * MIB
const CONNECTING = ['url', 'cluster', 'connectTimeout', 'writeConnection', 'config'] as const

const OPTIONS = {
  url: urlOption('redis://localhost:6379'),
  cluster: hostsOption('nodes'),
  prefix: prefixOption,
  maxValueBytes: count({ max: MAX_VALUE_BYTES }).or(16 * MIB),
  connectTimeout: duration({ min: 1 }).or(failFast.connectTimeout),
  writeConnection: oneOf([true, false]).or(false),
  config: configOption<RedisConfig>('ioredis', OWN_SETTINGS),
  // Checked by what it can do, not by its class, which may come from another copy of ioredis.
  client: shape<RedisClient>('a Redis or Cluster of ioredis', [
    'getBuffer',
    'mgetBuffer',
    'evalsha',
    'duplicate',
    'disconnect',
  ]),
} satisfies RowsOf<RedisStoreOptions>

const TABLE = new OptionTable('redisStore', OPTIONS)

/** Settings that say where the server is; with any of them no `url` is needed. */
const PLACES = ['host', 'path', 'sentinels'] as const satisfies readonly (keyof RedisConfig)[]

/**
 * ioredis ignores the database of a cluster client, and would use database 0.
 * @throws InvalidOptionError
 */
function withDatabase(client: RedisClient): RedisClient {
  const db = client.isCluster && (client as Cluster).options?.redisOptions?.db
  if (db) throw new InvalidOptionError('client', `asks for database ${db}, and a cluster has database 0 only`)
  return client
}

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: RedisStoreOptions): ParsedOptions {
  const {
    client,
    cluster,
    config = {},
    connectTimeoutMs: connectTimeout,
    prefix,
    writeConnection,
    maxValueBytes,
  } = TABLE.read(overUrl(TABLE, options, CONNECTING, readUrl))
  const common = { writeConnection, keyPrefix: prefix, maxValueBytes }
  if (client !== undefined) return { source: { client: withDatabase(client) }, ...common }
  if (cluster !== undefined) {
    const place = [...PLACES, 'db' as const].find((name) => config[name] !== undefined)
    if (place !== undefined) throw new InvalidOptionError(`config.${place}`, 'cannot be given for a cluster')
    const nodes = cluster.map(({ host, port = DEFAULT_PORT }) => ({ host, port }))
    return { source: { nodes, cluster: clusterSettings({ ...config, connectTimeout }) }, ...common }
  }
  if (PLACES.every((name) => config[name] === undefined)) {
    const places = PLACES.map((name) => `config.${name}`).join(', ')
    throw new InvalidOptionError('url', `missing; give a url, cluster, ${places} or a client of your own`)
  }
  const settings = { ...failFast, reconnectOnError: null, lazyConnect: true, connectTimeout, ...config }
  return { source: { config: settings }, ...common }
}
