import { InvalidOptionError } from '@tiercel/cache-core/store'
import {
  bothCredentials,
  checkQuery,
  configOption,
  count,
  type Duration,
  duration,
  durationInQuery,
  formatHost,
  hostsOption,
  OptionTable,
  overUrl,
  type Parsed,
  parseStoreUrl,
  passwordOption,
  prefixOption,
  type RowsOf,
  shape,
  show,
  text,
  urlOption,
  usernameOption,
} from '@tiercel/cache-core/store-kit'
import { type Client, type ClientConfig, ReconnectMode } from 'hazelcast-client'

export type HazelcastClient = Awaited<ReturnType<typeof Client.newHazelcastClient>>

/** Hazelcast's own client configuration, without what the store sets itself. */
export type HazelcastConfig = Omit<ClientConfig, keyof typeof OWN_SETTINGS>

export interface HazelcastStoreOptions {
  /**
   * `hazelcast://user:password@host1:5701,host2:5701/map`. Default port 5701. Query parameters: `clusterName`,
   * `connectTimeout`.
   */
  readonly url?: string | undefined
  /** Some members of the cluster, in place of `url`: `'host:port'` or `'host'` each. Default port 5701. */
  readonly members?: readonly string[] | undefined
  /** The cluster's name. Default `'dev'`, Hazelcast's own. */
  readonly clusterName?: string | undefined
  /** For clusters with security enabled. Needs `password`. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** The distributed map that holds all entries. Default `'tiercel'`. */
  readonly map?: string | undefined
  /** Put before every key and channel. Stores with different prefixes can share a map. Default `'tiercel'`. */
  readonly prefix?: string | undefined
  /**
   * The largest value, in bytes. Hazelcast has no limit of its own, but a large value holds up its partition while it
   * travels. Default 8 MiB.
   */
  readonly maxValueBytes?: number | undefined
  /** How long one attempt to connect to a member may take. Default `'1s'`. */
  readonly connectTimeout?: Duration | undefined
  /** Further settings of the client that the store creates: TLS, a load balancer, labels, properties. */
  readonly config?: HazelcastConfig | undefined
  /** Your own client, in place of all settings for connecting. The store never shuts it down. */
  readonly client?: HazelcastClient | undefined
}

export interface ParsedOptions {
  /** The caller's client, or the configuration of one to create. */
  readonly source: { readonly client: HazelcastClient } | { readonly config: ClientConfig }
  readonly map: string
  readonly keyPrefix: string
  readonly maxValueBytes: number
}

/** Settings that the store makes itself or that would break its promises, and what to do about each. */
const OWN_SETTINGS = {
  clusterName: 'use the option clusterName',
  connectionStrategy: 'is set by the store: it never waits for a lost connection',
  customLogger: 'is set by the store: it prints nothing and tells diagnostics',
  lifecycleListeners: 'is set by the store; to listen, create the client yourself and pass it as client',
  membershipListeners: 'is set by the store; to listen, create the client yourself and pass it as client',
  nearCaches: "would answer with values deleted elsewhere; use the cache's own near",
} as const satisfies { readonly [Name in keyof ClientConfig]?: string }

const DEFAULT_PORT = 5701
const IN_QUERY = ['clusterName', 'connectTimeout'] as const
const CONNECTING = ['url', 'members', 'username', 'password', ...IN_QUERY, 'config'] as const

const OPTIONS = {
  url: urlOption('hazelcast://host:5701'),
  members: hostsOption('members'),
  clusterName: text().or('dev'),
  username: usernameOption,
  password: passwordOption,
  map: text().or('tiercel'),
  prefix: prefixOption,
  maxValueBytes: count().or(8_388_608),
  connectTimeout: duration({ min: 1 }).or('1s'),
  config: configOption<HazelcastConfig>('hazelcast-client', OWN_SETTINGS).to(withoutOwn),
  // Checked by what it can do, not by its class, which may come from another copy of hazelcast-client.
  client: shape<HazelcastClient>('a client of hazelcast-client', ['getMap', 'getConfig']),
} satisfies RowsOf<HazelcastStoreOptions>

const TABLE = new OptionTable('hazelcastStore', OPTIONS)

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: HazelcastStoreOptions): ParsedOptions {
  const parsed = TABLE.read(overUrl(TABLE, options, CONNECTING, readUrl))
  const { client, map, prefix, maxValueBytes } = parsed
  const common = { map, keyPrefix: prefix, maxValueBytes }
  if (client !== undefined) {
    refuseNearCache(client, map)
    if (client.getConfig().serialization?.isBigEndian === false) {
      throw new InvalidOptionError('client', `has serialization.isBigEndian: false: ${ONE_BYTE_ORDER}`)
    }
    return { source: { client }, ...common }
  }
  if (options.url !== undefined && options.members !== undefined) {
    throw new InvalidOptionError('members', 'the url names them; give one of the two')
  }
  return { source: { config: clientConfig(parsed) }, ...common }
}

/** A client's resolved configuration finds a near cache by name, pattern or `default`; its type does not show that. */
interface Resolved {
  readonly getNearCacheConfig?: (map: string) => unknown
}

/** A near cache answers with values that were deleted elsewhere, so no promise about deletes would hold. */
function refuseNearCache(client: HazelcastClient, map: string): void {
  if ((client.getConfig() as unknown as Resolved).getNearCacheConfig?.(map)) {
    throw new InvalidOptionError('client', `has a near cache on the map ${show(map)}; use the cache's own \`near\``)
  }
}

function clientConfig(parsed: Parsed<typeof OPTIONS>): ClientConfig {
  const { members, username, password, clusterName, connectTimeoutMs, config = {} } = parsed
  if (members === undefined) throw new InvalidOptionError('url', 'missing; give a url, members or a client of your own')
  const credentials = bothCredentials(username, password)
  if (credentials !== undefined && config.security !== undefined) {
    throw new InvalidOptionError('config.security', 'the username and password say who connects already')
  }
  return {
    // Otherwise members with a backup acknowledge a write to the client directly, and a client that is not connected to
    // all of them yet waits 5 s for an acknowledgement that never comes.
    backupAckToClientEnabled: false,
    metrics: { enabled: false },
    ...config,
    clusterName,
    network: {
      ...config.network,
      connectionTimeout: connectTimeoutMs,
      clusterMembers: members.map(({ host, port = DEFAULT_PORT }) => formatHost({ host, port })),
    },
    // Offline, an operation fails at once instead of waiting for a connection.
    connectionStrategy: {
      asyncStart: true,
      reconnectMode: ReconnectMode.ASYNC,
      connectionRetry: { initialBackoffMillis: 100, maxBackoffMillis: 250, multiplier: 2, jitter: 0.2 },
    },
    properties: {
      'hazelcast.client.heartbeat.interval': 500,
      'hazelcast.client.heartbeat.timeout': 2_000,
      ...config.properties,
      [RESEND_TIMEOUT]: NEVER_RESEND,
    },
    ...(credentials !== undefined && { security: { usernamePassword: credentials } }),
  }
}

/**
 * Until this much time has passed since the first attempt, the client sends a failed invocation again, including writes
 * that may have been executed (`IOError`, `HazelcastInstanceNotActiveError`, `MemberLeftError`). A negative time stops
 * that (rule V4).
 */
const RESEND_TIMEOUT = 'hazelcast.client.invocation.timeout.millis'
const NEVER_RESEND = -1

const ONE_BYTE_ORDER = 'no other client could read the entries'

function withoutOwn(config: HazelcastConfig): HazelcastConfig {
  if (config.serialization?.isBigEndian === false) {
    throw new InvalidOptionError('config.serialization.isBigEndian', `must be true: ${ONE_BYTE_ORDER}`)
  }
  const { clusterMembers, connectionTimeout, redoOperation } = config.network ?? {}
  if (clusterMembers !== undefined) {
    throw new InvalidOptionError('config.network.clusterMembers', 'use the option members')
  }
  if (connectionTimeout !== undefined) {
    throw new InvalidOptionError('config.network.connectionTimeout', 'use the option connectTimeout')
  }
  if (redoOperation) {
    throw new InvalidOptionError('config.network.redoOperation', 'would repeat writes that were executed already')
  }
  if (config.properties?.[RESEND_TIMEOUT] !== undefined) {
    throw new InvalidOptionError(`config.properties['${RESEND_TIMEOUT}']`, 'is set by the store: nothing is sent twice')
  }
  return config
}

/** The URL as the options that it stands for. */
function readUrl(text: string): HazelcastStoreOptions {
  const url = parseStoreUrl(text, ['hazelcast'])
  checkQuery(url, IN_QUERY)
  const { hosts, username, password, path, query } = url
  const [map, ...rest] = path
  if (rest.length > 0) throw new InvalidOptionError('url', 'expected one path segment, the name of the map')
  return {
    members: hosts.map(formatHost),
    username,
    password,
    map,
    clusterName: query.get('clusterName'),
    connectTimeout: durationInQuery(url, 'connectTimeout'),
  }
}
