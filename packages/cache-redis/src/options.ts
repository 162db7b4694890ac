import { InvalidOptionError } from '@tiercel/cache-core/store'
import {
  checkDriverConfig,
  checkOptions,
  checkQuery,
  type Duration,
  durationInQuery,
  keyPrefix,
  parseCount,
  parseDuration,
  parseStoreUrl,
  parseText,
  refuseBesideClient,
  show,
} from '@tiercel/cache-core/store-kit'
import type { RedisOptions } from 'ioredis'
import type { RedisClient } from './client.js'

/** ioredis's own options, without what the store sets itself. */
export type RedisConfig = Omit<RedisOptions, keyof typeof OWN_SETTINGS>

export interface RedisStoreOptions {
  /**
   * `redis://user:password@host:6379/0`, or `rediss://` for TLS. The path is the database, default 0. In the query:
   * `connectTimeout`, `family` (4 or 6), `connectionName`.
   */
  readonly url?: string
  /** Stands before every key and channel. Stores with different prefixes share a server and do not meet. Default `'tiercel'`. */
  readonly prefix?: string
  /** The largest value, in bytes. A large value holds up every client of the server while it travels. Default 16 MiB, at most 511 MiB. */
  readonly maxValueBytes?: number
  /** How long one attempt to connect may take. Default `'2s'`. */
  readonly connectTimeout?: Duration
  /** Further settings of the connection that the store opens: TLS, Sentinel, auto-pipelining. They win over the URL. */
  readonly config?: RedisConfig
  /** Your own `Redis` or `Cluster`, in place of all that says how to connect. It is never closed by the store. */
  readonly client?: RedisClient
}

export interface ParsedOptions {
  /** The caller's client, or the settings of one to create. */
  readonly source: { readonly client: RedisClient } | { readonly config: Omit<RedisOptions, 'replyMapping'> }
  readonly keyPrefix: string
  readonly maxValueBytes: number
}

/**
 * How a client must be set up to fail at once instead of queueing, and to be back soon after the server is. The store
 * sets its own client up so; give it to the one that you supply: `new Redis({ ...failFast, sentinels, name })`.
 */
export const failFast = {
  /** Offline, an operation fails at once. */
  enableOfflineQueue: false,
  /** What was under way on a lost connection fails at once, */
  maxRetriesPerRequest: 0,
  /** and is never sent again: a repeated conditional write reports a conflict with its own first attempt. */
  autoResendUnfulfilledCommands: false,
  /** A server that is still loading says so to each command; waiting for it would take the connection away. */
  enableReadyCheck: false,
  /** Milliseconds for one attempt to connect. */
  connectTimeout: 2_000,
  /** Milliseconds without an answer to anything sent, after which the connection counts as dead: its peer may be gone without a word. */
  socketTimeout: 5_000,
  /** Milliseconds that the peer has to end the connection at `close`. */
  disconnectTimeout: 250,
  retryStrategy: (times: number): number => Math.min(25 * 2 ** times, 400) * (0.75 + Math.random() / 4),
  /** After a failover the old address may lead to a replica; a new connection finds the new master. */
  reconnectOnError: ({ message }: Error): boolean => message.startsWith('READONLY'),
} satisfies RedisOptions

/** Settings that the store makes itself, and what to do instead. */
const OWN_SETTINGS = {
  connectTimeout: 'use the option connectTimeout',
  lazyConnect: 'is set by the store: the first operation connects',
  enableOfflineQueue: 'is set by the store: offline, an operation fails at once',
  maxRetriesPerRequest: 'is set by the store: nothing is sent twice',
  autoResendUnfulfilledCommands: 'is set by the store: nothing is sent twice',
  replyMapping: 'is set by the store: its replies have one shape',
} as const satisfies { readonly [Name in keyof RedisOptions]?: string }

const MIB = 1_048_576
const DEFAULT_MAX_VALUE_BYTES = 16 * MIB
/** Redis's own `proto-max-bulk-len`, with room for the version stamp and a hashed key. */
const MAX_VALUE_BYTES = 511 * MIB
const DEFAULT_PORT = 6379
const IN_QUERY = ['connectTimeout', 'family', 'connectionName'] as const
const CONNECTING = ['url', 'connectTimeout', 'config'] as const

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: RedisStoreOptions): ParsedOptions {
  checkOptions('redisStore', options, [...CONNECTING, 'prefix', 'maxValueBytes', 'client'])
  return {
    source: options.client === undefined ? { config: clientConfig(options) } : { client: callersClient(options) },
    keyPrefix: keyPrefix(options.prefix),
    maxValueBytes: parseCount('maxValueBytes', options.maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES, 1, MAX_VALUE_BYTES),
  }
}

/** By what it can do, not by its class: it may come from another copy of ioredis. */
function callersClient(options: RedisStoreOptions): RedisClient {
  refuseBesideClient(options, CONNECTING)
  const { client } = options
  const methods = ['getBuffer', 'mgetBuffer', 'evalsha', 'duplicate', 'disconnect']
  const able = methods.every(
    (name) => typeof (client as unknown as Record<string, unknown> | null)?.[name] === 'function',
  )
  if (client === undefined || !able) {
    throw new InvalidOptionError('client', `expected a Redis or Cluster of ioredis, got ${show(client)}`)
  }
  return client
}

/** What stands beside the URL wins over what stands in it. */
function clientConfig({ url, connectTimeout, config = {} }: RedisStoreOptions) {
  if (url === undefined) throw new InvalidOptionError('url', 'missing; give a url or a client of your own')
  checkDriverConfig(config, 'ioredis', OWN_SETTINGS)
  const fromUrl = parseUrl(url)
  return {
    ...failFast,
    lazyConnect: true,
    ...fromUrl.config,
    connectTimeout: parseDuration(
      'connectTimeout',
      connectTimeout ?? fromUrl.connectTimeout ?? failFast.connectTimeout,
      {
        min: 1,
      },
    ),
    ...config,
  }
}

function parseUrl(text: string): { config: RedisConfig; connectTimeout: unknown } {
  const url = parseStoreUrl(text, ['redis', 'rediss'])
  checkQuery(url, IN_QUERY)
  const { scheme, username, password, hosts, path, query } = url
  const [host, second] = hosts
  if (host === undefined || second !== undefined) {
    throw new InvalidOptionError('url', 'names several hosts; for a cluster give a client of your own')
  }
  const [db = '0', ...rest] = path
  if (!/^\d{1,9}$/.test(db) || rest.length > 0) {
    throw new InvalidOptionError('url', `expected the number of a database as path, got ${show(path.join('/'))}`)
  }
  const family = query.get('family')
  const connectionName = query.get('connectionName')
  return {
    config: {
      host: host.host,
      port: host.port ?? DEFAULT_PORT,
      db: Number(db),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(scheme === 'rediss' && { tls: {} }),
      ...(family !== undefined && { family: parseCount('family', Number(family), 4, 6) }),
      ...(connectionName !== undefined && { connectionName: parseText('connectionName', connectionName) }),
    },
    connectTimeout: durationInQuery(url, 'connectTimeout'),
  }
}
