import {
  checkOptions,
  InvalidOptionError,
  keyPrefix,
  parseCount,
  parseStoreUrl,
  parseText,
  type StoreUrl,
  show,
} from '@tiercel/cache-core/store'
import type { RedisOptions } from 'ioredis'
import type { RedisClient } from './client.js'

/** ioredis's own options, without what the store sets itself. */
export type RedisConfig = Omit<
  RedisOptions,
  'lazyConnect' | 'enableOfflineQueue' | 'autoResendUnfulfilledCommands' | 'maxRetriesPerRequest' | 'replyMapping'
>

export interface RedisStoreOptions {
  /**
   * `redis://user:password@host:6379/0`, or `rediss://` for TLS. The path is the database, default 0. In the query:
   * `family` (4 or 6), `connectionName`, `connectTimeout` (milliseconds).
   */
  readonly url?: string
  /** Stands before every key and channel. Stores with different prefixes share a server and do not meet. Default `'tiercel'`. */
  readonly prefix?: string
  /** The largest value, in bytes. A large value holds up every client of the server while it travels. Default 16 MiB, at most 512 MiB. */
  readonly maxValueBytes?: number
  /** Further settings of the connection that the store opens: TLS, Sentinel, auto-pipelining. They win over the URL. */
  readonly config?: RedisConfig
  /** Your own `Redis` or `Cluster`, in place of `url` and `config`. It is never closed by the store. */
  readonly client?: RedisClient
}

/** The caller's client, or the settings of one to create. */
export type Source = { readonly client: RedisClient } | { readonly config: RedisConfig }

export interface ParsedOptions {
  readonly source: Source
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

/** What the store's promises stand on, whatever `config` says. */
const ALWAYS = {
  lazyConnect: true,
  enableOfflineQueue: failFast.enableOfflineQueue,
  maxRetriesPerRequest: failFast.maxRetriesPerRequest,
  autoResendUnfulfilledCommands: failFast.autoResendUnfulfilledCommands,
} satisfies RedisOptions

const MIB = 1_048_576
const DEFAULT_MAX_VALUE_BYTES = 16 * MIB
/** Redis's own `proto-max-bulk-len`, with room for the version stamp and a hashed key. */
const MAX_VALUE_BYTES = 511 * MIB
const URL_OPTIONS = ['family', 'connectionName', 'connectTimeout']

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: RedisStoreOptions): ParsedOptions {
  checkOptions('redisStore', options, ['url', 'prefix', 'maxValueBytes', 'config', 'client'])
  return {
    source: options.client === undefined ? { config: parseConfig(options) } : { client: parseClient(options) },
    keyPrefix: keyPrefix(options.prefix),
    maxValueBytes: parseCount('maxValueBytes', options.maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES, 1, MAX_VALUE_BYTES),
  }
}

function parseConfig({ url, config = {} }: RedisStoreOptions): RedisConfig {
  if (url === undefined) throw new InvalidOptionError('url', 'missing; give a url or your own client')
  if (typeof config !== 'object' || config === null) {
    throw new InvalidOptionError('config', `expected an object of ioredis options, got ${show(config)}`)
  }
  return { ...failFast, ...parseUrl(parseStoreUrl(url, ['redis', 'rediss'])), ...config, ...ALWAYS }
}

function parseUrl({ scheme, username, password, hosts, path, query }: StoreUrl): RedisConfig {
  const [host, second] = hosts
  if (host === undefined || second !== undefined) {
    throw new InvalidOptionError('url', 'names several hosts; for a cluster give your own client')
  }
  const [db = '0', ...rest] = path
  if (!/^\d{1,9}$/.test(db) || rest.length > 0) {
    throw new InvalidOptionError('url', `expected the number of a database as path, got ${show(path.join('/'))}`)
  }
  for (const name of query.keys()) {
    if (!URL_OPTIONS.includes(name)) {
      throw new InvalidOptionError('url', `has no option ${show(name)}; it has ${URL_OPTIONS.join(', ')}`)
    }
  }
  const connectionName = query.get('connectionName')
  const number = (name: string, min: number, max?: number): number | undefined => {
    const text = query.get(name)
    return text === undefined ? undefined : parseCount(`url option ${name}`, Number(text), min, max)
  }
  const family = number('family', 4, 6)
  const connectTimeout = number('connectTimeout', 1)
  return {
    host: host.host,
    port: host.port ?? 6379,
    db: Number(db),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(scheme === 'rediss' && { tls: {} }),
    ...(connectionName !== undefined && { connectionName: parseText('url option connectionName', connectionName) }),
    ...(family !== undefined && { family }),
    ...(connectTimeout !== undefined && { connectTimeout }),
  }
}

/** By what it can do, not by its class: it may come from another copy of ioredis. */
function parseClient({ client, url, config }: RedisStoreOptions): RedisClient {
  if (url !== undefined) throw new InvalidOptionError('url', 'give a url or your own client, not both')
  if (config !== undefined) throw new InvalidOptionError('config', 'is for the client that the store creates')
  const methods = ['getBuffer', 'mgetBuffer', 'evalsha', 'duplicate', 'disconnect']
  const able = methods.every(
    (name) => typeof (client as unknown as Record<string, unknown> | null)?.[name] === 'function',
  )
  if (client === undefined || !able) {
    throw new InvalidOptionError('client', `expected a Redis or Cluster of ioredis, got ${show(client)}`)
  }
  return client
}
