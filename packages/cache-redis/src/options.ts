import { InvalidOptionError } from '@tiercel/cache-core/store'
import {
  checkQuery,
  configOption,
  count,
  type Duration,
  duration,
  durationInQuery,
  OptionTable,
  oneOf,
  overUrl,
  parseStoreUrl,
  prefixOption,
  type RowsOf,
  shape,
  show,
  text,
  urlOption,
} from '@tiercel/cache-core/store-kit'
import type { RedisOptions } from 'ioredis'
import type { RedisClient } from './client.js'
import { READ_ONLY } from './errors.js'
import { Spacing } from './spacing.js'

/** ioredis's own options, without what the store sets itself. */
export type RedisConfig = Omit<RedisOptions, keyof typeof OWN_SETTINGS>

export interface RedisStoreOptions {
  /**
   * `redis://user:password@host:6379/0`, or `rediss://` for TLS. The path is the database, default 0. In the query:
   * `connectTimeout`, `family` (4, 6, or 0 for either), `connectionName`. Superfluous where `config` has a `path`,
   * `sentinels` or a `host`.
   */
  readonly url?: string | undefined
  /** Stands before every key and channel. Stores with different prefixes share a server and do not meet. Default `'tiercel'`. */
  readonly prefix?: string | undefined
  /** The largest value, in bytes. A large value holds up every client of the server while it travels. Default 16 MiB, at most 511 MiB. */
  readonly maxValueBytes?: number | undefined
  /** How long one attempt to connect may take. Default `'2s'`. */
  readonly connectTimeout?: Duration | undefined
  /** Further settings of the connection that the store opens: TLS, Sentinel, a unix socket, auto-pipelining. They win over the URL. */
  readonly config?: RedisConfig | undefined
  /** Your own `Redis` or `Cluster`, in place of all that says how to connect. It is never closed by the store. */
  readonly client?: RedisClient | undefined
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
  /**
   * After a failover the old address may lead to a replica; a new connection finds the new master. Where it finds the
   * replica again the next one is made ever later, since each fails what is under way.
   */
  reconnectOnError(this: object, { message }: Error): boolean {
    return READ_ONLY.test(message) && spacingOf(this).take()
  },
} satisfies RedisOptions

const spacings = new WeakMap<object, Spacing>()

/** By the settings themselves, of which every client of ioredis has a copy. */
function spacingOf(settings: object): Spacing {
  const spacing = spacings.get(settings) ?? new Spacing()
  spacings.set(settings, spacing)
  return spacing
}

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
/** Redis's own `proto-max-bulk-len`, with room for the version stamp and a hashed key. */
const MAX_VALUE_BYTES = 511 * MIB
const DEFAULT_PORT = 6379
const IN_QUERY = ['connectTimeout', 'family', 'connectionName'] as const
const CONNECTING = ['url', 'connectTimeout', 'config'] as const

const OPTIONS = {
  url: urlOption('redis://localhost:6379'),
  prefix: prefixOption,
  maxValueBytes: count({ max: MAX_VALUE_BYTES }).or(16 * MIB),
  connectTimeout: duration({ min: 1 }).or(failFast.connectTimeout),
  config: configOption<RedisConfig>('ioredis', OWN_SETTINGS),
  // By what it can do, not by its class: it may come from another copy of ioredis.
  client: shape<RedisClient>('a Redis or Cluster of ioredis', [
    'getBuffer',
    'mgetBuffer',
    'evalsha',
    'duplicate',
    'disconnect',
  ]),
} satisfies RowsOf<RedisStoreOptions>

const TABLE = new OptionTable('redisStore', OPTIONS)

/** Of the address; 0 takes what the name resolves to, which networks with IPv6 only need. */
const familyOption = oneOf(['0', '4', '6']).to(Number)

/** Settings that say where the server is, each enough without a `url`. */
const PLACES = ['host', 'path', 'sentinels'] as const satisfies readonly (keyof RedisConfig)[]

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: RedisStoreOptions): ParsedOptions {
  const {
    client,
    config = {},
    connectTimeoutMs: connectTimeout,
    prefix,
    maxValueBytes,
  } = TABLE.read(overUrl(TABLE, options, CONNECTING, readUrl))
  if (client !== undefined) return { source: { client }, keyPrefix: prefix, maxValueBytes }
  if (PLACES.every((name) => config[name] === undefined)) {
    const places = PLACES.map((name) => `config.${name}`).join(', ')
    throw new InvalidOptionError('url', `missing; give a url, ${places} or a client of your own`)
  }
  const settings = { ...failFast, reconnectOnError: null, lazyConnect: true, connectTimeout, ...config }
  return { source: { config: settings }, keyPrefix: prefix, maxValueBytes }
}

/** The URL as the options that it stands for. */
function readUrl(url: string): RedisStoreOptions {
  const parsed = parseStoreUrl(url, ['redis', 'rediss'])
  checkQuery(parsed, IN_QUERY)
  const { scheme, username, password, hosts, path, query } = parsed
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
    connectTimeout: durationInQuery(parsed, 'connectTimeout'),
    config: {
      host: host.host,
      port: host.port ?? DEFAULT_PORT,
      db: Number(db),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(scheme === 'rediss' && { tls: {} }),
      ...(family !== undefined && { family: familyOption.parse(family, 'family') }),
      ...(connectionName !== undefined && { connectionName: text().parse(connectionName, 'connectionName') }),
    },
  }
}
